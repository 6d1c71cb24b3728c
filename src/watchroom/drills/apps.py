"""What drills lend to alerts, registered when Django starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..accounts.models import Person


def _practising(teams: Sequence[int]) -> Mapping[int, Sequence[Person]]:
    """Whom drills that are on page, where that is only who takes part."""
    from .models import Drill
    from .queries import ON

    rows = Drill.objects.filter(team__in=teams, state__in=ON, pages=Drill.Pages.PARTICIPANTS)
    return {row.team_id: list(row.participants.filter(is_active=True)) for row in rows}


class DrillsConfig(AppConfig):
    """Drills."""

    name = "watchroom.drills"

    def ready(self) -> None:
        from ..intake.hooks import drills_page

        drills_page(_practising)
