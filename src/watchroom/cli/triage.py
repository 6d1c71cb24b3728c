"""`watchroom triage ...`: what waits before it counts as an incident, and what becomes of it."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts


@click.group("triage")
def triage() -> None:
    """What waits for a look before it counts as an incident."""


@triage.command("rules")
@click.option("--of", multiple=True, help="rules, strangers or mail; all that wait. Without it, what is set is shown.")
@click.option("--nothing", is_flag=True, help="Nothing waits.")
@api_command
def rules(api: Api, of: tuple[str, ...], nothing: bool) -> Any:
    """Show or set what waits for triage."""
    if of or nothing:
        return api.call("PUT", "/triage", {"of": list(of)}), facts
    return api.get("/triage"), facts


@triage.command()
@click.argument("id", type=int)
@api_command
def confirm(api: Api, id: int) -> Any:
    """It is an incident."""
    return api.call("POST", f"/incidents/{id}/confirm"), f"Incident {id} is confirmed."


@triage.command()
@click.argument("id", type=int)
@click.argument("reason")
@api_command
def decline(api: Api, id: int, reason: str) -> Any:
    """It is none, because of REASON."""
    return api.call("POST", f"/incidents/{id}/decline", {"reason": reason}), f"Incident {id} is declined."


@triage.command()
@click.argument("id", type=int)
@click.argument("other", type=int)
@api_command
def merge(api: Api, id: int, other: int) -> Any:
    """It is incident OTHER."""
    return api.call("POST", f"/incidents/{id}/merge", {"other": other}), f"Incident {id} goes on in {other}."


commands = [triage]
