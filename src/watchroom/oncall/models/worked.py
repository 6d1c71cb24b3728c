"""What was worked: who was on call when, written down as it passed, and what somebody has said since that it was instead."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person, Team
from ...kernel import clock
from .schedules import Schedule


class Correction(models.Model):
    """Somebody says who really was on call: ``person`` (none: nobody) in the place of ``instead_of`` (none: of everybody)."""

    schedule = models.ForeignKey(Schedule, on_delete=models.SET_NULL, null=True, related_name="corrections")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    instead_of = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    made_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    taken_back_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="correction_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person or 'Nobody'}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"


class WorkedShift(models.Model):
    """Somebody was on call. What a schedule says later changes nothing of it; it also outlives its schedule, so it keeps
    what the schedule was then: its name, its team and its clock.

    A correction cuts it where it begins and ends, and marks what it took out (``corrected_by``): that counts no longer, and
    stays. What it put in its place names it (``correction``).
    """

    class Why(models.TextChoices):
        ROTATION = "rotation", "Rotation"
        CALENDAR = "calendar", "Calendar"
        TEMPORARY = "temporary", "Temporary schedule"
        OVERRIDE = "override", "Override"
        SWAP = "swap", "Swap"
        COVER = "cover", "Cover"
        TAKEN = "taken", "Taken over"
        PLANNED = "planned", "Planned rota"
        CORRECTION = "correction", "Correction"

    schedule = models.ForeignKey(Schedule, on_delete=models.SET_NULL, null=True, related_name="worked")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100, help_text="Of the schedule, then.")
    timezone = models.CharField(max_length=64, help_text="Of the schedule, then.")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    why = models.CharField(max_length=10, choices=Why.choices)
    detail = models.CharField(max_length=200, blank=True, help_text="The rotation's name, or an override's reason.")
    instead_of = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    is_shadow = models.BooleanField(default=False, help_text="Learnt beside the others.")
    layer = models.BigIntegerField(null=True, help_text="The key that the rules gave: of a rotation, or a calendar.")
    override = models.BigIntegerField(null=True, help_text="The number of the override, also when it is gone.")
    written_at = models.DateTimeField(help_text="When it was last written down.")
    correction = models.ForeignKey(Correction, on_delete=models.CASCADE, null=True, related_name="put_in")
    corrected_by = models.ForeignKey(Correction, on_delete=models.SET_NULL, null=True, related_name="taken_out")

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="worked_ends_after_start"
            ),
        )
        indexes = (
            models.Index(fields=("schedule", "ends_at"), name="worked_of_schedule"),
            models.Index(fields=("team", "ends_at"), name="worked_of_team"),
        )

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_at:%d %b %H:%M} to {self.ends_at:%d %b %H:%M}"
