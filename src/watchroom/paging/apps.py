"""What paging lends to chat workspaces, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class PagingConfig(AppConfig):
    """Paging."""

    name = "watchroom.paging"

    def ready(self) -> None:
        from ..workspaces.hooks import confirmations_are_taken_back_by
        from .commands.trust import take_back_confirmations

        confirmations_are_taken_back_by(take_back_confirmations)
