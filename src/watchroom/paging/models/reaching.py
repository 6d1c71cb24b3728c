"""Where a person is reached, in what order, and when not."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from ...kernel import clock
from ...kernel.fields import EncryptedJSON


class Urgency(models.TextChoices):
    """Whether somebody is to be woken."""

    HIGH = "high", "High: wakes people"
    LOW = "low", "Low: can wait for the morning"


class ContactMethod(models.Model):
    """Where a person is reached. What it needs is its channel's business; kept encrypted."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contact_methods")
    channel = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    settings = EncryptedJSON()
    description = models.CharField(max_length=200, help_text="What the channel shows of it; without secrets.")
    handle = models.CharField(
        max_length=200,
        blank=True,
        db_index=True,
        help_text="Of chats, by what an answer is known to come from it; of calls, the line.",
    )
    enabled = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True, blank=True, help_text="When something sent by it was first answered.")
    trouble = models.CharField(max_length=200, blank=True, help_text="Why it was switched off by itself.")
    taken_back = models.CharField(
        max_length=250, blank=True, help_text="Why it counts as confirmed no more; only a code confirms it again."
    )
    code_hash = models.CharField(max_length=64, blank=True)  # of the newest code that was sent by it
    code_expires_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    limit_count = models.PositiveSmallIntegerField(
        null=True, help_text="Messages at most; empty: as the channel has it."
    )
    limit_seconds = models.PositiveIntegerField(null=True, help_text="Within so long.")
    collect_seconds = models.PositiveSmallIntegerField(
        default=0, help_text="In a storm, how long a further problem may wait so that several go as one."
    )

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.label} ({self.description})"


class QuietHours(models.Model):
    """When a person hears of what can wait only later, by their own time zone. What is urgent rings all the same."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="quiet_hours", primary_key=True)
    starts = models.TimeField()
    ends = models.TimeField()

    def __str__(self) -> str:
        return f"{self.person}: {self.starts:%H:%M} to {self.ends:%H:%M}"


class NotificationPlan(models.Model):
    """In what order somebody is to be reached, by kinds of ways; said in a file, perhaps before they have any."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="notification_plan", primary_key=True)
    rules = models.JSONField(help_text="As order.py writes it: urgency to channel, label and wait_seconds.")

    def __str__(self) -> str:
        return f"How {self.person} is to be reached"


class NotificationRule(models.Model):
    """In what order, and after what wait, a person's contact methods are used."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notification_rules")
    contact_method = models.ForeignKey(ContactMethod, on_delete=models.CASCADE, related_name="rules")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    wait_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("urgency", "wait_seconds", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("contact_method", "urgency", "wait_seconds"), name="one_rule_per_method_and_wait"
            ),
        )

    def __str__(self) -> str:
        return f"{self.contact_method} after {self.wait_seconds} s"
