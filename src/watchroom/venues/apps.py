"""Venues hear of what happens in incidents, and of what is said in their channels."""

from __future__ import annotations

from django.apps import AppConfig


class VenuesConfig(AppConfig):
    """Venues."""

    name = "watchroom.venues"

    def ready(self) -> None:
        from ..chat.rooms import heard_by
        from ..outgoing import recording
        from ..paging.hooks import proposals_are_told_to
        from . import hearing, marking

        recording.told_to(hearing.wants, hearing.take)
        proposals_are_told_to(hearing.proposed)
        heard_by(hearing.said_in_a_room, marking.noted)
