"""Shifts that go to somebody else: swaps, and hand-offs."""

from __future__ import annotations

from django.db import models

from ...accounts.models import Person
from ...kernel import clock
from .schedules import Override, Schedule


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
        indexes = (
            models.Index(fields=("schedule", "-at", "-id"), name="handoff_of_schedule"),
            models.Index(fields=("-at", "-id"), name="handoff_latest"),
        )

    def __str__(self) -> str:
        return f"{self.schedule}, {self.at:%d %b %H:%M}"
