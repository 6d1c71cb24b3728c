"""Commands for drills: practised incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import from_file
from .client import Api, api_command
from .show import facts, table


@click.group()
def drill() -> None:
    """Drills: practise an incident, and see how it went."""


@drill.command("list")
@click.option("--team", help="Slug.")
@click.option("--state", type=click.Choice(["planned", "running", "paused", "ended", "called_off"]))
@click.option("--cursor", help="From the page before.")
@api_command
def list_drills(api: Api, **query: Any) -> Any:
    """List drills, the newest first."""
    return api.get("/drills", **query), table("id", "name", "team", "state", "planned_for", "percent")


@drill.command("plan")
@click.argument("scenario", default="")
@click.option("--team", default="", help="Slug: without a scenario, one of this team's by chance.")
@click.option("--at", "planned_for", help="When; left out: now.")
@click.option("--facilitator", help="E-mail address; left out: you.")
@click.option("--participant", "participants", multiple=True, metavar="EMAIL", help="Who takes part; again for more.")
@click.option("--pages", type=click.Choice(["participants", "policy"]), default="participants", show_default=True)
@click.option("--surprise", is_flag=True, help="Nobody who takes part is told ahead.")
@api_command
def plan(api: Api, participants: tuple[str, ...], **fields: Any) -> Any:
    """Plan a practice of a scenario: `watchroom drill plan slow-database --participant ada@example.org`."""
    return api.post("/drills", participants=list(participants), **fields), facts


@drill.command("show")
@click.argument("id", type=int)
@api_command
def show(api: Api, id: int) -> Any:
    """How a drill stands."""
    return api.get(f"/drills/{id}"), facts


def _press(verb: str, help: str) -> None:
    def press(api: Api, id: int) -> Any:
        return api.post(f"/drills/{id}/{verb}"), facts

    press.__doc__ = help
    drill.command(verb)(click.argument("id", type=int)(api_command(press)))


_press("start", "Start it: what comes first comes at once.")
_press("pause", "Let it rest: nothing comes, and no time passes.")
_press("resume", "Let it go on.")
_press("stop", "Stop everything of it now: alerts, pages and incident.")
_press("call-off", "Call it off before it has begun.")
_press("share", "Tell the team where its debrief is.")


@drill.command("hint")
@click.argument("id", type=int)
@click.argument("text")
@api_command
def hint(api: Api, id: int, text: str) -> Any:
    """Help those who practise on."""
    return api.post(f"/drills/{id}/hint", text=text), "They have the hint."


@drill.command("delete")
@click.argument("id", type=int)
@api_command
def delete_drill(api: Api, id: int) -> Any:
    """Delete a drill that is over, with its score and its notes; takes an administrator."""
    return api.call("DELETE", f"/drills/{id}"), f"Deleted drill {id}."


@drill.command("injects")
@click.argument("id", type=int)
@api_command
def injects(api: Api, id: int) -> Any:
    """What happened in it, and what comes."""
    return api.get(f"/drills/{id}/injects"), table("id", "number", "kind", "said", "state", "due_at", "at", "outcome")


@drill.command("inject")
@click.argument("inject", type=int)
@click.option("--skip", is_flag=True, help="Leave it out.")
@click.option("--delay", type=int, metavar="MINUTES", help="Have it come later.")
@api_command
def inject(api: Api, inject: int, skip: bool, delay: int | None) -> Any:
    """Have an inject (its id in `watchroom drill injects`) happen now."""
    if skip and delay:
        raise click.UsageError("Leave it out, or have it come later; not both.")
    path = f"/drill-injects/{inject}"
    if skip:
        return api.post(f"{path}/skip"), facts
    return (api.post(f"{path}/delay", minutes=delay) if delay else api.post(f"{path}/deliver")), facts


@drill.command("score")
@click.argument("id", type=int)
@api_command
def score(api: Api, id: int) -> Any:
    """How it went: each expectation, and the score in percent."""
    found = api.get(f"/drills/{id}/score")

    def percent(value: int | None) -> str:
        return "–" if value is None else f"{value} %"

    lines = [f"Score: {percent(found['percent'])}"]
    if found["before"] is not None:
        lines[0] += f" (last time {percent(found['before'])})"
    lines += [f"  {each['name']}: {percent(each['percent'])}" for each in found["parts"]]
    lines += [f"{each['expected']}: {each['words']}" for each in found["results"]]
    return found, "\n".join(lines)


@drill.command("note")
@click.argument("id", type=int)
@click.argument("kind", type=click.Choice(["well", "mend"]))
@click.argument("text")
@api_command
def note(api: Api, id: int, kind: str, text: str) -> Any:
    """Say in the debrief what went well, or what to mend."""
    return api.post(f"/drills/{id}/notes", kind=kind, text=text), facts


@drill.command("action")
@click.argument("note", type=int)
@click.option("--due", "due_on", required=True, help="A day, such as 2026-12-01.")
@click.option("--owner", help="E-mail address; left out: you.")
@click.option("--title", default="", help="Left out: what the note says.")
@api_command
def action(api: Api, note: int, **fields: Any) -> Any:
    """Make an action item of a note."""
    return api.post(f"/drill-notes/{note}/action", **fields), facts


@drill.command("debrief")
@click.argument("id", type=int)
@api_command
def debrief(api: Api, id: int) -> Any:
    """What came, what was done, and what was said about it."""
    found = api.get(f"/drills/{id}/debrief")
    lines = [f"{each['at']} {'* ' if each['came'] else ''}{each['text']}" for each in found["timeline"]]
    lines += [f"{each['kind']} [{each['id']}]: {each['text']}" for each in found["notes"]]
    return found, "\n".join(lines) or "Nothing happened."


@drill.command("practised")
@click.argument("team")
@api_command
def practised(api: Api, team: str) -> Any:
    """Who of a team has practised when."""
    return api.get(f"/teams/{team}/practised"), table("name", "last", "drills", "roles")


@drill.command("every")
@click.argument("team")
@click.option("--weeks", type=int, help="Every so many weeks.")
@click.option("--at", "next_at", help="The next time.")
@click.option("--facilitator", "facilitators", multiple=True, metavar="EMAIL", help="Who facilitates; again: in turn.")
@click.option("--scenario", help="Slug; left out: one by chance, of those not practised for long.")
@click.option("--pages", type=click.Choice(["participants", "policy"]), default="participants", show_default=True)
@click.option("--timezone", default="UTC", show_default=True, help="By whose clocks it comes again.")
@click.option("--end", is_flag=True, help="Plan no drill by itself any more.")
@api_command
def every(api: Api, team: str, end: bool, facilitators: tuple[str, ...], **fields: Any) -> Any:
    """Have a team practise every so many weeks; without options, how often it does."""
    path = f"/teams/{team}/practice-plan"
    if end:
        return api.call("DELETE", path), "No drill is planned by itself any more."
    if fields["weeks"] is None:
        return api.get(path), facts
    return api.call("PUT", path, {"facilitators": list(facilitators), **fields}), facts


@click.command()
@click.option("--team", help="Slug.")
@click.option("--cursor", help="From the page before.")
@api_command
def scenarios(api: Api, **query: Any) -> Any:
    """List scenarios: what can be practised."""
    return api.get("/scenarios", **query), table("slug", "name", "team", "severity", "minutes")


@click.group()
def scenario() -> None:
    """Scenarios: stories with injects and expectations."""


@scenario.command("library")
@api_command
def library(api: Api) -> Any:
    """Scenarios that come with Watchroom."""
    return api.get("/scenario-library"), table("key", "name", "severity", "minutes", "practises")


@scenario.command("from-library")
@click.argument("key")
@click.option("--team", required=True, help="Slug.")
@click.option("--service", "services", multiple=True, help="Slug of what breaks; again for what is beside it.")
@api_command
def from_library(api: Api, services: tuple[str, ...], **fields: Any) -> Any:
    """Make a scenario of the library a team's own."""
    return api.post("/scenario-library", services=list(services), **fields), facts


@scenario.command("show")
@click.argument("slug")
@api_command
def show_scenario(api: Api, slug: str) -> Any:
    """One scenario."""
    return api.get(f"/scenarios/{slug}"), facts


@scenario.command("save")
@from_file.FILE
@api_command
def save(api: Api, file: Path) -> Any:
    """Make or change a scenario as a YAML (or JSON) file says: name, slug, team, story, services, injects, expectations."""
    return from_file.save(api, "/scenarios", file, "a scenario"), facts


@scenario.command("delete")
@click.argument("slug")
@api_command
def delete(api: Api, slug: str) -> Any:
    """Refused as long as a practice of it is kept."""
    return api.call("DELETE", f"/scenarios/{slug}"), f"Deleted {slug}."


commands = [drill, scenarios, scenario]
