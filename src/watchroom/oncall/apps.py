"""What was worked is written down when somebody leaves."""

from __future__ import annotations

from django.apps import AppConfig


class OncallConfig(AppConfig):
    """Schedules."""

    name = "watchroom.oncall"

    def ready(self) -> None:
        from ..accounts.listeners import heard_by
        from .commands import worked

        heard_by(worked.people_changed)
