"""The catalog of mitigations and their runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..incidents.models import Incident


class MitigationKind(models.TextChoices):
    ROLL_BACK = "roll_back", "Roll back"
    DISABLE = "disable", "Disable a feature"
    FAIL_OVER = "fail_over", "Fail over"
    SCALE_UP = "scale_up", "Scale up"
    RESTART = "restart", "Restart"
    DRAIN = "drain", "Drain"
    BLOCK = "block", "Block"
    OTHER = "other", "Something else"


class Risk(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Mitigation(models.Model):
    """Something that can be done for a service (or for any, where none is named) when it hurts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="mitigations")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True, related_name="mitigations")
    kind = models.CharField(max_length=10, choices=MitigationKind.choices)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    how = models.TextField(help_text="Step by step, for someone without deep knowledge.")
    check_text = models.TextField("How to see that it worked", blank=True)
    undo = models.TextField("How to undo it", blank=True)
    risk = models.CharField(max_length=6, choices=Risk.choices, default=Risk.LOW)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("risk", "name", "id")

    def __str__(self) -> str:
        return self.name


class MitigationRun(models.Model):
    """One attempt at stopping the bleeding in an incident, and its outcome."""

    class Outcome(models.TextChoices):
        WORKED = "worked", "It worked"
        PARTLY = "partly", "It helped in part"
        NO_EFFECT = "no_effect", "No effect"
        WORSE = "worse", "It made things worse"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mitigation_runs")
    mitigation = models.ForeignKey(Mitigation, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    kind = models.CharField(max_length=10, choices=MitigationKind.choices)
    title = models.CharField(max_length=200)
    started_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    note = models.TextField(blank=True)
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="run_ends_with_an_outcome",
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
            ),
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_run_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.title
