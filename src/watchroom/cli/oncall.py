"""Commands for who is on call."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


@click.group()
def oncall() -> None:
    """Who is on call."""


@oncall.command()
@click.option("--at", help="An instant, RFC 3339; without it, now.")
@api_command
def who(api: Api, at: str | None) -> Any:
    """Who is on call in every schedule."""
    return api.get("/on-call", at=at), table("schedule", "name", "team", "people", empty="No schedules.")


@oncall.command()
@click.option("--from", "start", required=True, help="RFC 3339.")
@click.option("--to", "end", required=True, help="RFC 3339.")
@click.option("--schedule", help="Slug; without it, all.")
@api_command
def shifts(api: Api, start: str, end: str, schedule: str | None) -> Any:
    """Who is on call from when until when."""
    slugs = [schedule] if schedule else [each["slug"] for each in api.get("/schedules", limit=200)["items"]]
    found: list[dict[str, Any]] = []
    for slug in slugs:
        answer = api.call("GET", f"/schedules/{slug}/shifts", **{"from": start, "to": end})
        rows = answer["items"] if isinstance(answer, dict) else answer
        found += [{"schedule": slug, **row} for row in rows]
    return {"items": found}, table("schedule", "starts_at", "ends_at", "person", empty="No shifts.")


@oncall.command()
@click.argument("slug")
@click.argument("email")
@click.option("--from", "starts_at", required=True, help="RFC 3339.")
@click.option("--to", "ends_at", required=True, help="RFC 3339.")
@click.option("--reason")
@api_command
def override(api: Api, slug: str, email: str, **fields: Any) -> Any:
    """Somebody takes a schedule for a while."""
    return api.post(f"/schedules/{slug}/overrides", person=email, **fields), facts


commands = [oncall]
