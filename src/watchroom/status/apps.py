"""What status pages lend to incidents, registered when Django starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..incidents.models import Update


def _tell(update: Update, lists: Sequence[str] | None) -> list[str]:
    from .commands import announce_published

    return announce_published(update, None if lists is None else list(lists))


class StatusConfig(AppConfig):
    """Status pages, and everybody who is told of something."""

    name = "watchroom.status"

    def ready(self) -> None:
        from ..incidents.hooks import updates_are_told_by

        updates_are_told_by(_tell)
