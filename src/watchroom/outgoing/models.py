"""What happened, who is told of it, and every delivery."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..kernel import clock
from ..kernel.fields import EncryptedJSON


class Webhook(models.Model):
    """An address that is told of events, as signed JSON. Without a team it hears of everybody's."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    url = EncryptedJSON(help_text="Its path is often its password.")
    secret = EncryptedJSON(help_text="What signs.")
    old_secret = EncryptedJSON(null=True, help_text="What signs beside it, until everybody has the new one.")
    old_secret_until = models.DateTimeField(null=True)
    events = models.JSONField(default=list, help_text="Types, or beginnings such as incident.*; * is everything.")
    private = models.BooleanField(default=False, help_text="Also told of private incidents.")
    drills = models.BooleanField(default=False, help_text="Also told of drills and tests.")
    owner = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Who is told when it does not work."
    )
    enabled = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, help_text="The first failure since it last worked.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    rests_until = models.DateTimeField(null=True, help_text="Until then nothing is sent to it: it fails.")
    worked_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("id",), condition=Q(enabled=True), name="webhook_enabled"),)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened and that somebody wanted to be told of. Kept for a month, so that it can be told again."""

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    type = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_name = models.CharField(max_length=150)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(null=True)
    subject_name = models.CharField(max_length=200)
    incident_id = models.BigIntegerField(null=True, help_text="The incident that it belongs to.")
    private = models.BooleanField(default=False)
    drill = models.BooleanField(default=False, help_text="Of a drill or a test.")
    facts = models.JSONField(default=dict)
    object = models.JSONField(null=True, help_text="What it happened to, as it was then.")
    due_at = models.DateTimeField(null=True, help_text="None once it has been handed to all who want it.")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="event_due"),
            models.Index(fields=("at",), name="event_at"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.subject_name}".strip()


class Dispatch(models.Model):
    """One event for one webhook."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Not sent"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="dispatches")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="dispatches")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tried = models.PositiveIntegerField(default=0, help_text="In all.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Since it was last asked for.")
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, help_text="Why it was not sent.")

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "dispatches"
        constraints = (
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) ^ Q(ended_at__isnull=True), name="dispatch_due_or_over"
            ),
            models.UniqueConstraint(fields=("event", "webhook"), name="one_dispatch_per_webhook"),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="dispatch_due"),
            models.Index(fields=("webhook", "-id"), name="dispatch_of_webhook"),
            models.Index(fields=("webhook", "state", "-id"), name="dispatch_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"


class DispatchAttempt(models.Model):
    """One try."""

    dispatch = models.ForeignKey(Dispatch, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="What the other side answered.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("dispatch", "number"), name="one_dispatch_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.detail}"
