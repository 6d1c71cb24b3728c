"""What was found lacking, since when, and how the share of what is fine has changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ..rules.checks import Level


class Lack(models.Model):
    """Something that a team (None: the installation) still lacks, from when it was first seen until it was gone."""

    class Levels(models.IntegerChoices):
        HURTS = Level.HURTS.value, Level.HURTS.label
        MEND = Level.MEND.value, Level.MEND.label
        NICE = Level.NICE.value, Level.NICE.label

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="lacks")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, related_name="lacks")
    key = models.CharField(max_length=120, help_text="Check and what it is about; the same as long as it is lacking.")
    level = models.PositiveSmallIntegerField(choices=Levels.choices)
    rank = models.PositiveIntegerField(default=0, help_text="Its place among all that the team lacks.")
    text = models.CharField(max_length=600)
    path = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    put_off_until = models.DateField(null=True, help_text="It comes back on this day.")
    put_off_at = models.DateTimeField(null=True)
    put_off_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    put_off_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("level", "rank", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "key"), condition=Q(gone_at__isnull=True, team__isnull=False), name="one_open_lack"
            ),
            models.UniqueConstraint(
                fields=("key",), condition=Q(gone_at__isnull=True, team__isnull=True), name="one_open_lack_of_all"
            ),
            models.CheckConstraint(
                condition=Q(put_off_until__isnull=True) | (Q(put_off_at__isnull=False) & ~Q(put_off_reason="")),
                name="put_off_with_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=("team", "level", "rank"), condition=Q(gone_at__isnull=True), name="lack_of_team"),
            models.Index(
                fields=("service",), condition=Q(gone_at__isnull=True, service__isnull=False), name="lack_of_service"
            ),
        )

    def __str__(self) -> str:
        return self.text[:80]


class Standing(models.Model):
    """How ready a team (None: the installation) is, as it was when it was last looked at."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, null=True, related_name="standing")
    looked_at = models.DateTimeField(null=True)
    looked = models.PositiveIntegerField(default=0, help_text="How many things were looked at.")
    fine = models.PositiveIntegerField(default=0)
    hurts = models.PositiveIntegerField(default=0, help_text="Of what is not fine and not put off.")
    mends = models.PositiveIntegerField(default=0)
    nices = models.PositiveIntegerField(default=0)
    put_off = models.PositiveIntegerField(default=0)
    next = models.ForeignKey(Lack, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-hurts", "-id")
        constraints = (models.CheckConstraint(condition=Q(fine__lte=F("looked")), name="fine_of_what_was_looked_at"),)
        indexes = (
            models.Index(fields=("looked_at",), name="standing_by_look"),
            models.Index(fields=("-hurts", "-id"), name="standing_by_hurts"),
        )

    def __str__(self) -> str:
        return f"{self.team or 'the installation'}: {self.fine} of {self.looked}"

    @property
    def percent(self) -> int:
        return 100 * self.fine // self.looked if self.looked else 100


class ReadinessDay(models.Model):
    """The share of a day: as it was when the team was last looked at on it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    day = models.DateField()
    looked = models.PositiveIntegerField()
    fine = models.PositiveIntegerField()
    hurts = models.PositiveIntegerField()

    class Meta:
        ordering = ("day",)
        constraints = (
            models.UniqueConstraint(fields=("team", "day"), name="one_readiness_per_day"),
            models.UniqueConstraint(
                fields=("day",), condition=Q(team__isnull=True), name="one_readiness_of_all_per_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} on {self.day}"

    @property
    def percent(self) -> int:
        return 100 * self.fine // self.looked if self.looked else 100
