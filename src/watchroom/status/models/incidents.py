"""Incidents as strangers see them."""

from __future__ import annotations

from django.db import models

from ...incidents.models import Incident, Update
from .pages import Component, ComponentState, StatusPage


class PublicIncident(models.Model):
    """An incident as strangers see it on one page: its own title, never the internal log."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="incidents")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="public")
    title = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = (models.UniqueConstraint(fields=("page", "incident"), name="one_public_incident_per_page"),)

    def __str__(self) -> str:
        return self.title


class ComponentImpact(models.Model):
    """What a public incident says of a component now: also that it works again, or all the while. How it was before is in
    the spans."""

    public_incident = models.ForeignKey(PublicIncident, on_delete=models.CASCADE, related_name="impacts")
    component = models.ForeignKey(Component, on_delete=models.CASCADE, related_name="impacts")
    state = models.CharField(max_length=20, choices=ComponentState.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("public_incident", "component"), name="one_impact_per_component"),
        )

    def __str__(self) -> str:
        return f"{self.component}: {self.get_state_display()}"


class PublishedUpdate(models.Model):
    """An update on a page."""

    public_incident = models.ForeignKey(PublicIncident, on_delete=models.CASCADE, related_name="updates")
    update = models.ForeignKey(Update, on_delete=models.PROTECT, related_name="publications")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("public_incident", "update"), name="one_publication_per_update"),
        )

    def __str__(self) -> str:
        return str(self.update)
