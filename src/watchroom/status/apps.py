"""What status pages lend to incidents, registered when Django starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..accounts.changes import Change
    from ..incidents.guidance import Shown
    from ..incidents.models import Incident, Update


def _tell(update: Update, lists: Sequence[str] | None) -> list[str]:
    from .commands import announce_published

    return announce_published(update, None if lists is None else list(lists))


def _reveal(made: Change, incident: Incident) -> None:
    from .commands import incident_moved

    incident_moved(made, incident)


def _on_pages(incident: Incident) -> tuple[tuple[str, ...], tuple[Shown, ...]]:
    from .queries import on_pages

    return on_pages(incident)


class StatusConfig(AppConfig):
    """Status pages, and everybody who is told of something."""

    name = "watchroom.status"

    def ready(self) -> None:
        from ..incidents.hooks import pages_come_from, shown_to_strangers_by, updates_are_told_by

        updates_are_told_by(_tell)
        shown_to_strangers_by(_reveal)
        pages_come_from(_on_pages)
