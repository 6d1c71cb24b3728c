"""The routing tree as it is stored."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from ...catalog.models import Service
from ...paging.models import EscalationPolicy, Urgency


class TimeInterval(models.Model):
    """A named set of times, as Alertmanager writes them; routes mute, page or wait by it."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="time_intervals")
    intervals = models.JSONField(default=list)  # [{"weekdays": ["monday:friday"], "times": [...], "location": "..."}]

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


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
    group_interval_seconds = models.PositiveIntegerField(null=True, blank=True)
    repeat_interval_seconds = models.PositiveIntegerField(null=True, blank=True)  # 0: never
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="routes")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="routes")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, blank=True)
    service_label = models.CharField(max_length=200, blank=True, help_text="The label whose value is a service's slug.")
    severities = models.JSONField(null=True, blank=True)  # [{"severity": "critical", "matcher": 'priority="P1"'}]
    mute_intervals = models.JSONField(default=list, blank=True)  # names of time intervals; not inherited
    active_intervals = models.JSONField(default=list, blank=True)  # the same
    low_urgency_intervals = models.JSONField(null=True, blank=True)  # low urgency pages only then; None: inherited
    declares = models.JSONField(null=True, blank=True)  # as rules.declaring.Declares; False: none; None: inherited
    turns_at = models.DateTimeField(null=True, help_text="When its time intervals next change what it does.")
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("name",), name="one_route_per_name"),)
        indexes = (models.Index(fields=("turns_at",), condition=Q(turns_at__isnull=False), name="route_turns"),)

    def __str__(self) -> str:
        return self.name
