"""Why an alert may be held back from paging: silences, maintenance windows, inhibition rules.

Each holds only what it says it holds, for as long as it says, and every alert that it holds says so.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...kernel import clock


class Silence(models.Model):
    """Alerts with certain labels page nobody for a while."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="silences",
        help_text="Whose alerts it is about. None: everybody's.",
    )  # fmt: skip
    matchers = models.JSONField(default=list)  # all must accept an alert's labels, as in a route
    comment = models.CharField(max_length=500)
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="When it next begins, ends, or reminds its author.")
    reminded = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-ends_at", "-id")
        constraints = (
            models.CheckConstraint(name="silence_ends_after_start", condition=Q(ends_at__gte=F("starts_at"))),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="silence_due"),
            models.Index(fields=("ends_at",), name="silence_end"),
        )

    def __str__(self) -> str:
        return f"silence {', '.join(self.matchers)}"[:200]

    @property
    def state(self) -> str:
        """pending, active or expired."""
        now = clock.now()
        return "expired" if self.ends_at <= now else "active" if self.starts_at <= now else "pending"


class MaintenanceWindow(models.Model):
    """Planned work on services: their alerts page nobody meanwhile."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="maintenance_windows")
    title = models.CharField(max_length=200)
    services = models.ManyToManyField(Service, related_name="maintenance_windows")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="When it next begins or ends.")

    class Meta:
        ordering = ("-ends_at", "-id")
        constraints = (
            models.CheckConstraint(name="maintenance_ends_after_start", condition=Q(ends_at__gte=F("starts_at"))),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="maintenance_due"),)

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        """pending, active or expired."""
        now = clock.now()
        return "expired" if self.ends_at <= now else "active" if self.starts_at <= now else "pending"


class InhibitRule(models.Model):
    """While an alert that its source matchers accept fires, alerts that its target matchers accept page nobody, if both
    have the same values of certain labels. Alertmanager's semantics."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="inhibit_rules")
    name = models.CharField(max_length=100, unique=True)
    source_matchers = models.JSONField(default=list)
    target_matchers = models.JSONField(default=list)
    equal = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
