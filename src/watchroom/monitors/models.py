"""Heartbeats with their pings, checks with their results, and what each day was like."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from ..accounts.models import Team
from ..catalog.models import Service
from ..intake.models import Severity
from ..kernel import clock
from ..kernel.fields import EncryptedJSON


class Monitor(models.Model):
    """What heartbeats and checks have in common."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.CRITICAL)
    description = models.TextField(blank=True, max_length=10_000, help_text="What it is about, and what to do.")
    alert_title = models.CharField(max_length=200, blank=True, help_text="Empty: its name and what is wrong.")
    labels = models.JSONField(default=dict, blank=True, help_text="Further labels of its alert.")
    paused = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When its state changed last.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    state: Any

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def shown_state(self) -> str:
        """What a page shows: paused, waiting, or how it is."""
        return "paused" if self.paused else self.state


class Heartbeat(Monitor):
    """A job that says when it has run; silence is the alarm."""

    class Kind(models.TextChoices):
        PERIOD = "period", "Every so often"
        CRON = "cron", "Cron expression"
        ONCALENDAR = "oncalendar", "systemd OnCalendar"

    class State(models.TextChoices):
        NEW = "new", "Waiting for the first ping"
        UP = "up", "On time"
        DOWN = "down", "Late or failed"

    key_hash = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=12)
    key = EncryptedJSON(help_text="The key itself, so that the address can be shown to managers.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERIOD)
    period_seconds = models.PositiveIntegerField(default=86_400)
    expression = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    grace_seconds = models.PositiveIntegerField(default=3600)
    state = models.CharField(max_length=4, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=200, blank=True)
    last_ping_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    running = models.JSONField(default=dict, blank=True, help_text="Run id to when it started.")
    pings_count = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                name="active_heartbeat_has_due_at", condition=Q(paused=True) | ~Q(state="up") | Q(due_at__isnull=False)
            ),
            models.CheckConstraint(
                name="quiet_heartbeat_has_no_due_at", condition=Q(due_at__isnull=True) | Q(paused=False)
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="heartbeat_due"),)


class Ping(models.Model):
    """One word from a job. Only the latest are kept."""

    class Kind(models.TextChoices):
        SUCCESS = "success", "Success"
        START = "start", "Start"
        FAIL = "fail", "Failure"
        LOG = "log", "Log"

    heartbeat = models.ForeignKey(Heartbeat, on_delete=models.CASCADE, related_name="pings")
    number = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=7, choices=Kind.choices)
    exit_code = models.PositiveSmallIntegerField(null=True, blank=True)
    run = models.CharField(max_length=36, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    method = models.CharField(max_length=8)
    remote = models.CharField(max_length=64, blank=True)
    body = models.TextField(blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("heartbeat", "number"), name="one_ping_per_number"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.heartbeat_id}"


class Check(Monitor):
    """Something that Watchroom itself tries again and again."""

    class State(models.TextChoices):
        NEW = "new", "Not tried yet"
        UP = "up", "Up"
        CONFIRMING = "confirming", "Being confirmed"
        DOWN = "down", "Down"

    kind = models.CharField(max_length=40)
    settings = EncryptedJSON(default=dict)
    interval_seconds = models.PositiveIntegerField(default=60)
    timeout_seconds = models.PositiveIntegerField(default=10)
    for_seconds = models.PositiveIntegerField(default=0, help_text="How long it must fail before it counts as down.")
    revision = models.PositiveIntegerField(default=0, help_text="Results of an older revision do not count.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    failing_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                name="active_check_has_due_at",
                condition=Q(paused=True, due_at__isnull=True) | Q(paused=False, due_at__isnull=False),
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="check_due"),)


class CheckResult(models.Model):
    """One try. Kept for a while; the days are kept for longer."""

    # The name "check" is Django's own, hence the longer one.
    monitor = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="results")
    at = models.DateTimeField()
    ok = models.BooleanField()
    latency_ms = models.PositiveIntegerField(null=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("at",), name="check_result_age"),)

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'failed'} at {self.at:%H:%M:%S}"


class MonitorDay(models.Model):
    """How many tries (or runs) of a day were good and bad."""

    heartbeat = models.ForeignKey(Heartbeat, on_delete=models.CASCADE, null=True, related_name="days")
    monitor = models.ForeignKey(Check, on_delete=models.CASCADE, null=True, related_name="days")
    day = models.DateField()
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    latency_ms = models.BigIntegerField(default=0, help_text="The sum over the good ones.")

    class Meta:
        ordering = ("day",)
        constraints = (
            models.CheckConstraint(
                name="day_of_one_monitor", condition=Q(heartbeat__isnull=True) ^ Q(monitor__isnull=True)
            ),
            models.UniqueConstraint(fields=("heartbeat", "day"), name="one_day_per_heartbeat"),
            models.UniqueConstraint(fields=("monitor", "day"), name="one_day_per_check"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.good} good, {self.bad} bad"
