"""What Watchroom said."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from .incident import Incident


class GuidanceSetting(models.Model):
    """What this installation has set for a rule; a rule without a row is as it comes."""

    rule = models.CharField(max_length=40, unique=True)
    enabled = models.BooleanField(default=True)
    after_minutes = models.JSONField(
        null=True,
        blank=True,
        help_text="Severity to minutes; a severity that is left out is not watched; null: as it comes.",
    )

    class Meta:
        ordering = ("rule",)

    def __str__(self) -> str:
        return self.rule


class Nudge(models.Model):
    """Something that Watchroom said in an incident, so that people do not fall into a trap."""

    class Answer(models.TextChoices):
        DONE = "done", "Done"
        SNOOZED = "snoozed", "Not now"
        OFF = "off", "Not in this incident"
        GONE = "gone", "No longer so"  # by itself: what it was about is over

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="nudges")
    rule = models.CharField(max_length=40)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    advice = models.CharField(max_length=300)
    way_out = models.CharField(
        max_length=40, blank=True, help_text="The part of the room where something can be done, or what."
    )
    help = models.JSONField(default=list, blank=True, help_text="Whom to call: id, name and why.")
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

    @property
    def takes(self) -> str:
        """The role that whoever presses its button takes; empty: it is about none."""
        return self.way_out.removeprefix("take:") if self.way_out.startswith("take:") else ""
