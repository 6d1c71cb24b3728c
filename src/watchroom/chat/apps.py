"""What chats want to hear of, registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Chats."""

    name = "watchroom.chat"

    def ready(self) -> None:
        from ..accounts.listeners import heard_by
        from .groups import schedules_changed

        heard_by(schedules_changed)
