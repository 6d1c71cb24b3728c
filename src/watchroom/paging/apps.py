"""What paging lends to chat workspaces, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class PagingConfig(AppConfig):
    """Paging."""

    name = "watchroom.paging"

    def ready(self) -> None:
        from ..workspaces.hooks import confirmations_are_taken_back_by, parts_come_from
        from .commands.trust import take_back_confirmations
        from .proposed import open_parts_of

        confirmations_are_taken_back_by(take_back_confirmations)
        parts_come_from(open_parts_of)
