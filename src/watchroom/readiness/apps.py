"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class ReadinessConfig(AppConfig):
    """Readiness."""

    name = "watchroom.readiness"

    def ready(self) -> None:
        from ..accounts.listeners import heard_by
        from ..insights.commands import adds_to_weekly_list
        from .commands import look_at_new_teams
        from .queries.weekly import news

        adds_to_weekly_list(news)
        heard_by(look_at_new_teams)
