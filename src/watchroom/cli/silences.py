"""Commands for what holds alerts back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from ..kernel import clock
from .client import Api, api_command
from .show import facts, table

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Length(click.ParamType):
    """A length of time: 30m, 2h, 1d, 1w."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,4})([mhdw])", str(value))
        if not found:
            self.fail(f"{value!r} is no length; write 30m, 2h, 1d or 1w.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group()
def silence() -> None:
    """Silences: alerts that page nobody for a while."""


@silence.command("add")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option("--for", "length", type=Length(), default="1h", show_default=True, help="30m, 2h, 1d, 1w.")
@click.option("--comment", required=True, help="Why.")
@click.option("--team", help="Slug; without it, everybody's alerts.")
@click.option("--confirm", is_flag=True, help="Yes, it may hold that much.")
@api_command
def add(api: Api, matchers: tuple[str, ...], length: timedelta, **fields: Any) -> Any:
    """Hold alerts back: `watchroom silence add 'alertname="DiskFull"' --for 2h --comment "Ordered"`."""
    ends_at = (clock.now() + length).isoformat()
    made = api.post("/silences", matchers=list(matchers), ends_at=ends_at, **fields)
    return made, f"Silence {made['id']} ends at {made['ends_at']}."


@silence.command("list")
@click.option("--state", default="active", show_default=True, help="pending, active or expired.")
@click.option("--cursor")
@api_command
def list_(api: Api, **query: Any) -> Any:
    """List silences."""
    columns = ("id", "state", "matchers", "comment", "author", "ends_at")
    return api.get("/silences", **query), table(*columns, empty="No silences.")


@silence.command("preview")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option("--team", help="Slug.")
@api_command
def preview(api: Api, matchers: tuple[str, ...], team: str | None) -> Any:
    """The open alert groups that such a silence would touch."""
    found = api.post("/silences/preview", matchers=list(matchers), team=team)
    return {"items": found}, table("id", "severity", "title", "service", empty="Nothing that fires now.")


@silence.command("expire")
@click.argument("id", type=int)
@api_command
def expire(api: Api, id: int) -> Any:
    """End a silence now."""
    return api.call("POST", f"/silences/{id}/expire"), f"Silence {id} has ended."


@click.group()
def maintenance() -> None:
    """Maintenance windows: planned work on services."""


@maintenance.command("add")
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@click.option("--title", required=True)
@click.option("--team", required=True, help="Slug.")
@click.option("--in", "ahead", type=Length(), help="When it begins: 30m, 2h, 1d; without it, now.")
@click.option("--for", "length", type=Length(), default="1h", show_default=True)
@api_command
def plan(api: Api, services: tuple[str, ...], ahead: timedelta | None, length: timedelta, **fields: Any) -> Any:
    """Plan work: alerts of these services page nobody meanwhile."""
    starts_at = clock.now() + (ahead or timedelta())
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + length).isoformat()}
    return api.post("/maintenance-windows", services=list(services), **times, **fields), facts


@maintenance.command("list")
@click.option("--cursor")
@api_command
def windows(api: Api, cursor: str | None) -> Any:
    """List maintenance windows."""
    columns = ("id", "state", "title", "services", "starts_at", "ends_at")
    return api.get("/maintenance-windows", cursor=cursor), table(*columns, empty="No maintenance is planned.")


@maintenance.command("end")
@click.argument("id", type=int)
@api_command
def end(api: Api, id: int) -> Any:
    """End a maintenance window now, or call it off."""
    return api.call("POST", f"/maintenance-windows/{id}/end"), f"Maintenance window {id} has ended."


commands = [silence, maintenance]
