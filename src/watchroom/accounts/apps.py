"""The lowest package with models."""

from __future__ import annotations

from django.apps import AppConfig, apps

from ..kernel.columns import guard


class AccountsConfig(AppConfig):
    name = "watchroom.accounts"

    def ready(self) -> None:
        """All models are there, those of others too."""
        guard(apps.get_models(include_auto_created=True))
