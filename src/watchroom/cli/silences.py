"""Commands for what holds alerts back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

from ..kernel import clock
from ..kernel.errors import Refused
from .client import Api, api_command
from .show import facts, table
from .together import together

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


# Of something that may come again and again.
repeating = together(
    click.option("--at", "starts_at", help="When it begins, such as 2027-03-02T22:00+01:00; without it, now."),
    click.option("--repeats", help='Again and again: "FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=MONTHLY;BYDAY=-1SU".'),
    click.option("--timezone", help="By whose clocks it repeats, such as Europe/Berlin; without it, UTC."),
)


def _beginning(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused("That time can't be read.", field="--at", value=text, fix="Write such as 2027-03-02T22:00+01:00.")
    return at


def _times(row: dict[str, Any]) -> str:
    """When something that was made runs, in a line or a few."""
    text = f"{row['starts_at']} to {row['ends_at']}."
    if row["repeats"]:
        text += f"\nIt comes {row['repeats']['in_words']} ({row['repeats']['timezone']}); then at "
        text += ", ".join(each["starts_at"] for each in row["repeats"]["following"]) + "."
    return text


@click.group()
def silence() -> None:
    """Silences: alerts that page nobody for a while."""


@silence.command("add")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option("--for", "length", type=Length(), default="1h", show_default=True, help="30m, 2h, 1d, 1w.")
@click.option("--comment", required=True, help="Why.")
@click.option("--team", help="Slug; without it, everybody's alerts.")
@click.option("--confirm", is_flag=True, help="Yes, it may hold that much.")
@repeating
@api_command
def add(api: Api, matchers: tuple[str, ...], length: timedelta, starts_at: str | None, **fields: Any) -> Any:
    """Hold alerts back: `watchroom silence add 'alertname="DiskFull"' --for 2h --comment "Ordered"`."""
    begins = _beginning(starts_at)
    times = {"ends_at": (begins + length).isoformat()}
    if starts_at is not None:
        times["starts_at"] = begins.isoformat()
    made = api.post("/silences", matchers=list(matchers), **times, **fields)
    if starts_at is None and not made["repeats"]:
        return made, f"Silence {made['id']} ends at {made['ends_at']}."
    return made, f"Silence {made['id']}: {_times(made)}"


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


@silence.command("extend")
@click.argument("id", type=int)
@click.option("--by", "length", type=Length(), default="1h", show_default=True, help="30m, 2h, 1d, 1w.")
@api_command
def extend(api: Api, id: int, length: timedelta) -> Any:
    """Let a silence last longer; of one that repeats only its present occurrence."""
    return _extended(api, f"/silences/{id}", length)


@silence.command("skip")
@click.argument("id", type=int)
@api_command
def skip(api: Api, id: int) -> Any:
    """End the occurrence of a silence that runs, or leave out its next."""
    row = api.call("POST", f"/silences/{id}/skip", {})
    return row, f"Silence {id} runs next from {_times(row)}"


def _extended(api: Api, path: str, length: timedelta) -> Any:
    row = api.get(path)
    ends_at = max(datetime.fromisoformat(row["ends_at"]), clock.now()) + length
    row = api.post(f"{path}/extend", ends_at=ends_at.isoformat())
    return row, f"It ends at {row['ends_at']}."


@silence.command("expire")
@click.argument("id", type=int)
@api_command
def expire(api: Api, id: int) -> Any:
    """End a silence now, for good if it repeats."""
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
@repeating
@api_command
def plan(
    api: Api,
    services: tuple[str, ...],
    ahead: timedelta | None,
    length: timedelta,
    starts_at: str | None,
    **fields: Any,
) -> Any:
    """Plan work: alerts of these services page nobody meanwhile."""
    begins = _beginning(starts_at) + (ahead or timedelta())
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + length).isoformat()}
    return api.post("/maintenance-windows", services=list(services), **times, **fields), facts


@maintenance.command("list")
@click.option("--cursor")
@api_command
def windows(api: Api, cursor: str | None) -> Any:
    """List maintenance windows."""
    columns = ("id", "state", "title", "services", "starts_at", "ends_at")
    return api.get("/maintenance-windows", cursor=cursor), table(*columns, empty="No maintenance is planned.")


@maintenance.command("extend")
@click.argument("id", type=int)
@click.option("--by", "length", type=Length(), default="1h", show_default=True, help="30m, 2h, 1d, 1w.")
@api_command
def extend_window(api: Api, id: int, length: timedelta) -> Any:
    """Let a maintenance window last longer; of one that repeats only its present occurrence."""
    return _extended(api, f"/maintenance-windows/{id}", length)


@maintenance.command("skip")
@click.argument("id", type=int)
@api_command
def skip_window(api: Api, id: int) -> Any:
    """End the occurrence of a maintenance window that runs, or leave out its next."""
    row = api.call("POST", f"/maintenance-windows/{id}/skip", {})
    return row, f"Maintenance window {id} runs next from {_times(row)}"


@maintenance.command("end")
@click.argument("id", type=int)
@api_command
def end(api: Api, id: int) -> Any:
    """End a maintenance window now, or call it off; for good if it repeats."""
    return api.call("POST", f"/maintenance-windows/{id}/end"), f"Maintenance window {id} has ended."


commands = [silence, maintenance]
