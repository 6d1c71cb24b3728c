"""Messages to people, and the tries at delivering them.

Law: a notification is finished or has a due time. A CHECK says so.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from .escalations import Escalation, EscalationEvent
from .reaching import ContactMethod, Urgency


class Notification(models.Model):
    """One message to one person by one method."""

    class Purpose(models.TextChoices):
        PAGE = "page", "Page"
        ROLE = "role", "Role"
        TEST = "test", "Test page"
        REMINDER = "reminder", "Reminder"
        RESOLVED = "resolved", "Resolved"
        UPDATE = "update", "Update"
        VERIFY = "verify", "Code"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Handed over"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "No longer needed"

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, null=True, related_name="notifications")
    event = models.ForeignKey(EscalationEvent, on_delete=models.CASCADE, null=True, related_name="notifications")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notifications")
    contact_method = models.ForeignKey(
        ContactMethod, on_delete=models.SET_NULL, null=True, related_name="notifications"
    )
    method_text = models.CharField(max_length=250, help_text="The method in words; stays when it is deleted.")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    subject = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    path = models.CharField(max_length=200)
    drill = models.BooleanField(default=False)
    # Names the reason for this message. The same reason can't be notified twice by the same method.
    reason = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="When the person's device or browser said that it was shown.")
    note = models.CharField(max_length=200, blank=True, help_text="Why it waited, or with what it went.")
    bundle = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="bundled",
        help_text="The first of those that went as one message.",
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="notification_is_ended_or_due",
                condition=Q(ended_at__isnull=True, due_at__isnull=False, state__in=("waiting", "sending"))
                | Q(
                    ended_at__isnull=False, due_at__isnull=True, state__in=("sent", "delivered", "failed", "cancelled")
                ),
            ),
            models.UniqueConstraint(fields=("person", "contact_method", "reason"), name="one_notification_per_reason"),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(ended_at__isnull=True), name="notification_due"),
            models.Index(fields=("person", "-id"), name="notification_of_person"),
            models.Index(fields=("created_at",), name="notification_created"),
            models.Index(fields=("contact_method", "ended_at"), name="notification_by_method"),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.person}"

    @property
    def possible_duplicate(self) -> bool:
        """Whether an earlier try was cut off while it was being sent, so that it may have arrived."""
        return self.tries > 1 and any(
            each.number < self.tries and each.outcome == Attempt.Outcome.UNKNOWN for each in self.attempts.all()
        )


class Attempt(models.Model):
    """One try at delivering a notification."""

    class Outcome(models.TextChoices):
        UNKNOWN = "unknown", "Cut off while sending"
        OK = "ok", "Handed over"
        RETRY = "retry", "Failed, will be tried again"
        FAILED = "failed", "Failed for good"
        MISSED = "missed", "Rang, and nobody answered"

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.UNKNOWN)
    provider_id = models.CharField(max_length=250, blank=True)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("notification", "number"), name="one_attempt_per_number"),)

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"

    @property
    def seconds(self) -> float | None:
        """How long the other side took to answer; None where it was cut off."""
        return round((self.ended_at - self.started_at).total_seconds(), 3) if self.ended_at else None
