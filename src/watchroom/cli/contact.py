"""Commands for how I am reached."""

from __future__ import annotations

from typing import Any

import click

from ..kernel.errors import Refused
from ..kernel.numbers import whole
from .client import Api, api_command
from .show import facts, table


@click.group()
def contact() -> None:
    """How you are reached."""


@contact.command("list")
@api_command
def list_methods(api: Api) -> Any:
    """Your ways to be reached, and which of them are confirmed."""
    found = {"items": api.get("/contact-methods")}
    return found, table("id", "channel", "label", "description", "enabled", "verified_at", empty="Nothing reaches you.")


@contact.command()
@click.argument("id", type=int)
@api_command
def test(api: Api, id: int) -> Any:
    """Send a test page by one of them."""
    return api.call("POST", f"/contact-methods/{id}/test"), "A test page is on its way."


@contact.command()
@click.argument("id", type=int)
@api_command
def code(api: Api, id: int) -> Any:
    """Have a code sent by one of them."""
    return api.call(
        "POST", f"/contact-methods/{id}/send-code"
    ), f"A code is on its way: watchroom contact confirm {id} CODE"


@contact.command()
@click.argument("id", type=int)
@click.argument("code")
@api_command
def confirm(api: Api, id: int, code: str) -> Any:
    """Give the code that came by one of them."""
    return api.post(f"/contact-methods/{id}/confirm", code=code), "Confirmed: it reaches you."


@contact.command()
@click.argument("channel")
@click.option("--label", help="What you call it.")
@click.option("--set", "settings", multiple=True, help="name=value, as its channel asks for; may be repeated.")
@api_command
def add(api: Api, channel: str, label: str | None, settings: tuple[str, ...]) -> Any:
    """Add a way to be reached: watchroom contact add sms --set number=+4930123456"""
    said = {}
    for each in settings:
        name, equals, value = each.partition("=")
        if not equals:
            raise Refused("That is no setting.", field="--set", value=each, fix="Use name=value.")
        said[name.strip()] = value.strip()
    return api.post("/contact-methods", channel=channel, label=label, settings=said), facts


@contact.command()
@click.argument("id", type=int)
@api_command
def remove(api: Api, id: int) -> Any:
    """Remove one of them."""
    return api.call("DELETE", f"/contact-methods/{id}"), "Removed."


@contact.command()
@click.argument("id", type=int)
@click.option("--off", is_flag=True, help="Leave it out of every page instead.")
@api_command
def enable(api: Api, id: int, off: bool) -> Any:
    """Use one of them, or (--off) leave it out until it is enabled again."""
    return api.call("POST", f"/contact-methods/{id}/enable", enabled=str(not off).lower()), facts


@contact.command()
@click.argument("id", type=int)
@click.option("--at-most", "limit_count", type=int, help="Messages.")
@click.option("--seconds", "limit_seconds", type=int, help="Within so long.")
@click.option("--collect", "collect_seconds", type=int, default=0, help="In a storm, seconds to wait for others.")
@api_command
def limit(api: Api, id: int, **fields: Any) -> Any:
    """Limit one of them; without numbers: as usual for its channel. The first word about a problem never waits."""
    return api.call("PUT", f"/contact-methods/{id}/limit", fields), facts


@contact.command()
@click.option("--high", multiple=True, help="ID or ID:SECONDS to wait, for what is urgent; may be repeated.")
@click.option("--low", multiple=True, help="The same for what can wait.")
@api_command
def rules(api: Api, high: tuple[str, ...], low: tuple[str, ...]) -> Any:
    """In which order you are reached. Without options it is shown; an urgency that is left out stays as it is."""
    known = api.get("/notification-rules")
    if high or low:
        wanted = {name: _rules(said) if said else known[name] for name, said in (("high", high), ("low", low))}
        known = api.call("PUT", "/notification-rules", wanted)
    lines = [{"urgency": urgency, **rule} for urgency, each in known.items() for rule in each]
    return {"items": lines}, table("urgency", "contact_method", "wait_seconds", empty="Everything at once.")


def _rules(said: tuple[str, ...]) -> list[dict[str, int]]:
    found = []
    for each in said:
        named, _, waits = each.partition(":")
        method, wait = whole(named), whole(waits or "0")
        if method is None or wait is None:
            raise Refused("That is no rule.", field="--high", value=each, fix="Use ID or ID:SECONDS, such as 3:120.")
        found.append({"contact_method": method, "wait_seconds": wait})
    return found


@contact.command("plan")
@click.argument("person")
@click.option("--high", multiple=True, help="CHANNEL or CHANNEL:SECONDS to wait, for what is urgent; may be repeated.")
@click.option("--low", multiple=True, help="The same for what can wait.")
@click.option("--none", "nothing", is_flag=True, help="No plan any more; their rules stay as they are.")
@api_command
def plan(api: Api, person: str, high: tuple[str, ...], low: tuple[str, ...], nothing: bool) -> Any:
    """In which order PERSON (id or e-mail address) is to be reached, also by ways that they have not added yet. Without
    options it is shown."""
    path = f"/people/{person}/notification-plan"
    if nothing:
        return api.call("DELETE", path), "Their own rules count."
    if high or low:
        wanted = {"high": [_planned(each) for each in high], "low": [_planned(each) for each in low]}
        return api.call("PUT", path, wanted), facts
    return api.get(path), facts


def _planned(said: str) -> dict[str, Any]:
    channel, _, waits = said.partition(":")
    if not channel or (wait := whole(waits or "0")) is None:
        raise Refused("That is no rule.", field="--high", value=said, fix="Use CHANNEL or CHANNEL:SECONDS: sms:60.")
    return {"channel": channel, "wait_seconds": wait}


@contact.command("quiet-hours")
@click.option("--from", "starts", help="Such as 22:00.")
@click.option("--to", "ends", help="Such as 07:00.")
@click.option("--none", "nothing", is_flag=True, help="No quiet hours any more.")
@api_command
def quiet_hours(api: Api, starts: str | None, ends: str | None, nothing: bool) -> Any:
    """When what is not urgent waits, by your time zone. Without options they are shown."""
    if starts or ends or nothing:
        return api.call("PUT", "/quiet-hours", {"starts": starts, "ends": ends}), facts
    return api.get("/quiet-hours"), facts


@contact.command()
@click.option("--person", help="Id or e-mail address; without it, yourself.")
@click.option("--from", "start", help="RFC 3339; without it, a day before the end.")
@click.option("--to", "end", help="RFC 3339; without it, now.")
@api_command
def why(api: Api, person: str | None, start: str | None, end: str | None) -> Any:
    """Why did my phone not ring?"""
    found = {"items": api.get("/notifications/why", person=person, start=start, end=end)}
    return found, table("at", "kind", "text", "fix", empty="Nobody tried to reach them.")
