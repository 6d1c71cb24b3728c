"""Connections: saved, tried, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...connectors.base import Connector
from ...kernel import asked, clock
from ...kernel.checks import written
from ...kernel.errors import Refused
from ...kernel.names import only_one, short_name
from ...kernel.plugins import one_of
from ..models import Connection

GROUP = "watchroom.connectors"
_NOTED_EVERY = timedelta(minutes=5)


def merged(kind: str, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """``given`` settings, checked; a secret that is not given stays what it was while the address stays the same.

    :raises Refused: an unknown kind or a setting that is not accepted.
    """
    connector: Connector = one_of(GROUP, kind)
    return connector.check(asked.with_kept_secrets(connector.fields, given, before))


def save_connection(
    by: Actor,
    connection: Connection | None,
    *,
    team: Team,
    kind: str,
    name: str,
    slug: str = "",
    settings: dict[str, Any],
) -> Connection:
    """Let Watchroom ask a server, or change how it does.

    :raises Refused: no name, an unknown kind, or settings that its connector does not accept.
    :raises Conflict: another connection has this slug.
    """
    name = written(name, "A connection needs a name", 100, field="name", fix="For example “Prometheus production”.")
    connection = connection or Connection()
    created = connection.pk is None
    if not created:
        by.require(Action.MANAGE, connection.team)
        if connection.kind != kind:
            raise Refused(
                "The kind of a connection can't be changed.",
                field="kind",
                value=kind,
                fix="Make a new connection and delete this one.",
            )
    by.require(Action.MANAGE, team)
    checked = merged(kind, settings, {} if created else connection.settings)
    slug = short_name(slug, before=connection.slug, name=name, otherwise="connection", among=Connection.objects)
    verb = "connection.created" if created else "connection.changed"
    with change(by, verb, connection, needs=Action.MANAGE, team=team) as made:
        connection.team, connection.kind, connection.name, connection.slug = team, kind, name, slug
        if connection.settings != checked:
            connection.settings, connection.tried_at, connection.error = checked, None, ""
        with only_one("connection", slug=slug):
            connection.save()
        made.note(kind=kind, slug=slug)
        made.touch("connections")
    return connection


def delete_connection(by: Actor, connection: Connection) -> None:
    """Ask this server no more. Its indicators go with it; what was kept of it stays."""
    with change(by, "connection.deleted", connection, needs=Action.MANAGE, team=connection.team) as made:
        made.note(name=connection.name, slug=connection.slug)
        made.subject = None
        made.touch("connections")
        connection.delete()


def try_settings(
    by: Actor, *, team: Team, kind: str, settings: dict[str, Any], before: Connection | None = None
) -> str:
    """Ask the server something small with these settings, saved or not. Returns what it answered, in words.

    :raises Refused: the settings are not accepted.
    :raises WatchroomError: it could not be asked, and why.
    """
    by.require(Action.MANAGE, team)
    if before is not None:
        by.require(Action.MANAGE, before.team)
    connector: Connector = one_of(GROUP, kind)
    return connector.try_it(merged(kind, settings, before.settings if before else {}))


def note_outcome(connection_id: int, error: str) -> None:
    """Write down how the last question to a connection ended: at once when that is new, else every few minutes.

    An observation rather than somebody's deed, so it leaves no audit record.
    """
    now = clock.now()
    rows = Connection.objects.filter(pk=connection_id)
    row = rows.values_list("tried_at", "error").first()
    if row is None:
        return
    tried_at, before = row
    if tried_at is None or bool(before) != bool(error) or now - tried_at > _NOTED_EVERY:
        rows.update(tried_at=now, error=error[:500])
