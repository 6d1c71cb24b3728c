"""What Watchroom said."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from .incident import Incident


class Nudge(models.Model):
    """Something that Watchroom said in an incident, so that people do not fall into a trap."""

    class Answer(models.TextChoices):
        DONE = "done", "Done"
        SNOOZED = "snoozed", "Not now"
        OFF = "off", "Not in this incident"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="nudges")
    rule = models.CharField(max_length=40)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    advice = models.CharField(max_length=300)
    way_out = models.CharField(max_length=40, blank=True, help_text="The part of the room where something can be done.")
    told = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    answered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True, help_text="Snoozed until then.")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("incident", "-id"), name="nudge_of_incident"),)

    def __str__(self) -> str:
        return self.reason
