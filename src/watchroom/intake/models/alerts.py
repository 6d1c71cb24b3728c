"""Alerts, the groups they form, and what happened to those."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...paging.models import Escalation, EscalationPolicy, Urgency
from .integrations import Integration, Signal
from .routes import Route


class Severity(models.TextChoices):
    """How bad an alert is, in Watchroom's own words; senders' words are translated into these."""

    CRITICAL = "critical", "Critical"
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    INFO = "info", "Info"


class Verdict(models.TextChoices):
    """What an alert group was, in the eyes of who looked after it."""

    ACTED = "acted", "I had to act"
    NOTHING = "nothing", "Nothing to do"
    DUPLICATE = "duplicate", "Known already"
    FALSE = "false", "False alarm"


class AlertGroup(models.Model):
    """Alerts that belong together. At most one is open for a route and grouping key: a constraint says so."""

    route = models.ForeignKey(Route, on_delete=models.SET_NULL, null=True, related_name="+")
    group_key = models.CharField(max_length=64, help_text="SHA-256 of the route and the grouping labels.")
    group_labels = models.JSONField(default=dict)
    integration = models.ForeignKey(Integration, on_delete=models.SET_NULL, null=True, related_name="groups")
    service = models.ForeignKey(Service, on_delete=models.SET_NULL, null=True, related_name="alert_groups")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="alert_groups")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=300)
    rule = models.CharField(
        max_length=200, help_text="The sender's name for this kind of alert: alertname, or the title."
    )
    severity = models.CharField(max_length=8, choices=Severity.choices)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    held = models.JSONField(
        null=True, help_text="Why it pages nobody now: kind, id, name, until, since. None: not held."
    )
    review_at = models.DateTimeField(null=True, help_text="When what holds it is to be looked at again.")
    firing = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    drill = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    notify_at = models.DateTimeField(null=True, help_text="When its group wait ends and its escalation starts.")
    last_alert_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, help_text="When somebody was last told what fires in it.")
    update_at = models.DateTimeField(null=True, help_text="When those who are engaged are told of what has joined it.")
    group_interval_seconds = models.PositiveIntegerField(default=300)
    repeat_at = models.DateTimeField(null=True, help_text="When it is brought up again, if it still fires.")
    repeat_interval_seconds = models.PositiveIntegerField(default=0, help_text="0: it is not brought up again.")
    hurried = models.BooleanField(default=False, help_text="Somebody has said that it does not wait for its hours.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    snoozed = models.BooleanField(default=False, help_text="Acknowledged only to be left alone until returns_at.")
    returns_at = models.DateTimeField(
        null=True, help_text="When the acknowledgement ends by itself and paging goes on."
    )
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    verdict = models.CharField(max_length=9, choices=Verdict.choices, blank=True)
    verdict_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    reopened = models.PositiveIntegerField(default=0, help_text="How often it fired again soon after it had ended.")
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    flapping_since = models.DateTimeField(null=True, help_text="Since when it begins and ends again and again.")
    flap_turns_at = models.DateTimeField(
        null=True,
        help_text="While it flaps and fires: when it pages all the same. Once it has ended: when it is quiet.",
    )
    declare_at = models.DateTimeField(
        null=True, help_text="When it is decided whether its route declares an incident for it; not while it is held."
    )
    unattended_since = models.DateTimeField(
        null=True, help_text="Since when nobody has it, where that is later than it opened: given, returned or let go."
    )
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("group_key",), condition=Q(resolved_at__isnull=True), name="one_open_group_per_key"
            ),
            models.CheckConstraint(
                name="what_returns_is_acknowledged",
                condition=Q(returns_at__isnull=True) | Q(acknowledged_at__isnull=False, resolved_at__isnull=True),
            ),
            models.CheckConstraint(
                name="resolved_group_tells_no_more",
                condition=Q(resolved_at__isnull=True) | Q(update_at__isnull=True, repeat_at__isnull=True),
            ),
            models.CheckConstraint(
                name="only_what_flaps_turns",
                condition=Q(flap_turns_at__isnull=True) | Q(flapping_since__isnull=False),
            ),
            models.CheckConstraint(
                name="what_is_snoozed_returns", condition=Q(snoozed=False) | Q(returns_at__isnull=False)
            ),
        )
        indexes = (
            models.Index(fields=("-last_alert_at", "-id"), condition=Q(resolved_at__isnull=True), name="group_open"),
            models.Index(fields=("notify_at",), condition=Q(notify_at__isnull=False), name="group_notify"),
            models.Index(fields=("update_at",), condition=Q(update_at__isnull=False), name="group_update"),
            models.Index(fields=("repeat_at",), condition=Q(repeat_at__isnull=False), name="group_repeat"),
            models.Index(fields=("route",), condition=Q(resolved_at__isnull=True), name="group_open_of_route"),
            models.Index(fields=("service",), condition=Q(resolved_at__isnull=True), name="group_open_of_service"),
            models.Index(fields=("returns_at",), condition=Q(returns_at__isnull=False), name="group_returns"),
            models.Index(fields=("review_at",), condition=Q(review_at__isnull=False), name="group_review"),
            models.Index(fields=("flap_turns_at",), condition=Q(flap_turns_at__isnull=False), name="group_flap"),
            models.Index(
                fields=("service",), condition=Q(resolved_at__isnull=True, held__isnull=False), name="group_held"
            ),
            models.Index(
                fields=("declare_at",),
                condition=Q(declare_at__isnull=False, held__isnull=True, resolved_at__isnull=True),
                name="group_declare",
            ),
            models.Index(fields=("service", "-id"), name="group_of_service"),
            models.Index(fields=("group_key", "-id"), name="group_of_key"),
            models.Index(fields=("opened_at",), name="group_opened"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        """firing, acknowledged or resolved: derived from the facts."""
        if self.resolved_at:
            return "resolved"
        return "acknowledged" if self.acknowledged_at else "firing"

    @property
    def escalations(self) -> models.QuerySet[Escalation]:
        return Escalation.objects.filter(kind=Escalation.Kind.ALERT_GROUP, subject_id=self.pk)


class Responder(models.Model):
    """Somebody who was asked to help with a group, and the page with which they were asked."""

    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="responders")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    escalation = models.OneToOneField(Escalation, on_delete=models.CASCADE, related_name="+")
    added_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.person)


class Alert(models.Model):
    """One deduplicated problem: a dedup key within an integration."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="alerts")
    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="alerts")
    dedup_key = models.CharField(max_length=255)
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    link = models.CharField(max_length=2000, blank=True)
    starts_at = models.DateTimeField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(
        null=True, help_text="Counts as resolved then, unless it is seen again. None: when its sender says so."
    )
    ended_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(default=1, help_text="How often the sender has told us.")
    held = models.JSONField(null=True, help_text="Why it pages nobody now: kind, id, name, until. None: not held.")
    last_signal = models.ForeignKey(
        Signal, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "dedup_key", "group"),
                condition=Q(ended_at__isnull=True),
                name="one_firing_alert_per_key_and_group",
            ),
            models.CheckConstraint(
                name="ended_alert_does_not_expire",
                condition=Q(ended_at__isnull=True) | Q(expires_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=("-id",), condition=Q(ended_at__isnull=True), name="alert_firing"),
            models.Index(fields=("expires_at",), condition=Q(expires_at__isnull=False), name="alert_expiry"),
            models.Index(fields=("group", "-id"), name="alert_of_group"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        return "resolved" if self.ended_at else "firing"


class GroupEvent(models.Model):
    """What happened to an alert group."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        FIRED = "fired", "Alert fired"
        ENDED = "ended", "Alert resolved"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        UNACKNOWLEDGED = "unacknowledged", "Acknowledgement taken back"
        RESOLVED = "resolved", "Resolved"
        REOPENED = "reopened", "Fired again"
        NOTE = "note", "Note"
        ESCALATED = "escalated", "Escalated by hand"
        UNROUTED = "unrouted", "Nobody to page"
        HELD = "held", "Held back"
        RELEASED = "released", "No longer held back"
        JUDGED = "judged", "Judged"
        SNOOZED = "snoozed", "Snoozed"
        RETURNED = "returned", "Paging goes on"
        REASSIGNED = "reassigned", "Given to somebody"
        RESPONDER = "responder", "Asked to help"
        UPDATED = "updated", "Told what has joined"
        REPEATED = "repeated", "Brought up again"
        HURRIED = "hurried", "Not to wait any longer"
        FLAPPING = "flapping", "Flapping"
        QUIET = "quiet", "Quiet again"
        DECLARED = "declared", "Incident by rule"

    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=14, choices=Kind.choices)
    alert = models.ForeignKey(Alert, on_delete=models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("group", "id"), name="event_of_group"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
