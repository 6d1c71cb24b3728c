"""What stakeholders are told."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from .incident import Incident


class Update(models.Model):
    """What stakeholders were told. Immutable once published."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        MONITORING = "monitoring", "Monitoring"
        RESOLVED = "resolved", "Resolved"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(max_length=13, choices=Stage.choices, default=Stage.INVESTIGATING)
    happening = models.TextField("What is happening")
    impact = models.TextField("Who notices what", blank=True)
    doing = models.TextField("What we are doing", blank=True)
    next_update_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-published_at", "-id")

    def __str__(self) -> str:
        return self.happening[:80]
