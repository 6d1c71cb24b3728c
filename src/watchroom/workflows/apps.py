"""Workflows hear of what happens in incidents."""

from __future__ import annotations

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Workflows."""

    name = "watchroom.workflows"

    def ready(self) -> None:
        from ..outgoing import recording
        from . import running

        recording.told_to(running.wants, running.take)
