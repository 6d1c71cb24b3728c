"""Status pages, their components, and which updates are shown where."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Team
from ..catalog.models import Service
from ..incidents.models import Incident, Update
from ..kernel import clock


class StatusPage(models.Model):
    """A page that a stranger can read."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="status_pages")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    public = models.BooleanField(default=True, help_text="Otherwise only people who are signed in can read it.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class ComponentState(models.TextChoices):
    OPERATIONAL = "operational", "Operational"
    MAINTENANCE = "under_maintenance", "Under maintenance"
    DEGRADED = "degraded_performance", "Degraded performance"
    PARTIAL = "partial_outage", "Partial outage"
    MAJOR = "major_outage", "Major outage"


class Component(models.Model):
    """A part of what customers use. ``asserted`` is what people say of it; incidents are laid over it, never into it."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="components")
    service = models.ForeignKey(Service, on_delete=models.SET_NULL, null=True, blank=True, related_name="components")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    asserted = models.CharField(max_length=20, choices=ComponentState.choices, default=ComponentState.OPERATIONAL)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("page", "name"), name="one_component_per_name"),)

    def __str__(self) -> str:
        return self.name


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
    """What a public incident does to a component while it lasts."""

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
