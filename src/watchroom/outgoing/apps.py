"""Events are written down from the moment Django starts."""

from __future__ import annotations

from django.apps import AppConfig


class OutgoingConfig(AppConfig):
    """Events and webhooks."""

    name = "watchroom.outgoing"

    def ready(self) -> None:
        from ..accounts.listeners import heard_by
        from . import delivering, recording

        recording.told_to(delivering.wants, delivering.take)
        heard_by(recording.record)
