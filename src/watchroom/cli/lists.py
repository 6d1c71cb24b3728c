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


@click.command()
@click.option("--state", help="waiting, sending, sent, delivered, failed or cancelled.")
@click.option("--person", help="Id or e-mail address.")
@click.option("--channel", help="Such as sms.")
@click.option("--escalation", type=int, help="Its number.")
@click.option("--text", help="In its subject.")
@click.option("--from", "start", help="RFC 3339.")
@click.option("--to", "end", help="RFC 3339.")
@click.option("--limit", type=int, help="How many at once.")
@click.option("--cursor", help="From the page before.")
@api_command
def notifications(api: Api, **query: Any) -> Any:
    """The delivery log; with --json also every attempt."""
    return api.get("/notifications", **query), table(
        "id", "created_at", "state", "person_name", "method", "subject", "note"
    )


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("name")
@click.option("--scope", help="What the token may do at most: read, respond, manage or admin.")
@api_command
def create_token(api: Api, **fields: Any) -> Any:
    """Make a token; its key is shown this once."""
    return api.post("/tokens", **fields), facts


@click.command()
@click.argument("file", type=click.File("r"), default="-")
@click.option("--team", help="Slug; they join it.")
@click.option("--role", help="viewer, responder (without it), manager or administrator.")
@click.option("--timezone", help="IANA name; they can change it when they come in.")
@api_command
def invite(api: Api, file: Any, **fields: Any) -> Any:
    """Add and invite people: one a line of FILE (or standard input), as “Anna Ito <anna@example.org>” or the address alone."""
    given = {name: value for name, value in fields.items() if value is not None}
    found = api.post("/people/invitations", people=file.read(), **given)
    return found, table("name", "email", "new", "mailed", "url")


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
    invite,
    notifications,
    token,
]
