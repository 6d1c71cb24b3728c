"""Integrations, signals, alerts, alert groups, routes.

The gate writes `intake_signal` and reads `intake_integration` in plain SQL (`intake/gate/store.py`, `keys.py`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..kernel import clock
from ..paging.models import Escalation, EscalationPolicy, Urgency


class Severity(models.TextChoices):
    CRITICAL = "critical", "Critical"
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    INFO = "info", "Info"


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


class Route(models.Model):
    """A node of the routing tree. Children are tried in order; the root (no parent) takes what no child takes."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=100)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="routes")
    matchers = models.JSONField(default=list, blank=True)  # ['severity="critical"', 'job=~"api.*"']
    goes_on = models.BooleanField("Continue", default=False, help_text="Also try the routes after this one.")
    group_by = models.JSONField(null=True, blank=True)  # None: inherited; ["..."]: every alert by itself
    group_wait_seconds = models.PositiveIntegerField(null=True, blank=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="routes")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="routes")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("name",), name="one_route_per_name"),)

    def __str__(self) -> str:
        return self.name


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
    severity = models.CharField(max_length=8, choices=Severity.choices)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    firing = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    drill = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    notify_at = models.DateTimeField(null=True, help_text="When its group wait ends and its escalation starts.")
    last_alert_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("group_key",), condition=Q(resolved_at__isnull=True), name="one_open_group_per_key"
            ),
        )
        indexes = (
            models.Index(fields=("-last_alert_at", "-id"), condition=Q(resolved_at__isnull=True), name="group_open"),
            models.Index(fields=("notify_at",), condition=Q(notify_at__isnull=False), name="group_notify"),
            models.Index(fields=("service", "-id"), name="group_of_service"),
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
    expires_at = models.DateTimeField(null=True, help_text="Counts as resolved then, unless it is seen again.")
    ended_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(default=1, help_text="How often the sender has told us.")
    last_signal = models.ForeignKey(Signal, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "dedup_key", "group"),
                condition=Q(ended_at__isnull=True),
                name="one_firing_alert_per_key_and_group",
            ),
            models.CheckConstraint(
                name="alert_is_ended_or_expires",
                condition=Q(ended_at__isnull=True, expires_at__isnull=False)
                | Q(ended_at__isnull=False, expires_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=("expires_at",), condition=Q(ended_at__isnull=True), name="alert_expiry"),
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
        NOTE = "note", "Note"
        ESCALATED = "escalated", "Escalated by hand"
        UNROUTED = "unrouted", "Nobody to page"

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
