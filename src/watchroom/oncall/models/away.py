"""When people are away, and which public holidays they have."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person, Team
from ...kernel import clock
from .calendars import Calendar


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
