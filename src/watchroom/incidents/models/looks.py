"""Who looked when, and what has been said once already."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from .incident import Incident


class Look(models.Model):
    """When a person last had the room before their eyes, and since when they are catching up."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="looks")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(help_text="When they last had it before their eyes.")
    since = models.DateTimeField(null=True, help_text="When they had left before this visit; None: this is the first.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("incident", "person"), name="one_look_per_person"),)

    def __str__(self) -> str:
        return f"{self.person} in {self.incident}"


class Spoken(models.Model):
    """A /-command that was carried out under a client's key, so that sending it again does nothing."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    client_key = models.CharField(max_length=64)
    at = models.DateTimeField()
    answer = models.CharField(max_length=300)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("incident", "client_key"), name="one_command_per_client_key"),)

    def __str__(self) -> str:
        return self.answer
