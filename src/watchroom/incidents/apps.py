"""What incidents lend to paging, registered when Django starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..paging.models import Escalation


def _declare(escalation: Escalation, severity: int) -> str:
    from .commands.automatic import declare_for

    return declare_for(escalation, severity)


def _roles(kind: str, subjects: Collection[int], roles: Collection[str]) -> Mapping[int, Mapping[str, tuple[int, ...]]]:
    from .holders import holders_for

    return holders_for(kind, subjects, roles)


def _problem_of_type(slug: str) -> str:
    from .commands.automatic import problem_of_type
    from .models import IncidentType

    return problem_of_type(IncidentType.objects.filter(slug=slug).first())


class IncidentsConfig(AppConfig):
    """Incidents."""

    name = "watchroom.incidents"

    def ready(self) -> None:
        from ..intake.hooks import incident_types_are_judged_by
        from ..paging.hooks import incidents_are_declared_by, roles_come_from

        incidents_are_declared_by(_declare)
        roles_come_from(_roles)
        incident_types_are_judged_by(_problem_of_type)
