"""Action items, their history, and the issues that they are elsewhere."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..evidence.models import Connection
from ..incidents.models import Incident
from ..kernel import clock


class ActionItem(models.Model):
    """Something that will be done so that it does not happen again. Open, it has a time of the next reminder."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DOING = "doing", "In progress"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    class Kind(models.TextChoices):
        PREVENT = "prevent", "Prevent it"
        DETECT = "detect", "Notice it sooner"
        MITIGATE = "mitigate", "Stop it faster"
        PROCESS = "process", "Respond better"

    class Priority(models.IntegerChoices):
        HIGH = 1, "High"
        MEDIUM = 2, "Medium"
        LOW = 3, "Low"

    incident = models.ForeignKey(
        Incident, on_delete=models.SET_NULL, null=True, blank=True, related_name="action_items"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="action_items")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PREVENT)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.MEDIUM)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    remind_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("due_on", "priority", "id")
        constraints = (
            models.CheckConstraint(
                name="action_is_ended_or_reminded",
                condition=Q(state__in=("open", "doing"), remind_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=("done", "dropped"), remind_at__isnull=True, ended_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("remind_at",), condition=Q(remind_at__isnull=False), name="action_remind"),
            models.Index(fields=("owner", "state", "due_on"), name="action_of_owner"),
            models.Index(
                fields=("due_on", "priority", "id"), condition=Q(remind_at__isnull=False), name="action_open_by_due"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in {"open", "doing"}


class ActionEvent(models.Model):
    """What happened to an action item."""

    action = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)  # created, changed, started, reminded, done, dropped, reopened, issue
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


class Issue(models.Model):
    """What an action item is in a tracker. The engine makes it there, and keeps both in step."""

    action = models.OneToOneField(ActionItem, on_delete=models.CASCADE, related_name="issue")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.SET_NULL,
        null=True,
        related_name="issues",
        help_text="Empty: only its address is left.",
    )
    mark = models.CharField(
        max_length=40, unique=True, help_text="By it the issue is found, if nobody knows whether it was made."
    )
    theirs = models.CharField(max_length=100, blank=True, help_text="Its id there; empty: it has not been made.")
    key = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    open = models.BooleanField(default=True, help_text="Whether it was open when it was last looked at.")
    looked_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    error = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, help_text="When the engine looks after it next.")

    class Meta:
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="issue_due"),)

    def __str__(self) -> str:
        return self.key or "an issue that is being made"
