"""What alerts lend to paging, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Alerts."""

    name = "watchroom.intake"

    def ready(self) -> None:
        from ..paging.hooks import alerts_are_told_by, facts_come_from, severities_come_from, summaries_come_from
        from .as_alertmanager import webhook_of
        from .facts import facts_of_groups, severities_of_groups
        from .summing import words_together

        facts_come_from("alert_group", facts_of_groups)
        severities_come_from("alert_group", severities_of_groups)
        alerts_are_told_by(webhook_of)
        summaries_come_from("alert_group", words_together)
