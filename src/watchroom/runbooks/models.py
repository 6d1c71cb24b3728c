"""Runbooks and their versions."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..kernel import clock


class Runbook(models.Model):
    """What to do, step by step, when something of a kind happens. Its steps stand in its newest version."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runbooks")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    summary = models.TextField("When to use it", blank=True)
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, blank=True, related_name="runbooks"
    )
    matchers = models.JSONField(
        default=list, blank=True, help_text="Alerts that all of these match are what it is for."
    )
    owner = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=0, help_text="Of its newest version; 0: it has no steps yet.")
    review_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After how many days somebody looks whether it is still right."
    )
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    remind_at = models.DateTimeField(
        null=True, help_text="When its owner is told that a review is due; empty: they were."
    )
    links = models.JSONField(null=True, help_text="What came of asking its links: address, ok, text.")
    links_at = models.DateTimeField(null=True, help_text="When they were asked.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("remind_at",), condition=models.Q(remind_at__isnull=False), name="runbook_remind"),
        )

    def __str__(self) -> str:
        return self.name


class RunbookVersion(models.Model):
    """A runbook as it was saved. What runs keeps following the one with which it began."""

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    steps = models.JSONField(help_text="As rules.Step writes them.")
    saved_at = models.DateTimeField(default=clock.now)
    saved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("runbook", "version"), name="one_runbook_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.runbook}, version {self.version}"
