"""Where evidence comes from, what a service is judged by, what was changed, and what was kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..incidents.models import Incident
from ..intake.models import Alert, AlertGroup
from ..kernel import clock
from ..kernel.fields import EncryptedJSON
from .rules.units import UNITS


class Connection(models.Model):
    """A server that a team lets Watchroom ask. Its settings hold secrets."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="connections")
    kind = models.CharField(max_length=40, help_text="Which connector speaks to it.")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    settings = EncryptedJSON(default=dict)
    tried_at = models.DateTimeField(null=True, help_text="When it was last asked and this was written down.")
    error = models.CharField(max_length=500, blank=True, help_text="What went wrong then; empty: it answered.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Indicator(models.Model):
    """What a service is judged by: an expression, asked of a connection."""

    class Kind(models.TextChoices):
        ERROR_RATE = "error_rate", "Error rate"
        LATENCY = "latency", "Latency"
        AVAILABILITY = "availability", "Availability"
        TRAFFIC = "traffic", "Traffic"
        SATURATION = "saturation", "Saturation"
        METRIC = "metric", "Another metric"
        LOGS = "logs", "Log lines"
        TRACES = "traces", "Traces"
        CHANGES = "changes", "Changes (annotations)"
        DASHBOARDS = "dashboards", "Dashboards"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="indicators")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="indicators")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=100)
    expression = models.TextField(help_text="$service, $labels and $labels.name are filled in.")
    unit = models.CharField(max_length=16, choices=list(UNITS.items()), blank=True)
    threshold = models.FloatField(null=True, blank=True)
    worse = models.CharField(
        max_length=5, choices=[("above", "above the threshold"), ("below", "below the threshold")], default="above"
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("service", "name"), name="one_indicator_per_name_and_service"),)

    def __str__(self) -> str:
        return f"{self.service}: {self.name}"


class Change(models.Model):
    """Something that was changed: a deploy, a configuration, a flag."""

    class Kind(models.TextChoices):
        DEPLOY = "deploy", "Deploy"
        CONFIG = "config", "Configuration"
        FLAG = "flag", "Feature flag"
        OTHER = "other", "Other"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.DEPLOY)
    title = models.CharField(max_length=200)
    link = models.CharField(max_length=1000, blank=True)
    author = models.CharField(max_length=100, blank=True)
    version = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=100, blank=True, help_text="What told us, such as “GitHub Actions”.")
    client_key = models.CharField(max_length=100, blank=True, help_text="Sent again with the same key, it is one.")
    recorded_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("service", "-at"), name="change_of_service"),
            models.Index(fields=("-at", "-id"), name="change_latest"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("service", "client_key"), condition=~Q(client_key=""), name="one_change_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.title


class Snapshot(models.Model):
    """What was seen, kept with an incident or an alert group. ``data`` is what a picture is drawn from again."""

    class Kind(models.TextChoices):
        CHART = "chart", "Chart"
        LOGS = "logs", "Log lines"
        TRACES = "traces", "Traces"
        TRACE = "trace", "Trace"
        CHANGES = "changes", "Changes"
        DASHBOARDS = "dashboards", "Dashboards"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="snapshots")
    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, null=True, related_name="snapshots")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=300)
    data = models.JSONField()
    query = models.TextField(blank=True)
    source = models.CharField(max_length=100, blank=True, help_text="The connection's name then.")
    link = models.CharField(max_length=4000, blank=True)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="snapshot_has_one_place",
                condition=Q(incident__isnull=True, group__isnull=False) | Q(incident__isnull=False, group__isnull=True),
            ),
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_snapshot_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.title


class FirstLook(models.Model):
    """The metric of an alert that is to be kept by itself because an incident was declared from it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="first_looks")
    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="+")
    alert = models.ForeignKey(Alert, on_delete=models.SET_NULL, null=True, related_name="+")
    due_at = models.DateTimeField(null=True, help_text="When it is tried (again); empty: done or given up.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("incident", "group"), name="one_first_look_per_group"),)
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="first_look_due"),)

    def __str__(self) -> str:
        return f"first look at {self.group_id} for {self.incident_id}"
