"""When things happened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from ...kernel import clock
from .incident import Incident


class Moment(models.TextChoices):
    """The key times of an incident."""

    STARTED = "started", "Impact started"
    DETECTED = "detected", "Detected"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    DECLARED = "declared", "Declared"
    ASSEMBLED = "assembled", "Assembled"
    TRIED = "tried", "First mitigation"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"


class KeyTime(models.Model):
    """A key time as the product saw it (``recorded``) or as a person corrected it (with a reason). The last row counts."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="key_times")
    moment = models.CharField(max_length=12, choices=Moment.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    provenance = models.CharField(max_length=200, help_text="What it was computed from.")
    corrected_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("incident", "moment", "-id"), name="key_time_of_incident"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(corrected_by__isnull=True) | ~Q(reason=""), name="correction_has_a_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_moment_display()} {self.at:%d %b %H:%M}"
