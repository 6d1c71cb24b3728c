"""What insights keep: which teams are told every week what to fix."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Team


class WeeklyList(models.Model):
    """A team whose managers get the list of its alerts to fix, once a week. No row: nobody does."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="weekly_list")
    due_at = models.DateTimeField(help_text="When the next one goes.")

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="weekly_list_due"),)

    def __str__(self) -> str:
        return f"weekly list of {self.team}"
