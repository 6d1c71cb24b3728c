"""Schedules: rotations, overrides, and what replaces them for a while."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from ...accounts.models import Person, Team
from ...kernel import clock


class Schedule(models.Model):
    """Who is on call when. Its rotations are layers; an override wins over every layer."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="schedules")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)
    remind_hours = models.PositiveSmallIntegerField(
        default=12, help_text="How long before a shift whoever comes is reminded of it; 0: not at all."
    )
    handoff_due_at = models.DateTimeField(default=clock.now, help_text="When its shift changes are next looked at.")
    handoff_seen_at = models.DateTimeField(default=clock.now, help_text="Shift changes up to here have been handled.")
    worked_to = models.DateTimeField(
        null=True, help_text="What was worked is written down from created_at up to here. Null: nothing is yet."
    )
    worked_due_at = models.DateTimeField(default=clock.now, help_text="When the engine writes on.")

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("handoff_due_at",), name="schedule_by_handoff"),
            models.Index(fields=("worked_due_at",), name="schedule_by_worked"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def written_to(self) -> datetime:
        """Up to when it is written down who was on call; from then on the rules say it."""
        return self.worked_to or self.created_at


class Rotation(models.Model):
    """People taking turns. Kept in the schedule's local time, so that the hand-off stays at the same hour all year."""

    class Unit(models.TextChoices):
        HOURS = "hours", "Hours"
        DAYS = "days", "Days"
        WEEKS = "weeks", "Weeks"
        MONTHS = "months", "Months"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="rotations")
    name = models.CharField(max_length=100)
    precedence = models.PositiveSmallIntegerField(
        default=0, help_text="The highest that has somebody wins; equal ones are on call together."
    )
    unit = models.CharField(max_length=6, choices=Unit.choices, default=Unit.WEEKS)
    length = models.PositiveSmallIntegerField(default=1)
    starts_at = models.CharField(max_length=16, help_text="The first hand-off, local: 2026-03-02T09:00")
    until = models.DateTimeField(null=True, blank=True)
    restrictions = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Its place among those of the same precedence, as the schedule was saved."
    )

    class Meta:
        ordering = ("-precedence", "position", "id")
        constraints = (models.CheckConstraint(condition=models.Q(length__gte=1), name="rotation_has_a_length"),)

    def __str__(self) -> str:
        return self.name


class RotationMember(models.Model):
    """A person's place in a rotation; people with the same turn are on call together."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    turn = models.PositiveSmallIntegerField()
    is_shadow = models.BooleanField(default=False, help_text="Learns beside the others: shown, never paged.")

    class Meta:
        ordering = ("turn", "id")
        constraints = (models.UniqueConstraint(fields=("rotation", "turn", "person"), name="one_place_per_turn"),)

    def __str__(self) -> str:
        return f"{self.person} ({self.turn})"


class Override(models.Model):
    """Somebody takes over for a while: of everybody (``replaces`` empty) or of one person."""

    class Kind(models.TextChoices):
        OVERRIDE = "override", "Override"
        SWAP = "swap", "Swap"
        COVER = "cover", "Cover"
        TAKEN = "taken", "Taken over"
        PLANNED = "planned", "Planned rota"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    replaces = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.OVERRIDE)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="override_ends_after_start"
            ),
        )
        indexes = (models.Index(fields=("schedule", "ends_at"), name="override_by_end"),)

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"


class Temporary(models.Model):
    """What replaces all rotations and calendars of a schedule for a while: turns of its own, or another schedule. Overrides
    go on counting."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="temporaries")
    name = models.CharField(max_length=100)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    other = models.ForeignKey(Schedule, on_delete=models.CASCADE, null=True, blank=True, related_name="stands_in")
    unit = models.CharField(max_length=6, choices=Rotation.Unit.choices, default=Rotation.Unit.WEEKS)
    length = models.PositiveSmallIntegerField(default=1)
    restrictions = models.JSONField(default=list, blank=True)
    members = models.JSONField(default=list, help_text="Numbers of people, turn by turn.")
    people = models.ManyToManyField(Person, related_name="+", help_text="The same, without order.")
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="temporary_ends_after_start"
            ),
        )
        indexes = (models.Index(fields=("schedule", "ends_at"), name="temporary_by_end"),)

    def __str__(self) -> str:
        return f"{self.name}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"
