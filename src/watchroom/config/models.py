"""What files have said."""

from __future__ import annotations

from django.db import models


class Said(models.Model):
    """Which fields of a thing the files of one source have said (``saying.py``). What no file has ever said belongs to the pages."""

    source = models.CharField(max_length=100, blank=True, default="", db_default="")  # empty: they have no name
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=400)
    fields = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "kind", "key"], name="said_once_by_source"),)

    def __str__(self) -> str:
        return f"{self.source}: {self.kind} {self.key}"
