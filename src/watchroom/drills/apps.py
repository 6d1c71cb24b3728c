"""What drills lend to alerts and incidents, registered when Django starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..incidents.hooks import Practice as Practised
    from ..incidents.models import Incident
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


def _practised(incident: Incident) -> Practised | None:
    """The drill that is on and to which an incident belongs."""
    from ..incidents.hooks import Practice
    from .models import Drill
    from .queries import on_with

    row = on_with(incident)
    if row is None:
        return None
    people = row.participants.filter(is_active=True).values_list("pk", flat=True)
    return Practice(frozenset(people), rests=row.state == Drill.State.PAUSED)


class DrillsConfig(AppConfig):
    """Drills."""

    name = "watchroom.drills"

    def ready(self) -> None:
        from ..incidents.hooks import incidents_are_practised_in
        from ..intake.hooks import drills_page

        drills_page(_practising)
        incidents_are_practised_in(_practised)
