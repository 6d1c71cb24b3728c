"""Workflows and their runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Team
from ..incidents.models import Incident
from ..kernel import clock


class Workflow(models.Model):
    """When one of these happens in an incident, and all of this holds, then these are done, in order."""

    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="workflows", help_text="Empty: everybody's."
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)
    triggers = models.JSONField(default=list, help_text="Types of events, or incident.*")
    conditions = models.JSONField(default=dict, help_text="As rules.Conditions writes them.")
    actions = models.JSONField(default=list, help_text="Each an object with do and what that takes.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("id",), condition=Q(enabled=True), name="workflow_enabled"),)

    def __str__(self) -> str:
        return self.name


class WorkflowRun(models.Model):
    """What a workflow did for one event: once."""

    class State(models.TextChoices):
        DUE = "due", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Done in part"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="runs")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="workflow_runs")
    event_key = models.UUIDField()
    event_type = models.CharField(max_length=60)
    actions = models.JSONField(help_text="As they were then.")
    results = models.JSONField(default=list, help_text="Of those that were done: do, ok, text.")
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("workflow", "event_key"), name="one_run_per_event"),
            models.CheckConstraint(condition=Q(due_at__isnull=True) ^ Q(ended_at__isnull=True), name="run_due_or_over"),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="workflow_run_due"),
            models.Index(fields=("workflow", "-id"), name="run_of_workflow"),
            models.Index(fields=("incident", "-id"), name="workflow_run_of_incident"),
        )

    def __str__(self) -> str:
        return f"{self.workflow} for {self.incident}"
