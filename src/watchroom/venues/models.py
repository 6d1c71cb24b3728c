"""Bridges, plans (where people meet, and when that is made), and the venues of incidents."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..incidents.models import Incident, LogEntry
from ..kernel import clock
from ..kernel.fields import EncryptedJSON
from ..workspaces.models import Workspace


class Bridge(models.Model):
    """What opens calls. Its settings hold secrets."""

    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="bridges", help_text="Empty: everybody's."
    )
    kind = models.CharField(max_length=40, help_text="Which plugin speaks to it.")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    settings = EncryptedJSON(default=dict)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class VenuePlan(models.Model):
    """In which workspace a channel is made and by which bridge a call is opened, and for which incidents by itself."""

    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="venue_plans",
        help_text="Empty: for everybody's incidents, where their team has no plan of its own.",
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="venue_plans"
    )
    bridge = models.ForeignKey(Bridge, on_delete=models.PROTECT, null=True, blank=True, related_name="plans")
    least_severity = models.PositiveSmallIntegerField(
        default=2, help_text="By itself from SEV1 up to this one; 0: only when somebody asks."
    )
    types = models.JSONField(default=list, blank=True, help_text="Slugs of incident types; empty: all.")
    private = models.BooleanField(default=False, help_text="By itself also for private incidents.")
    drills = models.BooleanField(default=False, help_text="By itself also for drills.")

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                name="plan_offers_something", condition=Q(workspace__isnull=False) | Q(bridge__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.name


class Venue(models.Model):
    """A channel or a call of an incident."""

    class Kind(models.TextChoices):
        CHAT = "chat", "Channel"
        CALL = "call", "Call"

    class State(models.TextChoices):
        ASKED = "asked", "Being made"
        OPEN = "open", "Open"
        FAILED = "failed", "Failed"
        CLOSED = "closed", "Closed"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="venues")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    workspace = models.ForeignKey(Workspace, on_delete=models.SET_NULL, null=True, related_name="venues")
    bridge = models.ForeignKey(Bridge, on_delete=models.SET_NULL, null=True, related_name="venues")
    state = models.CharField(max_length=6, choices=State.choices, default=State.ASKED)
    room = models.CharField(max_length=250, blank=True, help_text="Its id on the other side.")
    name = models.CharField(max_length=250, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    topic = models.CharField(max_length=400, blank=True, help_text="What was set last.")
    invited = models.JSONField(default=list, help_text="Numbers of the people who were invited.")
    closing = models.BooleanField(default=False, help_text="Somebody wants it closed before the end.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    opened_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When the engine looks after it.")
    busy_until = models.DateTimeField(
        null=True, help_text="Somebody looks after it now: what happens meanwhile makes it due, and waits for them."
    )
    watch_at = models.DateTimeField(
        null=True, help_text="When it is asked next which messages are marked; empty: told."
    )
    watched_to = models.BigIntegerField(default=0, help_text="Up to where that is known: the product's own measure.")
    token = models.PositiveIntegerField(default=0, help_text="Who looks after it now: a late answer changes nothing.")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("incident", "kind"), name="one_venue_of_a_kind"),)
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="venue_due"),
            models.Index(fields=("workspace", "room"), name="venue_of_room"),
            models.Index(fields=("watch_at",), condition=Q(watch_at__isnull=False), name="venue_watch_due"),
        )

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} of #{self.incident_id}"


class Taken(models.Model):
    """A message of a channel on its way into the log: marked there, or said with a word in front and held back for a moment,
    because its author should see a better wording before others see it."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="taken")
    message = models.CharField(max_length=250, help_text="Its number there, or a mark of a command.")
    marks = models.JSONField(default=dict, help_text="The marks that it has, each with the id there of who made it.")
    kind = models.CharField(max_length=10, default=LogEntry.Kind.NOTE, choices=LogEntry.Kind.choices)
    text = models.TextField(blank=True, help_text="Empty: not read yet.")
    author = models.CharField(max_length=250, blank=True, help_text="The id there of who wrote it.")
    name = models.CharField(max_length=150, blank=True, help_text="What they are called there.")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(null=True)
    url = models.CharField(max_length=1000, blank=True)
    shown = models.BooleanField(default=False, help_text="Its author has been shown a better wording.")
    entry = models.ForeignKey(LogEntry, on_delete=models.SET_NULL, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, help_text="When the engine goes on with it.")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("venue", "message"), name="one_line_per_message"),)
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="taken_due"),)

    def __str__(self) -> str:
        return self.text[:80] or self.message


class VenueLine(models.Model):
    """A line of the log that was posted in a channel."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="lines")
    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("venue", "entry"), name="one_post_per_line"),)

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.venue_id}"
