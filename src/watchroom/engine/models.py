"""Which engines are alive, and what the watchdog has seen."""

from __future__ import annotations

from django.db import models


class EngineNode(models.Model):
    """One engine process, and when it last said that it lives."""

    name = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    version = models.CharField(max_length=20)

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.name


class Watch(models.Model):
    """The watchdog's book: one row. While paging is impaired, since when, what was wrong, and who was told."""

    due_at = models.DateTimeField(db_index=True)
    since = models.DateTimeField(null=True, help_text="Since when paging is impaired.")
    texts = models.JSONField(default=list)
    told_at = models.DateTimeField(null=True, help_text="When administrators were told of it.")
    # Per outside address (by its place in the setting): what has been handed over, so that a failure is tried again.
    outside = models.JSONField(default=dict)

    def __str__(self) -> str:
        return "impaired" if self.since else "well"
