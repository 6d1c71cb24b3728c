"""The states that an organisation or a team has given the life of its incidents."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from .types import IncidentType


class Phase(models.TextChoices):
    """The fixed phases. All that Watchroom decides, it decides by these; a state is only what people call it. ``closed`` is
    ``resolved`` with nothing left to learn."""

    ACTIVE = "active", "Active"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"


class IncidentState(models.Model):
    """A state of one's own within a phase, such as "Identified"; for all incidents, those of a team, those of some types."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=40)
    phase = models.CharField(max_length=10, choices=Phase.choices)
    order = models.PositiveSmallIntegerField(default=0, help_text="Within its phase, the first one is entered first.")
    description = models.CharField(max_length=300, blank=True, help_text="What has to be true.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="incident_states")
    types: models.ManyToManyField[IncidentType, models.Model] = models.ManyToManyField(
        IncidentType, related_name="states", blank=True, help_text="For incidents of these types; none: of all."
    )
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Since when it is no longer offered.")
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("order", "id")
        constraints = (models.CheckConstraint(condition=Q(phase__in=Phase.values), name="state_is_in_a_phase"),)

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> str:
        """The status of an incident that is in it."""
        return status_of(self.phase)


def status_of(phase: str) -> str:
    """The status of an incident that is in ``phase``."""
    return Phase.RESOLVED.value if phase == Phase.CLOSED else phase
