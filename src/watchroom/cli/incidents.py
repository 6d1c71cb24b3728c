"""Commands for incidents and mitigations."""

from __future__ import annotations

from typing import Any

import click

from . import (
    following,
    handing_over,
    incident_links,
    incident_states,
    incident_types,
    proposals,
    role_rotations,
    updates,
)
from .catching_up import caught_up
from .client import Api, api_command
from .show import facts, table


@click.command()
@click.argument("title")
@click.option("--severity", type=click.IntRange(1, 5), help="1 (worst) to 5.")
@click.option("--group", "groups", type=int, multiple=True, help="Alert group it is about.")
@click.option("--service", "services", multiple=True, help="Slug of an affected service.")
@click.option("--commander", metavar="EMAIL")
@click.option("--communications", metavar="EMAIL")
@click.option("--impact", help="Who notices what.")
@click.option("--type", help="Slug of an incident type.")
@incident_types.field_option
@click.option("--private", is_flag=True, help="Only those who are asked into it see it.")
@click.option("--drill", is_flag=True, help="It is practised; it never counts.")
@click.option("--test", is_flag=True, help="You try Watchroom out: nobody is asked, and it never counts.")
@click.option("--triage", is_flag=True, help="You are not sure: a responder confirms it first.")
@api_command
def declare(
    api: Api,
    groups: tuple[int, ...],
    commander: str | None,
    communications: str | None,
    **fields: Any,
) -> Any:
    """Declare an incident."""
    answer = api.post(
        "/incidents",
        alert_groups=groups,
        commander=commander,
        communications=communications,
        **fields,
    )
    return answer, f"Declared incident {answer['id']}: {answer['title']} (severity {answer['severity']})."


@click.group()
def incident() -> None:
    """Incidents."""


_TRIAGE = {"waiting": "in triage", "declined": "declined", "merged": "merged"}


def _listed(answer: dict[str, Any]) -> None:
    """Incidents, with what people would call where each stands: in triage before anything else, else its state."""
    rows = []
    for each in answer["items"]:
        stands = _TRIAGE.get(each["triage"]) or (each["state"] or {}).get("name") or each["phase"]
        marks = [mark for mark in ("private", "test") if each[mark]]
        marks += ["drill"] if each["drill"] and not each["test"] else []
        rows.append({**each, "status": f"{stands} ({', '.join(marks)})" if marks else stands})
    columns = ("id", "status", "severity", "title", "team", "services", "declared_at")
    table(*columns, empty="No incidents.")({**answer, "items": rows})


