"""What drills lend to alerts, registered when Django starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..intake.hooks import Practice


def _practising(teams: Sequence[int]) -> Mapping[int, Practice]:
    """Whom drills that are on page."""
    from ..intake.hooks import Practice
    from .models import Drill
    from .queries import ON

    return {
        row.team_id: Practice(
            None if row.pages == Drill.Pages.POLICY else list(row.participants.filter(is_active=True)),
            rests=row.state == Drill.State.PAUSED,
        )
        for row in Drill.objects.filter(team__in=teams, state__in=ON)
    }


class DrillsConfig(AppConfig):
    """Drills."""

    name = "watchroom.drills"

    def ready(self) -> None:
        from ..intake.hooks import drills_page

        drills_page(_practising)
