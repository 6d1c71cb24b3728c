"""Which engines are alive."""

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
