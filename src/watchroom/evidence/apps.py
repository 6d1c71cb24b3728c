"""What evidence lends to alerts, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Connections, indicators, changes, snapshots."""

    name = "watchroom.evidence"

    def ready(self) -> None:
        from ..intake.hooks import changes_go_to
        from .commands.changes import ChangesOfSenders

        changes_go_to(ChangesOfSenders())
