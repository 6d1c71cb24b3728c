"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class DrillsConfig(AppConfig):
    """Drills."""

    name = "watchroom.drills"
