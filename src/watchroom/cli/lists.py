"""Commands that list things, and make the few that a shell needs."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


def _list(name: str, path: str, help_: str, *columns: str) -> click.Command:
    @api_command
    def run(api: Api, cursor: str | None) -> Any:
        return api.get(path, cursor=cursor), table(*columns)

    made = click.option("--cursor", help="From the page before.")(run)
    return click.command(name, help=help_)(made)


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("name")
@click.option("--scope", help="What the token may do at most.")
@api_command
def create_token(api: Api, **fields: Any) -> Any:
    """Make a token; its key is shown this once."""
    return api.post("/tokens", **fields), facts


commands: list[click.Command] = [
    _list("people", "/people", "List people.", "id", "name", "email", "role"),
    _list("teams", "/teams", "List teams.", "slug", "name"),
    _list("services", "/services", "List services.", "slug", "name", "team", "tier"),
    _list("schedules", "/schedules", "List schedules.", "slug", "name", "team", "timezone"),
    _list("policies", "/policies", "List escalation policies.", "slug", "name", "team"),
    _list("integrations", "/integrations", "List integrations.", "slug", "name", "source", "team", "service"),
    _list("routes", "/routes", "List routes.", "id", "name", "position", "team", "policy"),
    _list("status-pages", "/status-pages", "List status pages.", "slug", "name", "team", "public"),
    _list("audit", "/audit-records", "Who did what.", "id", "at", "actor", "action", "object_kind", "object_id"),
    _list("notifications", "/notifications", "The delivery log.", "id", "state", "person", "channel", "subject"),
    token,
]
