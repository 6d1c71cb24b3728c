"""Policies, escalations, contact methods, notifications and attempts.

Law: an escalation is finished or has a due time, and so is a notification. A CHECK on each table says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..kernel import clock
from ..kernel.fields import EncryptedJSON
from ..oncall.models import Schedule
from ..workspaces.models import Workspace


def in_a_while() -> datetime:
    """Not while somebody is still setting it up."""
    return clock.now() + timedelta(minutes=10)


class EscalationPolicy(models.Model):
    """Whom to page, in what order. Each edit raises ``version``; a running escalation keeps the one it started with."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    repeats = models.PositiveSmallIntegerField(
        default=2, help_text="How often the steps start again when nobody answers."
    )
    answers = models.PositiveSmallIntegerField(default=1, help_text="How many people have to answer until it stops.")
    webhook_key = EncryptedJSON(null=True, help_text="The secret that signs what its steps send to webhooks.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)
    look_at = models.DateTimeField(
        default=in_a_while, help_text="When its steps are next looked at for weeks in which they page nobody."
    )

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("look_at",), name="policy_look_at"),)

    def __str__(self) -> str:
        return self.name


class EscalationStep(models.Model):
    """One line of a policy: page these, then wait."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    wait_seconds = models.PositiveIntegerField(
        default=300, help_text="How long to wait for an answer before the next step."
    )
    urgency = models.CharField(max_length=4, blank=True, help_text="high or low; empty: the urgency of what happened.")
    round_robin = models.BooleanField(default=False, help_text="Page only the one whose turn it is.")
    conditions = models.JSONField(default=dict, help_text="When the step applies; empty: always.")
    pause = models.BooleanField(default=False, help_text="Do nothing, only wait.")

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("policy", "position"), name="one_step_per_position"),)

    def __str__(self) -> str:
        return f"{self.policy}, step {self.position + 1}"


_NUMBERS = ("person", "schedule", "team", "incident_severity", "workspace")
_TEXTS = ("webhook", "role", "mitigation")


def _only(field: str) -> Q:
    """Of the kinds of targets, only this one is set."""
    found = Q(**{f"{name}__isnull": name != field for name in _NUMBERS})
    for name in _TEXTS:
        found &= ~Q(**{name: ""}) if name == field else Q(**{name: ""})
    return found


def _one_of_them() -> Q:
    found = Q()
    for field in (*_NUMBERS, *_TEXTS):
        found |= _only(field)
    return found


class StepTarget(models.Model):
    """What a step does: page a person, whoever a schedule means, everybody in a team, or whoever has a role in the
    incident; call a webhook; declare an incident; propose a mitigation; post in a room of a chat."""

    class Who(models.TextChoices):
        CURRENT = "current", "On call now"
        NEXT = "next", "Next on call"
        ALL = "all", "Everybody in the rotations"

    step = models.ForeignKey(EscalationStep, on_delete=models.CASCADE, related_name="targets")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="step_targets")
    who = models.CharField(max_length=7, choices=Who.choices, default=Who.CURRENT, help_text="Of the schedule.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    webhook = models.CharField(max_length=2000, blank=True)
    incident_severity = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0: as the alerts say.")
    role = models.CharField(max_length=40, blank=True, help_text="Whoever has it in the incident.")
    mitigation = models.CharField(max_length=64, blank=True, help_text="Slug of what is proposed, to be approved.")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="step_targets"
    )
    room = models.CharField(max_length=250, blank=True, help_text="Of the workspace, as its product writes it.")

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(name="step_target_is_one_thing", condition=_one_of_them()),)

    def __str__(self) -> str:
        if self.webhook:
            return f"webhook {self.webhook}"
        if self.incident_severity is not None:
            return f"declare an incident{f' (SEV{self.incident_severity})' if self.incident_severity else ''}"
        if self.role:
            return f"the incident's {self.role.replace('_', ' ')}"
        if self.mitigation:
            return f"propose {self.mitigation}"
        if self.workspace:
            return f"post in {self.room} of {self.workspace}" if self.room else f"post in {self.workspace}"
        if self.schedule:
            return f"{self.get_who_display().lower()} in {self.schedule}"
        return str(self.person or self.team)


class PolicyVersion(models.Model):
    """A policy as it was with this version. What runs keeps following the one with which it started."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    plan = models.JSONField(help_text="Its steps, as escalations keep them.")
    saved_at = models.DateTimeField(default=clock.now)
    saved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("policy", "version"), name="one_policy_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.policy}, version {self.version}"


class RoundRobin(models.Model):
    """Whose turn was last in a step of a policy. One row, locked by whoever takes a turn: two escalations at the same
    moment never hand out the same one."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="round_robins")
    position = models.PositiveSmallIntegerField()
    last = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    turns = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("policy", "position"), name="one_round_robin_per_step"),)

    def __str__(self) -> str:
        return f"{self.policy}, step {self.position + 1}: {self.last}"


class Urgency(models.TextChoices):
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
        max_length=200, blank=True, db_index=True, help_text="By what an answer is known to come from it; of chats."
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


class EscalationEvent(models.Model):
    """What happened in an escalation; with the notifications this is its trace."""

    class Kind(models.TextChoices):
        STARTED = "started", "Started"
        STEP = "step", "Step"
        SKIPPED = "skipped", "Step left out"
        NOBODY = "nobody", "Nobody to page"
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
    mitigation = models.CharField(max_length=64, help_text="Its slug.")
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
            models.UniqueConstraint(fields=("escalation", "mitigation"), name="one_approval_per_mitigation"),
        )

    def __str__(self) -> str:
        return self.title


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


class PagingDefect(models.Model):
    """What keeps, kept or will keep a page from reaching anybody. It stays until it is resolved: by a person, or by
    Watchroom when it looks ahead and finds that it is mended. Never of a drill."""

    class Kind(models.TextChoices):
        NOBODY = "nobody", "A step had nobody to page"
        RAN_OUT = "ran_out", "Nobody answered at all"
        AHEAD = "ahead", "A step will have nobody to page"
        IMPAIRED = "impaired", "Paging was impaired"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Names the cause: while it is open, the same cause is counted, not written again.
    key = models.CharField(max_length=120)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, null=True, related_name="defects")
    text = models.CharField(max_length=500)
    fix = models.CharField(max_length=300, blank=True)
    path = models.CharField(max_length=200, blank=True, help_text="Where it can be mended.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    starts_at = models.DateTimeField(null=True, help_text="Of one that lies ahead: from when.")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-last_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=Q(resolved_at__isnull=True), name="one_open_defect_per_cause"
            ),
        )
        indexes = (
            models.Index(fields=("-last_at", "-id"), condition=Q(resolved_at__isnull=True), name="defect_open"),
            models.Index(fields=("key", "resolved_at"), name="defect_of_cause"),
        )

    def __str__(self) -> str:
        return self.text
