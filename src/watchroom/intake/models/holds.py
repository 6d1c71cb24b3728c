"""Why an alert may be held back from paging: silences, maintenance windows, inhibition rules.

Each holds only what it says it holds, for as long as it says, and every alert that it holds says so.
"""

from __future__ import annotations

import uuid
from itertools import islice

from django.db import models
from django.db.models import F, Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...kernel import clock
from ...oncall.rules.zones import check_zone, to_local
from ..rules.repeats import Series, Span, in_words, repeat


class Repeating(models.Model):
    """Something with a beginning and an end, which may come again and again. Then ``starts_at`` and ``ends_at`` are those of
    the occurrence that runs, or comes next, and the engine moves them on when it has ended."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    repeats = models.CharField(
        max_length=300, blank=True, default="", help_text="A rule as in RFC 5545; empty: it comes once."
    )
    timezone = models.CharField(max_length=64, blank=True, default="", help_text="By whose clocks it repeats.")
    first_at = models.DateTimeField(null=True, help_text="When the first occurrence began; the rule counts from there.")
    first_end_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def state(self) -> str:
        """pending, active or expired."""
        now = clock.now()
        return "expired" if self.ends_at <= now else "active" if self.starts_at <= now else "pending"

    @property
    def series(self) -> Series | None:
        """Its occurrences; None: it comes once."""
        if not self.repeats or self.first_at is None or self.first_end_at is None:
            return None
        return Series(repeat(self.repeats), check_zone(self.timezone), self.first_at, self.first_end_at)

    @property
    def in_words(self) -> str:
        """How it repeats; empty: it comes once."""
        found = self.series
        return in_words(found.repeat, to_local(found.starts_at, found.zone)) if found else ""

    @property
    def following(self) -> list[Span]:
        """The next occurrences after the one that runs or comes next."""
        found = self.series
        return list(islice(found.following(self.starts_at), 4)) if found else []


class Silence(Repeating):
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


class MaintenanceWindow(Repeating):
    """Planned work on services: their alerts page nobody meanwhile."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="maintenance_windows")
    title = models.CharField(max_length=200)
    services = models.ManyToManyField(Service, related_name="maintenance_windows")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    due_at = models.DateTimeField(null=True, help_text="When it next begins or ends.")

    class Meta:
        ordering = ("-ends_at", "-id")
        constraints = (
            models.CheckConstraint(name="maintenance_ends_after_start", condition=Q(ends_at__gte=F("starts_at"))),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="maintenance_due"),)

    def __str__(self) -> str:
        return self.title


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
