"""When the engine looks next."""

from __future__ import annotations

from django.db import models


class Turn(models.Model):
    """When something that concerns everybody is looked at next. One row for each."""

    class What(models.TextChoices):
        PROCESS = "process", "Who has not read the process"
        LOOK = "look", "What teams lack"

    what = models.CharField(max_length=10, choices=What.choices, unique=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.what} at {self.due_at:%Y-%m-%d %H:%M}"
