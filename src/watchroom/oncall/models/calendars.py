"""Calendars that come in, and calendars that go out."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person, Team
from ...kernel import clock
from ...kernel.fields import EncryptedJSON
from .schedules import Schedule


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
