"""Heartbeats for senders that know them by name, as Opsgenie's do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..intake.hooks import Beat
from ..kernel.errors import Conflict, NotFound
from .commands import Said, delete_heartbeat, pause_heartbeat, ping_row, save_heartbeat
from .models import Heartbeat

_MOST = 500
_GRACE_SECONDS = 10


class HeartbeatsOfTeams:
    """A team's heartbeats, for an integration of that team."""

    def ping(self, team_id: int, name: str, *, method: str, remote: str, body: str) -> bool:
        """A success of the heartbeat with this slug or name; false when the team has none, or several of that name."""
        found = _one(team_id, name)
        if found is None:
            return False
        ping_row(found.pk, Said(kind="success", method=method, remote=remote, body=body))
        return True

    def all(self, team_id: int) -> Sequence[Beat]:
        """Its heartbeats by name."""
        return [_beat(row) for row in Heartbeat.objects.filter(team=team_id).order_by("name", "id")[:_MOST]]

    def find(self, team_id: int, name: str) -> Beat | None:
        """The one with this slug or name."""
        found = _one(team_id, name)
        return _beat(found) if found else None

    def save(
        self,
        by: Actor,
        team_id: int,
        name: str,
        *,
        new: bool,
        period_seconds: int | None = None,
        severity: str | None = None,
        paused: bool | None = None,
        description: str | None = None,
        alert_title: str | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> Beat:
        """Make one, or change what is given of one. A new one has the least grace: it is late when its interval is over."""
        row = _one(team_id, name)
        if new and (row is not None or Heartbeat.objects.filter(team=team_id, name__iexact=name.strip()).exists()):
            raise Conflict(
                "The team has a heartbeat of this name.", field="name", value=name[:100], fix="Update that one."
            )
        if not new and row is None:
            raise _none(name)
        if row is not None and row.kind != Heartbeat.Kind.PERIOD and period_seconds is not None:
            raise Conflict(
                "This heartbeat follows an expression.",
                field="interval",
                value=period_seconds,
                fix="Change when it is expected under Monitors.",
            )
        team = row.team if row else Team.objects.get(pk=team_id)
        with transaction.atomic():
            said = {**(row.labels if row else {}), **(labels or {})}
            if row is None or any(
                each is not None for each in (period_seconds, severity, description, alert_title, labels)
            ):
                row = save_heartbeat(
                    by,
                    row,
                    team=team,
                    name=row.name if row else name,
                    service=row.service if row else None,
                    slug=row.slug if row else "",
                    kind=row.kind if row else "period",
                    period_seconds=period_seconds or (row.period_seconds if row else 0),
                    expression=row.expression if row else "",
                    timezone=row.timezone if row else "UTC",
                    grace_seconds=row.grace_seconds if row else _GRACE_SECONDS,
                    severity=severity or (row.severity if row else "warning"),
                    drill=row.drill if row else False,
                    description=(row.description if row else "") if description is None else description,
                    alert_title=(row.alert_title if row else "") if alert_title is None else alert_title,
                    labels={name: value for name, value in said.items() if value is not None},
                )
            if paused is not None and paused != row.paused:
                row = pause_heartbeat(by, row, paused)
        return _beat(row)

    def delete(self, by: Actor, team_id: int, name: str) -> None:
        """Delete it with its history."""
        row = _one(team_id, name)
        if row is None:
            raise _none(name)
        delete_heartbeat(by, row)


def _one(team_id: int, name: str) -> Heartbeat | None:
    rows = Heartbeat.objects.select_related("team", "service").filter(team=team_id)
    found = list(rows.filter(Q(slug=name) | Q(name__iexact=name))[:2])
    exact = [row for row in found if row.slug == name] or found
    return exact[0] if len(exact) == 1 else None


def _none(name: str) -> NotFound:
    return NotFound(
        f"The team has no heartbeat {name[:100]!r}.",
        field="name",
        value=name[:100],
        fix="Make it, or use its name or slug as it stands under Monitors.",
    )


def _beat(row: Heartbeat) -> Beat:
    return Beat(
        name=row.name,
        period_seconds=row.period_seconds,
        paused=row.paused,
        late=row.state == "down",
        severity=row.severity,
        last_ping_at=row.last_ping_at,
        description=row.description,
        alert_title=row.alert_title,
        labels=row.labels,
    )
