"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    """Runbooks."""

    name = "watchroom.runbooks"
