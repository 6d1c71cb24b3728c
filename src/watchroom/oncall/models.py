"""Schedules, their rotations and overrides; absences, swaps, calendars that come in and calendars that go out."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Person, Team
from ..kernel import clock
from ..kernel.fields import EncryptedJSON


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

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("handoff_due_at",), name="schedule_by_handoff"),)

    def __str__(self) -> str:
        return self.name


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

    class Meta:
        ordering = ("-precedence", "id")
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

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    replaces = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
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


class Calendar(models.Model):
    """An iCalendar address that is read again and again: somebody's absences, or the shifts of a schedule.

    What was read last stays until something better comes; ``read_at`` says how old it is.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, null=True, blank=True, related_name="calendars")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=100)
    url = EncryptedJSON(help_text="Whoever knows it can read the calendar, so it is kept as a secret.")
    precedence = models.PositiveSmallIntegerField(
        default=0, help_text="Of shifts that name no level themselves, as in [L1]; counts among the rotations'."
    )
    text = EncryptedJSON(null=True)  # the last good copy
    read_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=clock.now)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    unknown = models.JSONField(default=list)  # entries that name nobody here
    warn_due_at = models.DateTimeField(null=True, help_text="While it fails: when its owner is told next.")
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(schedule__isnull=True) ^ models.Q(person__isnull=True),
                name="calendar_of_a_schedule_or_a_person",
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="calendar_by_due"),
            models.Index(fields=("warn_due_at",), name="calendar_by_warning"),
        )

    def __str__(self) -> str:
        return self.name


class CalendarShift(models.Model):
    """A shift read from a calendar."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="shifts")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    precedence = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("starts_at", "id")
        indexes = (models.Index(fields=("calendar", "ends_at"), name="calendar_shift_by_end"),)

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"


class Absence(models.Model):
    """Somebody is away: entered by themselves, from a file, or read from their calendar. It changes no schedule."""

    class Source(models.TextChoices):
        OWN = "own", "Entered"
        FILE = "file", "From a file"
        CALENDAR = "calendar", "From a calendar"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    paged = models.BooleanField(default=True, help_text="Whether pages reach them all the same.")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.OWN)
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, null=True, blank=True, related_name="absences")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_ends_after_start"
            ),
        )
        indexes = (models.Index(fields=("person", "ends_at"), name="absence_by_end"),)

    def __str__(self) -> str:
        return f"{self.person} away, {self.starts_at:%d %b} to {self.ends_at:%d %b}"


class Swap(models.Model):
    """Somebody asks to be covered for a shift; whoever takes it gets it by an override, in the same transaction."""

    class State(models.TextChoices):
        OFFERED = "offered", "Offered"
        TAKEN = "taken", "Taken"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="swaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    offered_by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    offered_to = models.ManyToManyField(Person, related_name="+", help_text="Who was asked.")
    declined_by = models.ManyToManyField(Person, related_name="+")
    taken_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    override = models.ForeignKey(Override, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OFFERED)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="swap_ends_after_start"),
        )
        indexes = (models.Index(fields=("state", "expires_at"), name="swap_by_expiry"),)

    def __str__(self) -> str:
        return f"{self.offered_by}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"


class Handoff(models.Model):
    """A shift change with what the next person must know. Until ``written_at`` it lies ahead, and may still move with the
    schedule; each schedule has one of those at most."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="handoffs")
    at = models.DateTimeField()
    since = models.DateTimeField(null=True, help_text="From when on its report tells.")
    outgoing = models.ManyToManyField(Person, related_name="+")
    incoming = models.ManyToManyField(Person, related_name="+")
    report = models.JSONField(default=list, help_text="What Watchroom wrote: sections with lines.")
    checks = models.JSONField(default=list, help_text="What may keep pages from reaching those who come on call.")
    reminded_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    note_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    note_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("schedule",), condition=models.Q(written_at__isnull=True), name="one_handoff_ahead"
            ),
            models.UniqueConstraint(
                fields=("schedule", "at"), condition=models.Q(written_at__isnull=False), name="one_handoff_at_a_time"
            ),
        )
        indexes = (models.Index(fields=("schedule", "-at", "-id"), name="handoff_of_schedule"),)

    def __str__(self) -> str:
        return f"{self.schedule}, {self.at:%d %b %H:%M}"


class Feed(models.Model):
    """A secret address under which a calendar program reads shifts: of a person, of a team, or of a schedule."""

    key_hash = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Calendar of {self.person or self.team or self.schedule}"


class HolidayPlace(models.Model):
    """Which public holidays somebody, or everybody of a team without an own choice, has."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    team = models.OneToOneField(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) ^ models.Q(team__isnull=True),
                name="holidays_of_a_person_or_a_team",
            ),
        )

    def __str__(self) -> str:
        return f"{self.country}-{self.region}" if self.region else self.country
