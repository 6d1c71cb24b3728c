"""Commands for the guards against the traps of an incident."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table


@click.group()
def guidance() -> None:
    """What Watchroom says in an incident, so that people do not fall into a trap."""


@guidance.command("list")
@click.argument("incident", type=int)
@api_command
def list_nudges(api: Api, incident: int) -> Any:
    """What was said, and what people answered."""
    found = api.get(f"/incidents/{incident}/nudges")
    return found, table("id", "at", "rule", "reason", "answer", empty="Nothing had to be said.")


@guidance.command()
@click.argument("incident", type=int)
@click.argument("id", type=int)
@click.argument("answer", type=click.Choice(["done", "snoozed", "off"]))
@api_command
def answer(api: Api, incident: int, id: int, answer: str) -> Any:
    """Answer it: done, not now, or not in this incident."""
    return api.post(f"/incidents/{incident}/nudges/{id}/answer", answer=answer), "Noted."


@guidance.command()
@click.argument("incident", type=int)
@api_command
def replay(api: Api, incident: int) -> Any:
    """What would have been said when, had nobody ever answered."""
    found = api.get(f"/incidents/{incident}/guidance")
    return found, table("at", "rule", "reason", "advice", empty="Nothing would have been said.")
