"""The incident itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...intake.models import AlertGroup, Route
from ...kernel import clock
from .states import IncidentState
from .triage import Triage
from .types import IncidentType


class IncidentSeverity(models.IntegerChoices):
    """How bad it is; what each means here is in ``severities``."""

    SEV1 = 1, "SEV1"
    SEV2 = 2, "SEV2"
    SEV3 = 3, "SEV3"
    SEV4 = 4, "SEV4"
    SEV5 = 5, "SEV5"


class Incident(models.Model):
    """Something is wrong and people are working on it together."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

    title = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField(choices=IncidentSeverity.choices, default=IncidentSeverity.SEV3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    state = models.ForeignKey(
        IncidentState, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents",
        help_text="What people call where it stands; of the phase that the status says. None: as the status is called.",
    )  # fmt: skip
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    type = models.ForeignKey(IncidentType, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    custom = models.JSONField(default=dict, blank=True, help_text="What it answers to the fields of its type, by key.")
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, related_name="incidents", blank=True
    )
    alert_groups: models.ManyToManyField[AlertGroup, models.Model] = models.ManyToManyField(
        AlertGroup, related_name="incidents", blank=True
    )
    impact = models.TextField(blank=True, help_text="Who notices what.")
    summary = models.TextField(blank=True, help_text="What we know and believe at this moment.")
    private = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    test = models.BooleanField(default=False, help_text="Somebody tries Watchroom out: a drill without a plan.")
    triage = models.CharField(
        max_length=8, choices=Triage.choices, blank=True, help_text="Whether it is an incident; empty: it is."
    )
    triage_page = models.PositiveBigIntegerField(null=True, help_text="The escalation that asks for the triage.")
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    route = models.ForeignKey(
        Route, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        help_text="The route by whose rule it was declared.",
    )  # fmt: skip
    # When stakeholders were promised the next update; cleared when the incident is resolved.
    next_update_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="The promise that the communications lead was last reminded of."
    )
    guide_at = models.DateTimeField(
        null=True, default=clock.now, help_text="When the guards against the traps next look at it; None: not any more."
    )
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("type", "-id"), condition=Q(type__isnull=False), name="incident_of_type"),
            models.Index(fields=("route", "-id"), condition=Q(route__isnull=False), name="incident_of_route"),
            models.Index(fields=("-id",), condition=~Q(status="resolved"), name="incident_open"),
            models.Index(fields=("declared_at",), name="incident_declared"),
            models.Index(
                fields=("next_update_at",), condition=Q(next_update_at__isnull=False), name="incident_next_update"
            ),
            models.Index(fields=("guide_at",), condition=Q(guide_at__isnull=False), name="incident_guide"),
        )
        constraints = (models.CheckConstraint(condition=Q(test=False) | Q(drill=True), name="test_is_a_drill"),)

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def is_waiting(self) -> bool:
        """Nobody has said yet whether it is an incident."""
        return self.triage == Triage.WAITING and self.is_open

    @property
    def phase(self) -> str:
        """The phase in which it is; :class:`IncidentState` says what people call it."""
        return self.state.phase if self.state is not None and not self.is_open else self.status

    @property
    def state_name(self) -> str:
        """What people call where it stands."""
        return self.state.name if self.state is not None else str(self.get_status_display())

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.RESOLVED