@incident.command("list")
@click.option("--status", help="active, mitigated, resolved, closed, open or triage.")
@click.option("--q", metavar="WORDS", help="Words of title or summary, or a number.")
@click.option("--state", help="Slug of a state.")
@click.option("--severity")
@click.option("--team", help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--type", help="Slug of an incident type.")
@click.option("--field", multiple=True, metavar="KEY=VALUE", help="An answer to a field.")
@click.option("--cursor")
@api_command
def list_(api: Api, **query: Any) -> Any:
    """List incidents."""
    return api.get("/incidents", **query), _listed


@incident.command()
@click.argument("id", type=int)
@api_command
def show(api: Api, id: int) -> Any:
    """Show one incident with its running log (the newest 200 lines)."""
    newest = api.get(f"/incidents/{id}/log", newest="true", limit=200)["items"]
    found = {**api.get(f"/incidents/{id}"), "log": newest[::-1]}

    def both(answer: Any) -> None:
        facts({name: value for name, value in answer.items() if name != "log"})
        table("at", "kind", "author", "text")(answer["log"])

    return found, both


@incident.command("catch-up")
@click.argument("id", type=int)
@click.option("--since", default="", help="start, or a time; without it, since you last looked.")
@api_command
def catch_up(api: Api, id: int, since: str) -> Any:
    """What one must know who has just woken up."""
    return api.get(f"/incidents/{id}/catch-up", since=since), caught_up


@incident.command()
@click.argument("id", type=int)
@api_command
def board(api: Api, id: int) -> Any:
    """The investigation: what is open, being tested, confirmed, ruled out."""
    found = api.get(f"/incidents/{id}/board")

    def show(answer: Any) -> None:
        rows = [{"standing": column["name"], **card} for column in answer for card in column["hypotheses"]]
        table("id", "standing", "text", "tester", empty="No hypothesis yet.")(rows)

    return found, show


@incident.command()
@click.argument("id", type=int)
@click.argument("role")
@click.argument("email")
@api_command
def role(api: Api, id: int, role: str, email: str) -> Any:
    """Give somebody a role: commander, operations, communications, scribe or expert."""
    answer = api.post(f"/incidents/{id}/roles", role=role, person=email)
    return answer, f"{email}: {role} of incident {id}."


@incident.command()
@click.argument("id", type=int)
@api_command
def mitigate(api: Api, id: int) -> Any:
    """The harm has stopped."""
    return api.call("POST", f"/incidents/{id}/mitigate"), f"Incident {id} is mitigated."


@incident.command("resolve")
@click.argument("id", type=int)
@api_command
def resolve_incident(api: Api, id: int) -> Any:
    """It is over."""
    return api.call("POST", f"/incidents/{id}/resolve"), f"Incident {id} is resolved."


@incident.command()
@click.argument("id", type=int)
@api_command
def reopen(api: Api, id: int) -> Any:
    """It is not over."""
    return api.call("POST", f"/incidents/{id}/reopen"), f"Incident {id} is active again."


@incident.command("time")
@click.argument("id", type=int)
@click.argument("moment")
@click.argument("at")
@click.option("--reason", required=True, help="How you know.")
@api_command
def time_(api: Api, id: int, moment: str, at: str, reason: str) -> Any:
    """Put a key time right: started, detected, acknowledged, declared, assembled, tried,
    mitigated, resolved or closed."""
    answer = api.call("PUT", f"/incidents/{id}/times/{moment}", {"at": at, "reason": reason})
    return answer, table("moment", "at", "provenance", "reason")


@click.group()
def mitigation() -> None:
    """Mitigations: the catalog, and what is tried in an incident."""


@mitigation.command("list")
@click.option("--team", help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--cursor")
@api_command
def list_mitigations(api: Api, **query: Any) -> Any:
    """The catalog."""
    columns = ("slug", "name", "kind", "risk", "team", "service")
    return api.get("/mitigations", **query), table(*columns, empty="No mitigations.")


@mitigation.command()
@click.argument("incident", type=int)
@click.option("--mitigation", help="Slug of one from the catalog.")
@click.option("--title", help="Of one's own: what is being done.")
@click.option("--kind")
@api_command
def start(api: Api, incident: int, **fields: Any) -> Any:
    """Start a mitigation in an incident."""
    answer = api.post(f"/incidents/{incident}/mitigations", **fields)
    return answer, f"Started run {answer['id']}: {answer['title']}."


@mitigation.command()
@click.argument("run", type=int)
@click.option("--outcome", required=True, help="worked, partly, no_effect or worse.")
@click.option("--note")
@api_command
def finish(api: Api, run: int, **fields: Any) -> Any:
    """Record how it went."""
    return api.post(f"/mitigation-runs/{run}/finish", **fields), f"Run {run} is finished."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def run(api: Api, run: int) -> Any:
    """How far a run is, and what the other side said."""
    found = api.get(f"/mitigation-runs/{run}")
    return found, facts


@mitigation.command()
@click.argument("run", type=int)
@click.argument("step", type=click.IntRange(1, 99))
@click.option("--undo", is_flag=True, help="It is not done after all.")
@api_command
def tick(api: Api, run: int, step: int, undo: bool) -> Any:
    """Tick off a step of a run that is done by hand. `watchroom mitigation run RUN` shows its steps."""
    answer = api.post(f"/mitigation-runs/{run}/steps/{step}", done=not undo)
    left = sum(each["done_at"] is None for each in answer["steps"])
    return answer, f"Step {step} is {'open again' if undo else 'done'}; {left} left."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def approve(api: Api, run: int) -> Any:
    """Approve a run that waits for a second person; it is carried out."""
    return api.post(f"/mitigation-runs/{run}/decide", approve=True), f"Run {run} is approved."


@mitigation.command()
@click.argument("run", type=int)
@api_command
def decline(api: Api, run: int) -> Any:
    """Decline a run that waits for a second person."""
    return api.post(f"/mitigation-runs/{run}/decide", approve=False), f"Run {run} is declined."


@mitigation.command()
@click.argument("incident", type=int)
@api_command
def offered(api: Api, incident: int) -> Any:
    """What can stop the bleeding in an incident, the best guess first."""
    columns = ("slug", "name", "risk", "runner", "reason")
    return api.get(f"/incidents/{incident}/mitigations/offered"), table(*columns, empty="Nothing in the catalog fits.")


@mitigation.command("dry-run")
@click.argument("slug")
@api_command
def dry_run(api: Api, slug: str) -> Any:
    """Ask the target whether it would do it; changes nothing."""
    answer = api.call("POST", f"/mitigations/{slug}/dry-run")
    return answer, answer["text"]


@click.group()
def runner() -> None:
    """What carries mitigations out: clusters, workflows, programs."""


@runner.command("list")
@click.option("--cursor")
@api_command
def list_runners(api: Api, **query: Any) -> Any:
    """Runners, without their secrets."""
    return api.get("/runners", **query), table("slug", "name", "kind", "team", empty="No runners.")


@runner.command("kinds")
@api_command
def kinds(api: Api) -> Any:
    """Kinds of runners, and what each is told."""
    return api.get("/runners/kinds"), table("kind", "label", "summary")


@runner.command("secret")
@click.argument("slug")
@click.argument("name")
@click.option("--value", prompt=True, hide_input=True, help="Asked for if it is left out.")
@api_command
def secret(api: Api, slug: str, name: str, value: str) -> Any:
    """Set a secret of a runner, such as its token."""
    row = next((each for each in _every_runner(api) if each["slug"] == slug), None)
    if row is None:
        raise click.ClickException(f"There is no runner {slug!r}.")
    body = {**row, "settings": {**row["settings"], name: value}}
    return api.call("PUT", f"/runners/{slug}", body), f"The {name} of {slug} is set."


@runner.command("try")
@click.argument("slug")
@api_command
def try_(api: Api, slug: str) -> Any:
    """Ask the other side something small that changes nothing."""
    answer = api.call("POST", f"/runners/{slug}/try")
    return answer, answer["text"]


def _every_runner(api: Api) -> list[Any]:
    found, cursor = [], None
    while True:
        answer = api.get("/runners", limit=200, cursor=cursor)
        found += answer["items"]
        cursor = answer["next_cursor"]
        if not cursor:
            return found


incident.add_command(incident_types.type_)
incident.add_command(incident_states.state)
for each in [
    *incident_links.commands,
    *role_rotations.incident_commands,
    *handing_over.commands,
    *following.incident_commands,
    *proposals.incident_commands,
    *updates.commands,
]:
    incident.add_command(each)
commands = [declare, incident, mitigation, runner]
