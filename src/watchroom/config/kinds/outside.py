"""What Watchroom reaches, and what it is reached by: chats, webhooks, bridges, connections, runners. No secret is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...accounts.actors import Actor
from ...evidence import commands as evidence
from ...evidence.models import Connection
from ...kernel import asked
from ...kernel.plugins import all_of
from ...mitigations import commands as mitigations
from ...mitigations.models import Runner
from ...outgoing import commands as outgoing
from ...outgoing.models import Webhook
from ...venues import commands as venues
from ...venues.models import Bridge
from ...workspaces import commands as workspaces
from ...workspaces.base import asked_of
from ...workspaces.models import Workspace
from ..difference import State
from ._kind import Fields, Find, Kind, by_column, slug_of, with_team


def _fields(plugin: Any) -> tuple[asked.Field, ...]:
    return tuple(plugin.fields)


def _plugged(
    model: Any, plugins: str, asks: Callable[[Any], tuple[asked.Field, ...]] = _fields
) -> Callable[[], dict[str, Fields]]:
    """Reads rows each of which is of a kind, a plugin, and has settings, for which that ``asks``."""

    def settings(row: Any) -> Fields:
        plugin = all_of(plugins).get(row.kind)
        return asked.shown(asks(plugin) if plugin else (), row.settings)

    def read() -> dict[str, Fields]:
        return {
            row.slug: {
                "slug": row.slug,
                "name": row.name,
                "team": slug_of(row.team),
                "kind": row.kind,
                "settings": settings(row),
            }
            for row in model.objects.select_related("team")
        }

    return read


def _webhooks() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "name": row.name, "team": slug_of(row.team), "url": str(row.url)}
        | {name: getattr(row, name) for name in ("events", "private", "drills", "enabled")}
        for row in Webhook.objects.select_related("team")
    }


def _save_webhook(by: Actor, row: Webhook | None, fields: Fields, find: Find) -> str | None:
    _, secret = outgoing.save_webhook(by, row, **{**fields, "team": find("teams", fields["team"])})
    return secret or None


def _complete_runners(wanted: State, current: State) -> None:
    """With what a runner takes where nothing is said, so that a file is compared with what it means."""
    plugins = all_of("watchroom.runners")
    for runner in wanted.get("runners", {}).values():
        if "settings" in runner and (plugin := plugins.get(runner["kind"])):
            runner["settings"] = {f.name: f.default for f in plugin.fields if f.default} | runner["settings"]


KINDS = (
    Kind(
        "workspaces", _plugged(Workspace, "watchroom.workspaces", asked_of), by_column(Workspace),
        with_team(workspaces.save_workspace), workspaces.delete_workspace,
    ),
    Kind("webhooks", _webhooks, by_column(Webhook), _save_webhook, outgoing.delete_webhook),
    Kind(
        "bridges", _plugged(Bridge, "watchroom.bridges"), by_column(Bridge),
        with_team(venues.save_bridge, secrets_follow=True), venues.delete_bridge,
    ),
    Kind(
        "connections", _plugged(Connection, "watchroom.connectors"), by_column(Connection),
        with_team(evidence.save_connection), evidence.delete_connection,
    ),
    Kind(
        "runners", _plugged(Runner, "watchroom.runners"), by_column(Runner),
        with_team(mitigations.save_runner, secrets_follow=True), mitigations.delete_runner, complete=_complete_runners,
    ),
)  # fmt: skip
