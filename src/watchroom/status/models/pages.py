"""Status pages, their components, and how each component has been."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from ...catalog.models import Service
from ...kernel import clock


class StatusPage(models.Model):
    """A page that a stranger can read, or those whom it is for."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="status_pages")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    public = models.BooleanField(
        default=True,
        help_text="Otherwise it is for people who are signed in, who know the password, or who come from the networks.",
    )
    password = models.CharField(max_length=200, blank=True, help_text="As a slow hash; empty: there is none.")
    networks = models.JSONField(default=list, blank=True, help_text="Addresses and networks (CIDR) that may read it.")
    domain = models.CharField(max_length=253, blank=True, help_text="Its own host name, such as status.example.org.")
    language = models.CharField(max_length=5, default="en", help_text="For readers whose own is not offered.")
    timezone = models.CharField(max_length=64, default="UTC")
    colour = models.CharField(max_length=7, default="#1f5fbf", help_text="Of links and signs on white.")
    colour_dark = models.CharField(max_length=7, default="#8ab4f8", help_text="The same on black.")
    logo = models.BinaryField(null=True, editable=False)
    logo_type = models.CharField(max_length=20, blank=True)
    support_url = models.CharField(max_length=500, blank=True, help_text="Where readers get help.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("domain",), condition=~Q(domain=""), name="one_page_per_domain"),
        )

    def __str__(self) -> str:
        return self.name


class ComponentState(models.TextChoices):
    """How a component is, from good to bad; the words are those of Statuspage's API."""

    OPERATIONAL = "operational", "Operational"
    MAINTENANCE = "under_maintenance", "Under maintenance"
    DEGRADED = "degraded_performance", "Degraded performance"
    PARTIAL = "partial_outage", "Partial outage"
    MAJOR = "major_outage", "Major outage"


class ComponentGroup(models.Model):
    """Components under one heading."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("page", "name"), name="one_group_per_name"),)

    def __str__(self) -> str:
        return self.name


class Component(models.Model):
    """A part of what customers use. ``asserted`` is what people say of it; incidents are laid over it, never into it."""

    class Automatic(models.TextChoices):
        """What is done with what its service's incidents and checks say."""

        OFF = "off", "Nothing: only people say how it is"
        PROPOSED = "proposed", "It is proposed to people"
        DIRECT = "direct", "It is shown at once"

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="components")
    group = models.ForeignKey(ComponentGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="members")
    service = models.ForeignKey(Service, on_delete=models.SET_NULL, null=True, blank=True, related_name="components")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    asserted = models.CharField(max_length=20, choices=ComponentState.choices, default=ComponentState.OPERATIONAL)
    automatic = models.CharField(max_length=8, choices=Automatic.choices, default=Automatic.OFF)
    seen = models.CharField(
        max_length=20,
        choices=ComponentState.choices,
        default=ComponentState.OPERATIONAL,
        help_text="What its service's incidents and checks say.",
    )
    seen_reason = models.CharField(max_length=200, blank=True)
    look_at = models.DateTimeField(null=True, blank=True, help_text="When they are next asked; None: never.")
    only_if_degraded = models.BooleanField(default=False, help_text="Shown only while it is not operational.")
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(fields=("page", "name"), name="one_component_per_name"),
            models.CheckConstraint(
                condition=Q(automatic="off", look_at__isnull=True) | (~Q(automatic="off") & Q(look_at__isnull=False)),
                name="automatic_component_is_looked_at",
            ),
        )
        indexes = (models.Index(fields=("look_at",), condition=Q(look_at__isnull=False), name="component_look"),)

    def __str__(self) -> str:
        return self.name

    @property
    def proposal(self) -> str:
        """What is proposed to people; empty when it is what they say already."""
        return self.seen if self.automatic == self.Automatic.PROPOSED and self.seen != self.asserted else ""


class ComponentSpan(models.Model):
    """A time in which something made a component other than operational: what its bars and its state are made of.

    Written by ``commands/spans.py`` alone. Several may overlap; the worst one counts."""

    class Cause(models.TextChoices):
        PEOPLE = "people", "People said so"
        CHECKS = "checks", "Its service's incidents and checks"
        INCIDENT = "incident", "A public incident"
        MAINTENANCE = "maintenance", "Scheduled maintenance"

    component = models.ForeignKey(Component, on_delete=models.CASCADE, related_name="spans")
    cause = models.CharField(max_length=11, choices=Cause.choices)
    subject = models.BigIntegerField(default=0, help_text="The public incident or the maintenance; 0: neither.")
    state = models.CharField(max_length=20, choices=ComponentState.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("started_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("component", "cause", "subject"), condition=Q(ended_at__isnull=True), name="one_open_span"
            ),
        )
        indexes = (
            models.Index(fields=("component", "ended_at"), name="span_of_component"),
            models.Index(fields=("cause", "subject"), name="span_of_subject"),
        )

    def __str__(self) -> str:
        return f"{self.component_id} {self.state} from {self.started_at:%d %b %H:%M}"
