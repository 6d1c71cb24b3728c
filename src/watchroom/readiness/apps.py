"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class ReadinessConfig(AppConfig):
    """Readiness."""

    name = "watchroom.readiness"

    def ready(self) -> None:
        from ..insights.commands import adds_to_weekly_list
        from .queries.weekly import news

        adds_to_weekly_list(news)
