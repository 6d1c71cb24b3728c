"""Commands for incidents."""

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
commands = [declare, incident]
