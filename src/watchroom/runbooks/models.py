"""Runbooks and their versions, and runs of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..incidents.models import Incident
from ..intake.models import AlertGroup
from ..kernel import clock


class Runbook(models.Model):
    """What to do, step by step, when something of a kind happens. Its steps stand in its newest version."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runbooks")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    summary = models.TextField("When to use it", blank=True)
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, blank=True, related_name="runbooks"
    )
    matchers = models.JSONField(
        default=list, blank=True, help_text="Alerts that all of these match are what it is for."
    )
    owner = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=0, help_text="Of its newest version; 0: it has no steps yet.")
    review_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After how many days somebody looks whether it is still right."
    )
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    remind_at = models.DateTimeField(
        null=True, help_text="When its owner is told that a review is due; empty: they were."
    )
    links = models.JSONField(null=True, help_text="What came of asking its links: address, ok, text.")
    links_at = models.DateTimeField(null=True, help_text="When they were asked.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("remind_at",), condition=models.Q(remind_at__isnull=False), name="runbook_remind"),
        )

    def __str__(self) -> str:
        return self.name


class RunbookVersion(models.Model):
    """A runbook as it was saved. What runs keeps following the one with which it began."""

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    steps = models.JSONField(help_text="As rules.Step writes them.")
    saved_at = models.DateTimeField(default=clock.now)
    saved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("runbook", "version"), name="one_runbook_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.runbook}, version {self.version}"


class RunbookRun(models.Model):
    """A runbook being carried out, in an incident or (where there is none) for an alert group. It keeps what the runbook
    said when it began, so that it goes on whatever becomes of that."""

    class Helped(models.TextChoices):
        HELPED = "helped", "It helped"
        PARTLY = "partly", "It helped in part"
        NO = "no", "It did not help"
        OUTDATED = "outdated", "It is out of date"

    runbook = models.ForeignKey(Runbook, on_delete=models.SET_NULL, null=True, related_name="runs")
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    steps = models.JSONField(help_text="Of that version, as rules.Step writes them.")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="runbook_runs")
    group = models.ForeignKey(
        AlertGroup, on_delete=models.SET_NULL, null=True, related_name="runbook_runs",
        help_text="For which it was started; once that is part of an incident, the run goes on there.",
    )  # fmt: skip
    drill = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    helped = models.CharField(max_length=8, choices=Helped.choices, blank=True)
    note = models.TextField(blank=True)
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("runbook", "-id"), condition=Q(drill=False), name="run_counts_for_runbook"),
            models.Index(fields=("group",), condition=Q(ended_at__isnull=True), name="runbook_runs_of_group"),
        )
        constraints = (
            models.CheckConstraint(
                name="runbook_run_ends_with_a_word",
                condition=Q(ended_at__isnull=True, helped="") | (Q(ended_at__isnull=False) & ~Q(helped="")),
            ),
            models.UniqueConstraint(
                fields=("runbook", "client_key"), condition=~Q(client_key=""), name="one_runbook_run_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.name


class StepOutcome(models.Model):
    """What came of a step of a run. Taken back, it stays as such: doing the step again is another turn."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"
        FAILED = "failed", "Did not work"
        ANSWERED = "answered", "Answered"
        UNDONE = "undone", "Taken back"

    SAID = (Outcome.DONE, Outcome.SKIPPED, Outcome.FAILED, Outcome.ANSWERED)

    run = models.ForeignKey(RunbookRun, on_delete=models.CASCADE, related_name="outcomes")
    key = models.CharField(max_length=64)
    turn = models.PositiveSmallIntegerField(
        default=1, help_text="An answer may lead back, and an outcome be taken back: the how manieth time it is."
    )
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    answer = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("run", "key", "turn"), name="one_outcome_per_step_and_turn"),)

    def __str__(self) -> str:
        return f"{self.run}, {self.key}: {self.outcome}"
