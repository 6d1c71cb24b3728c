"""Heartbeats for senders that know them by name, as Opsgenie's do."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from ..intake.hooks import Beat
from .commands import Said, ping_row
from .models import Heartbeat

_MOST = 500


class HeartbeatsOfTeams:
    """A team's heartbeats, for an integration of that team."""

    def ping(self, team_id: int, name: str, *, method: str, remote: str, body: str) -> bool:
        """A success of the heartbeat with this slug or name; false when the team has none, or several of that name."""
        found = list(
            Heartbeat.objects.filter(Q(slug=name) | Q(name__iexact=name), team=team_id).values_list("pk", "slug")[:2]
        )
        exact = [pk for pk, slug in found if slug == name] or [pk for pk, _ in found]
        if len(exact) != 1:
            return False
        ping_row(exact[0], Said(kind="success", method=method, remote=remote, body=body))
        return True

    def all(self, team_id: int) -> Sequence[Beat]:
        """Its heartbeats by name."""
        return [
            Beat(
                name=row.name,
                period_seconds=row.period_seconds,
                paused=row.paused,
                late=row.state == "down",
                severity=row.severity,
                last_ping_at=row.last_ping_at,
            )
            for row in Heartbeat.objects.filter(team=team_id).order_by("name", "id")[:_MOST]
        ]
