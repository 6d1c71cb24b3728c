"""Commands for webhooks: who is told of events, and what they were told."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


@click.command()
@click.option("--cursor", help="From the page before.")
@api_command
def webhooks(api: Api, cursor: str | None) -> Any:
    """List webhooks: programs that are told of events."""
    return api.get("/webhooks", cursor=cursor), table("slug", "name", "team", "events", "enabled", "failing_since")


@click.command("event-types")
@api_command
def event_types(api: Api) -> Any:
    """Everything that a webhook can be told of; with `--json` also the JSON Schema of each."""
    return api.get("/event-types"), table("type", "text")


@click.group()
def webhook() -> None:
    """Webhooks: programs that are told of events, as signed JSON."""


@webhook.command("create")
@click.argument("name")
@click.argument("address")
@click.option("--event", "events", multiple=True, required=True, help="A name, or a beginning such as incident.*")
@click.option("--team", help="Slug. Left out, it hears of everybody's events.")
@click.option("--slug", default="", help="Left out, it is made of the name.")
@click.option("--private", is_flag=True, help="Also of private incidents.")
@click.option("--drills", is_flag=True, help="Also of drills and tests.")
@api_command
def create(api: Api, events: tuple[str, ...], address: str, **fields: Any) -> Any:
    """Have an address told of events. The secret that signs is printed this once."""
    return api.post("/webhooks", url=address, events=list(events), **fields), facts


def _switched(api: Api, slug: str, enabled: bool) -> Any:
    now = api.get(f"/webhooks/{slug}")
    same = ("name", "slug", "team", "url", "events", "private", "drills")
    return api.call("PUT", f"/webhooks/{slug}", {name: now[name] for name in same} | {"enabled": enabled}), facts


@webhook.command("on")
@click.argument("slug")
@api_command
def on(api: Api, slug: str) -> Any:
    """Switch a webhook on."""
    return _switched(api, slug, True)


@webhook.command("off")
@click.argument("slug")
@api_command
def off(api: Api, slug: str) -> Any:
    """Switch a webhook off: it hears of nothing meanwhile."""
    return _switched(api, slug, False)


@webhook.command("secret")
@click.argument("slug")
@click.option("--overlap-hours", type=click.IntRange(0, 168), default=0, help="So long the old one signs, too.")
@click.option("--drop-old", is_flag=True, help="Make no new one: end the overlap now.")
@api_command
def secret(api: Api, slug: str, overlap_hours: int, drop_old: bool) -> Any:
    """Make a new signing secret; it is printed this once."""
    if drop_old:
        return api.call("DELETE", f"/webhooks/{slug}/old-secret"), f"Only the new secret of {slug} signs."
    answer = api.post(f"/webhooks/{slug}/secret", overlap_hours=overlap_hours)
    return answer, answer["secret"]


@webhook.command("test")
@click.argument("slug")
@api_command
def test(api: Api, slug: str) -> Any:
    """Send a test event; `watchroom webhook delivery ID` says what came of it."""
    return api.post(f"/webhooks/{slug}/test"), facts


@webhook.command("delete")
@click.argument("slug")
@api_command
def delete(api: Api, slug: str) -> Any:
    """Tell it nothing more."""
    return api.call("DELETE", f"/webhooks/{slug}"), f"Deleted {slug}."


@webhook.command("deliveries")
@click.argument("slug")
@click.option("--state", help="waiting, sending, sent, failed or dropped.")
@click.option("--cursor", help="From the page before.")
@api_command
def deliveries(api: Api, slug: str, **query: Any) -> Any:
    """What a webhook was told, the newest first."""
    return api.get(f"/webhooks/{slug}/deliveries", **query), table("id", "at", "type", "about", "state", "tried")


@webhook.command("delivery")
@click.argument("id", type=int)
@api_command
def delivery(api: Api, id: int) -> Any:
    """One event for one webhook: what is posted, and every try."""
    return api.get(f"/webhook-deliveries/{id}"), facts


@webhook.command("replay")
@click.argument("slug_or_id")
@click.option("--since", help="Everything since then that did not get through, such as 2026-03-02T09:00:00Z.")
@click.option("--all", "everything", is_flag=True, help="With --since: also what did get through.")
@api_command
def replay(api: Api, slug_or_id: str, since: str | None, everything: bool) -> Any:
    """Send one delivery once more (by its number), or with --since what a webhook missed (by its slug)."""
    if since:
        answer = api.post(f"/webhooks/{slug_or_id}/replay", since=since, only_failed=not everything)
        return answer, f"{answer['replayed']} are sent again."
    return api.post(f"/webhook-deliveries/{slug_or_id}/replay"), facts


commands = [webhooks, webhook, event_types]
