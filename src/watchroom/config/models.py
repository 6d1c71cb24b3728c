"""What files have said."""

from __future__ import annotations

from django.db import models


class Said(models.Model):
    """Which fields of a thing the file said that was applied last. One that it no longer says goes back to its default; one that
    no file has ever said belongs to the pages."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=400)
    fields = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="said_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
