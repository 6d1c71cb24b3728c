"""Commands for the guards against the traps of an incident."""

from __future__ import annotations

from typing import Any

import click

from ..kernel.numbers import whole
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
    return found, table("id", "at", "rule", "reason", "answer", "answered_by", empty="Nothing had to be said.")


@guidance.command()
@click.argument("incident", type=int)
@click.argument("id", type=int)
@click.argument("answer", type=click.Choice(["done", "snoozed", "off"]))
@click.option("--minutes", type=click.IntRange(1, 1440), help="For how long it is snoozed; an hour without it.")
@click.option("--call", metavar="EMAIL", help="Page this one of those whom it proposed.")
@api_command
def answer(api: Api, incident: int, id: int, answer: str, minutes: int | None, call: str | None) -> Any:
    """Answer it: done, not now, or not in this incident."""
    said = api.post(f"/incidents/{incident}/nudges/{id}/answer", answer=answer, minutes=minutes, call=call)
    return said, f"{call} is being paged." if call else "Noted."


@guidance.command()
@click.argument("incident", type=int)
@api_command
def replay(api: Api, incident: int) -> Any:
    """What would have been said when, had nobody ever answered; and what was said, with the answers."""
    found = api.get(f"/incidents/{incident}/guidance")
    columns = ("at", "rule", "reason", "said", "answer", "answered_by")
    return found, table(*columns, empty="Nothing would have been said.")


@guidance.command()
@api_command
def rules(api: Api) -> Any:
    """The rules, and after how many minutes each speaks by severity."""
    found = api.get("/guidance")

    def show(rows: list[dict[str, Any]]) -> None:
        said = [
            {
                **row,
                "minutes": ", ".join(f"SEV{each} {minutes}" for each, minutes in sorted(row["after_minutes"].items())),
            }
            for row in rows
        ]
        table("name", "enabled", "minutes", "title", empty="No rules.")(said)

    return found, show


@guidance.command("set")
@click.argument("rule")
@click.option("--on/--off", "enabled", default=None, help="Whether it watches at all.")
@click.option("--after", multiple=True, metavar="SEV=MINUTES", help="2=30; 2= (nothing): not watched there.")
@click.option("--as-shipped", is_flag=True, help="Its own thresholds, and on.")
@api_command
def set_rule(api: Api, rule: str, enabled: bool | None, after: tuple[str, ...], as_shipped: bool) -> Any:
    """Switch a rule, or say after how many minutes it speaks."""
    if as_shipped:
        return api.call("DELETE", f"/guidance/{rule}"), f"{rule} is as it comes."
    now = next((each for each in api.get("/guidance") if each["name"] == rule), None)
    minutes = dict(now["after_minutes"]) if now else {}
    for each in after:
        severity, sign, value = each.lower().removeprefix("sev").partition("=")
        number = whole(value)
        if not sign or severity not in set("12345") or (value and number is None):
            raise click.BadParameter(f"{each!r} is no threshold; write 2=30.")
        if number is not None:
            minutes[severity] = number
        else:
            minutes.pop(severity, None)
    on = (now["enabled"] if now else True) if enabled is None else enabled
    answer = api.call("PUT", f"/guidance/{rule}", {"enabled": on, "after_minutes": minutes})
    return answer, f"{rule} is {'on' if answer['enabled'] else 'off'}."
