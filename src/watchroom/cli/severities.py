"""`watchroom severity ...`: what the severities mean here."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .durations import minutes
from .show import table

_LEVEL = click.IntRange(1, 5)


@click.group()
def severity() -> None:
    """What the severities mean, and what follows from each."""


@severity.command("list")
@api_command
def list_severities(api: Api) -> Any:
    """Show all five."""
    return api.get("/severities"), table("code", "name", "definition", "update_minutes", "roles", "customers", "urgent")


@severity.command("set")
@click.argument("level", type=_LEVEL)
@click.option("--name", help="A word of your own that stands beside SEV1.")
@click.option("--definition", help="When to choose it.")
@click.option("--update-every", callback=minutes, metavar="30m", help="How often an update is due: 30m, 2h or 1d.")
@click.option("--role", "roles", multiple=True, help="A role that somebody has to have; all that are needed.")
@click.option("--customers/--no-customers", default=None, help="Whether customers notice it.")
@click.option("--urgent/--not-urgent", default=None, help="Whether people are woken for it.")
@api_command
def set_severity(api: Api, level: int, update_every: int | None, roles: tuple[str, ...], **fields: Any) -> Any:
    """Say what a severity means. What is left out stays."""
    said: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if update_every is not None:
        said["update_minutes"] = update_every
    if roles:
        said["roles"] = list(roles)
    answer = api.call("PATCH", f"/severities/{level}", said)
    return answer, f"{answer['code']} {answer['name']}: {answer['definition']}"


@severity.command("reset")
@click.argument("level", type=_LEVEL)
@api_command
def reset_severity(api: Api, level: int) -> Any:
    """Let it be again what it was when Watchroom was installed."""
    answer = api.call("DELETE", f"/severities/{level}")
    return answer, f"{answer['code']}: {answer['definition']}"


commands = [severity]
