"""Policies being carried out, and what is in their trace.

Law: an escalation is finished or has a due time, and so is what a step does. A CHECK on each table says so.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...kernel.fields import EncryptedJSON
from ..rules import Target
from .policies import EscalationPolicy
from .reaching import Urgency


class Escalation(models.Model):
    """One policy being carried out: for an alert group, an incident role, or a person paged directly."""

    class Kind(models.TextChoices):
        ALERT_GROUP = "alert_group", "Alert group"
        ROLE = "role", "Incident role"
        DIRECT = "direct", "Direct page"

    class End(models.TextChoices):
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        RESOLVED = "resolved", "Resolved"
        EXHAUSTED = "exhausted", "Nobody answered"
        CANCELLED = "cancelled", "Cancelled"
        HELD = "held", "Held back"
        SNOOZED = "snoozed", "Snoozed"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    # Which alert group or role assignment; those packages lie above this one and point here by this number.
    subject_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    path = models.CharField(max_length=200, help_text="The page about it, relative to Watchroom's address.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.SET_NULL, null=True, related_name="escalations")
    policy_version = models.PositiveIntegerField(default=0)
    plan = models.JSONField(help_text="The steps as they were when it started.")
    round = models.PositiveSmallIntegerField(default=0)
    next_step = models.PositiveSmallIntegerField(default=0)
    first = models.ForeignKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="To whom it was given: they are paged before it goes on with the next step.",
    )
    first_told = models.CharField(
        max_length=600, blank=True, default="", db_default="", help_text="Who gave it to them, and what they wrote."
    )
    sender = models.ForeignKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Who sent a direct page.",
    )
    # Only as long as somebody else is reached: commands/excusing.py.
    excused = models.ForeignKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Who has it and asked for help, or gave it back: they are not paged for it again.",
    )
    late_seconds = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How late it is, as long as nobody who was paged has been told."
    )
    said_late_seconds = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="How late its last page says that it is; counts again if that reaches nobody.",
    )
    drill = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, choices=End.choices, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="escalation_is_ended_or_due",
                condition=Q(ended_at__isnull=True, due_at__isnull=False, end="")
                | (Q(ended_at__isnull=False, due_at__isnull=True) & ~Q(end="")),
            ),
            models.UniqueConstraint(
                fields=("kind", "subject_id"),
                condition=Q(ended_at__isnull=True),
                name="one_running_escalation_per_subject",
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(ended_at__isnull=True), name="escalation_due"),
            models.Index(fields=("kind", "subject_id"), name="escalation_of_subject"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def left_out(self) -> int | None:
        """Whoever sent it is not paged as long as anybody else of a step can be reached, unless they named themselves."""
        if self.sender_id is None or self.policy_id is not None:
            return self.sender_id
        named = {each["id"] for step in self.plan["steps"] for each in step["targets"] if each["kind"] == "person"}
        return None if self.sender_id in named else self.sender_id


class EscalationEvent(models.Model):
    """What happened in an escalation; with the notifications this is its trace."""

    class Kind(models.TextChoices):
        STARTED = "started", "Started"
        STEP = "step", "Step"
        SKIPPED = "skipped", "Step left out"
        NOBODY = "nobody", "Nobody to page"
        UNREACHED = "unreached", "Nobody reached"
        WEBHOOK = "webhook", "Webhook"
        INCIDENT = "incident", "Incident"
        CHAT = "chat", "Chat"
        ANSWERED = "answered", "Answered"
        LAST_RESORT = "last_resort", "Last resort"
        REPEATED = "repeated", "Started again"
        RESUMED = "resumed", "Goes on"
        GIVEN = "given", "Given to somebody"
        URGENT = "urgent", "Became urgent"
        APPROVAL = "approval", "Proposal"
        ENDED = "ended", "Ended"

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    step = models.PositiveSmallIntegerField(null=True)
    round = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300, blank=True)
    people: models.ManyToManyField[Person, models.Model] = models.ManyToManyField(Person, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = (
            # The engine may be killed anywhere: a step that is in the book can't be taken a second time.
            models.UniqueConstraint(
                fields=("escalation", "round", "step"),
                condition=Q(kind__in=("step", "skipped")),
                name="one_event_per_step",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


class EscalationAnswer(models.Model):
    """Somebody has answered an escalation that needs more than one answer."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="answers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("escalation", "person"), name="one_answer_per_person"),)

    def __str__(self) -> str:
        return f"{self.person} answered"


class StepAction(models.Model):
    """What a step does besides paging: due or ended, and tried again like a page, with the same key each time."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Calls a webhook"
        INCIDENT = "incident", "Declares an incident"
        CHAT = "chat", "Posts in a chat"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "No longer needed"

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="actions")
    event = models.ForeignKey(EscalationEvent, on_delete=models.CASCADE, related_name="actions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.CharField(max_length=200, help_text="What it does in words, without what may be secret.")
    settings = EncryptedJSON()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="step_action_is_ended_or_due",
                condition=Q(ended_at__isnull=True, due_at__isnull=False, state="waiting")
                | (Q(ended_at__isnull=False, due_at__isnull=True) & ~Q(state="waiting")),
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(ended_at__isnull=True), name="step_action_due"),)

    def __str__(self) -> str:
        return self.target


class Approval(models.Model):
    """A step has proposed to carry something out; somebody decides. Nothing happens by itself."""

    class State(models.TextChoices):
        OPEN = "open", "Waits for a decision"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "No longer needed"

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="approvals")
    mitigation = models.CharField(max_length=64, blank=True, help_text="Its slug, where one is proposed.")
    runbook = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Its slug, where one is proposed."
    )
    runbook_step = models.CharField(max_length=64, blank=True, default="", db_default="")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="What will be done, as it was when it was proposed.")
    mark = models.CharField(max_length=64, blank=True, help_text="Of all that would be carried out, as it was then.")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="approval_is_open_or_decided",
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
            ),
            # A policy that starts again does not ask a second time.
            models.UniqueConstraint(
                fields=("escalation", "mitigation", "runbook", "runbook_step"), name="one_approval_per_proposal"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def target(self) -> Target:
        """What is proposed, as the policy's step names it."""
        if self.runbook:
            return Target("runbook", 0, f"{self.runbook}/{self.runbook_step}" if self.runbook_step else self.runbook)
        return Target("mitigation", 0, self.mitigation)

    @staticmethod
    def named(target: Target) -> dict[str, str]:
        """The columns that say the same."""
        if target.kind == "runbook":
            return {"mitigation": "", "runbook": target.slug, "runbook_step": target.step}
        return {"mitigation": target.slug, "runbook": "", "runbook_step": ""}
