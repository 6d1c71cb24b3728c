"""What is to be done in an incident, and what was noticed and is not this incident."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from .incident import Incident
from .log import LogEntry


class Task(models.Model):
    """Something that somebody is to do while the incident lasts."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DOING = "doing", "Being done"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    text = models.CharField(max_length=300)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    assignee = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="incident_tasks"
    )
    entry = models.ForeignKey(LogEntry, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("incident", "id"), name="task_of_incident"),)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_task_per_client_key"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("open", "doing"), ended_at__isnull=True)
                | Q(state__in=("done", "dropped"), ended_at__isnull=False),
                name="task_is_open_or_ended",
            ),
        )

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class ParkedItem(models.Model):
    """Noticed, and not this incident: kept for afterwards, so that nobody runs after it now."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="parked")
    text = models.CharField(max_length=500)
    entry = models.ForeignKey(LogEntry, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    # What became of it. Action items lie above incidents, so only the address of one is known here.
    became = models.CharField(max_length=200, blank=True)
    left_at = models.DateTimeField(null=True, blank=True, help_text="When it was taken up, or dropped.")
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("incident", "id"), name="parked_of_incident"),)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_parked_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.text
