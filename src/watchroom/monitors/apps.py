"""What monitors lend to alerts, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class MonitorsConfig(AppConfig):
    """Heartbeats and checks."""

    name = "watchroom.monitors"

    def ready(self) -> None:
        from ..intake.hooks import heartbeats_are
        from .senders import HeartbeatsOfTeams

        heartbeats_are(HeartbeatsOfTeams())
