"""Kinds of incidents, each with what it asks."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Team


class IncidentType(models.Model):
    """A kind of incident (an outage, a leak of data, a broken delivery) with its own fields."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="incident_types", help_text="Who keeps it.")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.CharField(max_length=300, blank=True, help_text="When to choose it.")
    private = models.BooleanField(default=False, help_text="Incidents of this type begin as private ones.")
    offered = models.BooleanField(default=True, help_text="Whether new incidents can be of it.")
    fields = models.JSONField(default=list, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name
