"""`watchroom incident state ...`: the states of incidents, and moving one through them."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table

_PHASE = click.Choice(["active", "mitigated", "resolved", "closed"])


@click.group("state")
def state() -> None:
    """States of one's own, each within a fixed phase."""


@state.command("list")
@click.option("--phase", type=_PHASE)
@click.option("--cursor")
@api_command
def list_states(api: Api, **query: Any) -> Any:
    """List states."""
    columns = ("slug", "name", "phase", "order", "team", "types", "retired")
    return api.get("/incident-states", **query), table(*columns, empty="No states: only the phases.")


@state.command("show")
@click.argument("slug")
@api_command
def show_state(api: Api, slug: str) -> Any:
    """Show a state."""
    return api.get(f"/incident-states/{slug}"), facts


@state.command("of")
@click.argument("id", type=int)
@api_command
def states_of(api: Api, id: int) -> Any:
    """The states that an incident can enter."""
    columns = ("slug", "name", "phase", "description")
    return api.get(f"/incidents/{id}/states"), table(*columns, empty="No states: only the phases.")


@state.command("create")
@click.argument("name")
@click.option("--phase", type=_PHASE, required=True)
@click.option("--team", help="Slug: for incidents of this team. Without it: for all.")
@click.option("--slug")
@click.option("--order", type=click.IntRange(0, 999), default=0, help="Within its phase.")
@click.option("--description", help="What has to be true.")
@click.option("--type", "types", multiple=True, help="Slug of an incident type that it is for; none: all.")
@api_command
def create_state(api: Api, **fields: Any) -> Any:
    """Make a state."""
    answer = api.post("/incident-states", **fields)
    return answer, f"Made the state {answer['slug']}, in the phase {answer['phase']}."


@state.command("change")
@click.argument("slug")
@click.option("--name", help="It counts from now on; the log keeps the old one.")
@click.option("--phase", type=_PHASE)
@click.option("--team", help="Slug; empty: for all.")
@click.option("--order", type=click.IntRange(0, 999))
@click.option("--description")
@click.option("--type", "types", multiple=True, help="Slug; empty: all types.")
@click.option("--retired/--offered", default=None, help="Whether it is offered no longer.")
@api_command
def change_state(api: Api, slug: str, types: tuple[str, ...], team: str | None, **fields: Any) -> Any:
    """Change, rename or retire a state. What is left out stays."""
    body = api.get(f"/incident-states/{slug}") | {name: said for name, said in fields.items() if said is not None}
    if types:
        body["types"] = [each for each in types if each]
    if team is not None:
        body["team"] = team or None
    return api.call("PUT", f"/incident-states/{slug}", body), f"The state {slug} is changed."


@state.command("delete")
@click.argument("slug")
@api_command
def delete_state(api: Api, slug: str) -> Any:
    """Delete a state in which no incident is."""
    return api.call("DELETE", f"/incident-states/{slug}"), f"Deleted the state {slug}."


@state.command("set")
@click.argument("id", type=int)
@click.argument("to", metavar="STATE")
@api_command
def set_state(api: Api, id: int, to: str) -> Any:
    """Move an incident to a state (its slug), forwards or back, or to a phase."""
    answer = api.post(f"/incidents/{id}/state", state=to)
    name = answer["state"]["name"] if answer["state"] else answer["phase"]
    return answer, f"Incident {id}: {name} ({answer['phase']})."
