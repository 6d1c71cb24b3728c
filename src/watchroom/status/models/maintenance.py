"""Scheduled maintenance, as strangers are told of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ...accounts.models import Person
from ...intake.models import MaintenanceWindow
from ...intake.models.holds import Repeating
from ...kernel import clock
from .pages import Component, StatusPage


class Maintenance(Repeating):
    """Planned work that readers of one page are told of. It begins and ends by itself at its times. Of what repeats each
    occurrence is a row of its own, made when the one before it is over; only the newest says how it repeats."""

    class Stage(models.TextChoices):
        """Statuspage's words, less "verifying"."""

        SCHEDULED = "scheduled", "Scheduled"
        IN_PROGRESS = "in_progress", "In progress"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Called off"

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="maintenance")
    title = models.CharField(max_length=200)
    components: models.ManyToManyField[Component, models.Model] = models.ManyToManyField(
        Component, related_name="maintenance", blank=True
    )
    stage = models.CharField(max_length=11, choices=Stage.choices, default=Stage.SCHEDULED)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When it next begins or ends; None once it is over.")
    window = models.ForeignKey(
        MaintenanceWindow,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shown_as",
        help_text="What holds the alerts of the services meanwhile.",
    )
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="public_maintenance_has_length"),
            models.CheckConstraint(
                condition=Q(stage__in=("scheduled", "in_progress"), due_at__isnull=False)
                | Q(stage__in=("completed", "cancelled"), due_at__isnull=True),
                name="public_maintenance_is_due_or_over",
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="public_maintenance_due"),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_over(self) -> bool:
        return self.stage in {self.Stage.COMPLETED, self.Stage.CANCELLED}


class MaintenanceNote(models.Model):
    """What was said about a maintenance, and when. Never changed."""

    maintenance = models.ForeignKey(Maintenance, on_delete=models.CASCADE, related_name="notes")
    stage = models.CharField(max_length=11, choices=Maintenance.Stage.choices)
    text = models.TextField(blank=True, help_text="Empty: the sentence that belongs to the stage, in each language.")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.text[:80] or self.get_stage_display()
