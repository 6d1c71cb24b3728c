"""The routing tree as it is stored."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Team
from ...catalog.models import Service
from ...paging.models import EscalationPolicy, Urgency


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
