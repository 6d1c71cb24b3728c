"""What alerts lend to paging, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Alerts."""

    name = "watchroom.intake"

    def ready(self) -> None:
        from ..paging.hooks import facts_come_from
        from .facts import facts_of_group

        facts_come_from("alert_group", facts_of_group)
