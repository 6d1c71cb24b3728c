"""Commands for carrying a runbook out."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command, given
from .show import table


def _told(run: Any) -> str:
    """Where a run stands now."""
    here = next((each for each in run["steps"] if each["key"] == run["next"]), None)
    if run["ended_at"]:
        return f"Run {run['id']}, {run['name']}: over ({run['helped']})."
    if here is None:
        return f"Run {run['id']}, {run['name']}: nothing is left. Did it help? `watchroom runbook finish {run['id']}`"
    lines = [f"Run {run['id']}, {run['name']}. Next is {here['key']}: {here['title']}"]
    lines += [here["text"]] if here["text"] else []
    lines += [f"You should see: {here['expect']}"] if here["expect"] else []
    lines += [f"  {number}. {text}" for number, text in enumerate(here["answers"], 1)]
    if here["mitigation"]:
        lines.append(f"It starts {here['mitigation']}: `watchroom runbook begin {run['id']} {here['key']}`")
    if here["target"]:
        lines.append(f"It calls {here['target']}: `watchroom runbook call {run['id']} {here['key']}`")
    return "\n".join(lines)


@click.command()
@click.argument("slug")
@click.option("--incident", type=int, help="In which incident.")
@click.option("--alert-group", type=int, help="Or for which alert group, without an incident.")
@api_command
def start(api: Api, slug: str, **fields: Any) -> Any:
    """Begin to carry a runbook out. What runs there already goes on."""
    run = api.post(f"/runbooks/{slug}/start", **given(fields))
    return run, _told(run)


@click.command()
@click.argument("run", type=int)
@click.argument("key")
@click.option("--skip", metavar="WHY", help="It is left out, and why.")
@click.option("--failed", is_flag=True, help="It did not work.")
@click.option("--undo", is_flag=True, help="Take back what was said of it.")
@click.option("--note", help="What you see.")
@api_command
def step(api: Api, run: int, key: str, skip: str | None, failed: bool, undo: bool, note: str | None) -> Any:
    """Say what came of a step: done, unless it is said otherwise."""
    path = f"/runbook-runs/{run}/steps/{key}"
    if undo:
        found = api.post(f"{path}/undo")
    else:
        outcome = "skipped" if skip is not None else "failed" if failed else "done"
        found = api.post(path, outcome=outcome, note=skip or note or "")
    return found, _told(found)


@click.command()
@click.argument("run", type=int)
@click.argument("key")
@click.argument("answer")
@click.option("--note", help="What you see.")
@api_command
def answer(api: Api, run: int, key: str, answer: str, note: str | None) -> Any:
    """Answer a step that asks, by the words of an answer or its number."""
    found = api.post(f"/runbook-runs/{run}/steps/{key}", outcome="answered", answer=answer, note=note or "")
    return found, _told(found)


@click.command()
@click.argument("run", type=int)
@click.argument("key")
@click.option("--declare", is_flag=True, help="Declare an incident from the alert, where there is none.")
@api_command
def begin(api: Api, run: int, key: str, declare: bool) -> Any:
    """Start the mitigation of a step."""
    found = api.post(f"/runbook-runs/{run}/steps/{key}/start", declare=declare)
    return found, f"Started in incident {found['incident']}."


@click.command()
@click.argument("run", type=int)
@click.argument("key")
@api_command
def call(api: Api, run: int, key: str) -> Any:
    """Page whom a step names."""
    found = api.post(f"/runbook-runs/{run}/steps/{key}/call")
    return found, _told(found)


@click.command()
@click.argument("run", type=int)
@click.option("--helped", required=True, help="helped, partly, no or outdated.")
@click.option("--note", help="What was wrong with it, or missing.")
@click.option("--mend", is_flag=True, help="Give its owner an action item to mend it.")
@api_command
def finish(api: Api, run: int, helped: str, note: str | None, mend: bool) -> Any:
    """End a run: did it help?"""
    found = api.post(f"/runbook-runs/{run}/finish", helped=helped, note=note or "")
    said = _told(found)
    if mend:
        said += f" Action item {api.post(f'/runbook-runs/{run}/mend')['action_item']}."
    return found, said


@click.command()
@click.argument("run", type=int)
@api_command
def run(api: Api, run: int) -> Any:
    """How far a run is, and which step is next."""
    found = api.get(f"/runbook-runs/{run}")
    return found, _told(found)


@click.command()
@click.option("--runbook", help="Only of this one.")
@click.option("--incident", type=int, help="Only in this incident.")
@api_command
def runs(api: Api, **query: Any) -> Any:
    """What is being carried out, and what was."""
    columns = ("id", "name", "incident", "alert_group", "next", "helped", "started_by")
    return api.get("/runbook-runs", **given(query)), table(*columns, empty="No runbook was carried out yet.")


@click.command()
@click.option("--incident", type=int, help="For this incident.")
@click.option("--alert-group", type=int, help="Or for this alert group.")
@api_command
def offered(api: Api, incident: int | None, alert_group: int | None) -> Any:
    """Runbooks that fit what is going on, the best first, with what earlier runs said."""
    if (incident is None) == (alert_group is None):
        raise click.UsageError("Name an incident, or an alert group.")
    path = f"/incidents/{incident}" if incident is not None else f"/alert-groups/{alert_group}"
    return api.get(f"{path}/runbooks/offered"), table("slug", "name", "reason", "past", empty="No runbook fits.")


commands = [start, step, answer, begin, call, finish, run, runs, offered]
