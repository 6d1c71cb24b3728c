"""Commands for where people meet: bridges, plans, and the channel and call of an incident."""

from __future__ import annotations

from typing import Any

import click

from .asking import ask_secret, value_option
from .client import Api, api_command
from .evidence import pairs
from .show import facts, table, tried


@click.command()
@click.option("--cursor", help="From the page before.")
@api_command
def bridges(api: Api, cursor: str | None) -> Any:
    """List bridges: what opens calls."""
    return api.get("/bridges", cursor=cursor), table("slug", "name", "kind", "team", "secrets_set")


@click.group()
def bridge() -> None:
    """Bridges: what opens calls (Jitsi, Zoom, Google Meet)."""


@bridge.command("create")
@click.argument("name")
@click.option("--kind", required=True, help="jitsi, zoom or meet.")
@click.option("--team", help="Slug. Left out, it is everybody's.")
@click.option("--slug", default="", help="Left out, it is made of the name.")
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Such as host=calls@example.org.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="Is asked for (or read from standard input).")
@api_command
def create_bridge(api: Api, settings: tuple[str, ...], secrets: tuple[str, ...], **fields: Any) -> Any:
    """Add a bridge: `watchroom bridge create Jitsi --kind jitsi --setting 'url=https://meet.example.org/{room}'`."""
    said = pairs(settings)
    said |= {name: ask_secret(name) for name in secrets}
    return api.post("/bridges", settings=said, **fields), facts


@bridge.command("show")
@click.argument("slug")
@api_command
def show_bridge(api: Api, slug: str) -> Any:
    """Show a bridge, without its secrets."""
    return api.get(f"/bridges/{slug}"), facts


@bridge.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug; empty: everybody's.")
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="NAME= takes it away.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="Is asked for (or read from standard input).")
@api_command
def change_bridge(
    api: Api, slug: str, settings: tuple[str, ...], secrets: tuple[str, ...], name: str | None, team: str | None
) -> Any:
    """Change a bridge. What is left out stays; with a new address, secrets must be given again."""
    now = api.get(f"/bridges/{slug}")
    said = now["settings"] | pairs(settings) | {each: ask_secret(each) for each in secrets}
    body = {key: now[key] for key in ("name", "team", "kind", "slug")}
    body |= {key: value for key, value in (("name", name), ("team", team)) if value is not None}
    body |= {"team": body["team"] or None, "settings": {key: value for key, value in said.items() if value != ""}}
    return api.call("PUT", f"/bridges/{slug}", body), facts


@bridge.command("secret")
@click.argument("slug")
@click.argument("name")
@value_option
@api_command
def set_secret(api: Api, slug: str, name: str, value: str) -> Any:
    """Set a bridge's secret, such as client_secret."""
    now = api.get(f"/bridges/{slug}")
    body = {key: now[key] for key in ("name", "team", "kind", "slug")}
    return api.call("PUT", f"/bridges/{slug}", body | {"settings": {**now["settings"], name: value.strip()}}), facts


@bridge.command("try")
@click.argument("slug")
@api_command
def try_bridge(api: Api, slug: str) -> Any:
    """Ask it something small that changes nothing."""
    return api.post(f"/bridges/{slug}/try"), tried


@bridge.command("delete")
@click.argument("slug")
@api_command
def delete_bridge(api: Api, slug: str) -> Any:
    """Open no calls there any more."""
    return api.call("DELETE", f"/bridges/{slug}"), f"Deleted {slug}."


@click.command("venue-plans")
@click.option("--cursor", help="From the page before.")
@api_command
def venue_plans(api: Api, cursor: str | None) -> Any:
    """List plans: in which chat and by which bridge people meet, and for which incidents by itself."""
    return api.get("/venue-plans", cursor=cursor), table(
        "slug", "name", "team", "workspace", "bridge", "least_severity"
    )


@click.group("venue-plan")
def venue_plan() -> None:
    """Plans: where people of an incident meet."""


@venue_plan.command("create")
@click.argument("name")
@click.option("--team", help="Slug. Left out, it is for everybody's incidents.")
@click.option("--workspace", help="Slug of a chat workspace in which a channel is made.")
@click.option("--bridge", help="Slug of a bridge by which a call is opened.")
@click.option("--least-severity", type=int, default=2, show_default=True, help="By itself up to this; 0: when asked.")
@click.option("--type", "types", multiple=True, help="Only for incidents of this type (slug).")
@click.option("--private", is_flag=True, help="By itself also for private incidents.")
@click.option("--drills", is_flag=True, help="By itself also for drills.")
@click.option("--slug", default="", help="Left out, it is made of the name.")
@api_command
def create_plan(api: Api, types: tuple[str, ...], **fields: Any) -> Any:
    """Say where people meet."""
    return api.post("/venue-plans", types=list(types), **fields), facts


@venue_plan.command("show")
@click.argument("slug")
@api_command
def show_plan(api: Api, slug: str) -> Any:
    """Show a plan."""
    return api.get(f"/venue-plans/{slug}"), facts


@venue_plan.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug; empty: for everybody's incidents.")
@click.option("--workspace", help="Slug of a chat workspace; empty: none.")
@click.option("--bridge", help="Slug of a bridge; empty: none.")
@click.option("--least-severity", type=click.IntRange(0, 5), help="By itself up to this; 0: when asked.")
@click.option("--type", "types", multiple=True, help="Only for incidents of this type (slug); empty: of all.")
@click.option("--private/--not-private", default=None, help="By itself also for private incidents.")
@click.option("--drills/--no-drills", default=None, help="By itself also for drills.")
@api_command
def change_plan(api: Api, slug: str, types: tuple[str, ...], **fields: Any) -> Any:
    """Change a plan. What is left out stays, and so does what is open."""
    body = api.get(f"/venue-plans/{slug}") | {name: value for name, value in fields.items() if value is not None}
    body |= {name: body[name] or None for name in ("team", "workspace", "bridge")}
    if types:
        body["types"] = [each for each in types if each]
    return api.call("PUT", f"/venue-plans/{slug}", body), facts


@venue_plan.command("delete")
@click.argument("slug")
@api_command
def delete_plan(api: Api, slug: str) -> Any:
    """What is open stays so."""
    return api.call("DELETE", f"/venue-plans/{slug}"), f"Deleted {slug}."


@click.group()
def venue() -> None:
    """The channel and the call of an incident."""


@venue.command("list")
@click.argument("incident", type=int)
@api_command
def list_venues(api: Api, incident: int) -> Any:
    """Where an incident meets."""
    return api.get(f"/incidents/{incident}/venues"), table("id", "kind", "state", "name", "url", "error")


@venue.command("open")
@click.argument("incident", type=int)
@click.argument("kind", type=click.Choice(["chat", "call"]))
@api_command
def open_venue(api: Api, incident: int, kind: str) -> Any:
    """Have a channel made (chat), or a call opened."""
    return api.post(f"/incidents/{incident}/venues", kind=kind), facts


@venue.command("retry")
@click.argument("id", type=int)
@api_command
def retry(api: Api, id: int) -> Any:
    """Try again what went wrong."""
    return api.post(f"/venues/{id}/retry"), facts


@venue.command("close")
@click.argument("id", type=int)
@api_command
def close(api: Api, id: int) -> Any:
    """Archive a channel, or end a call, before the incident's end."""
    return api.post(f"/venues/{id}/close"), facts


commands = [bridges, bridge, venue_plans, venue_plan, venue]
