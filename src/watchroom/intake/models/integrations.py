"""Configured senders, and what they sent.

The gate writes `intake_signal` and reads `intake_integration` in plain SQL (`intake/gate/store.py`, `keys.py`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from ...catalog.models import Service
from ...kernel import clock


class Integration(models.Model):
    """One configured sender, with its key."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="integrations")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="integrations",
        help_text="What its alerts are about, where no route says otherwise.",
    )
    source = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=12)
    paused = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    settings = models.JSONField(
        default=dict, blank=True, help_text="What its kind of sender can be told, such as a mapping."
    )
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Signals a minute it may send; more are answered with 429. Empty: as the installation says.",
    )
    created_at = models.DateTimeField(default=clock.now)
    last_signal_at = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Signal(models.Model):
    """One inbound message, as it came."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DONE = "done", "Read"
        REJECTED = "rejected", "Refused"

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="signals")
    received_at = models.DateTimeField()
    path = models.CharField(max_length=200, blank=True)
    query = models.CharField(max_length=500, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    remote = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    problems = models.JSONField(default=list)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("integration", "id"), condition=Q(state="pending"), name="signal_pending"),
            models.Index(fields=("integration", "-id"), name="signal_of_integration"),
        )

    def __str__(self) -> str:
        return f"signal {self.pk}"
