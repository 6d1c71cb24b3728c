"""From when on something counts as lacking here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import models

from ..rules.facts import Thresholds


class ReadinessThresholds(models.Model):
    """What the installation has set, by the names of :class:`Thresholds`; a name that is not there is as Watchroom comes."""

    values = models.JSONField(default=dict)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="readiness_thresholds_once"),)

    def __str__(self) -> str:
        return "thresholds of readiness"

    @property
    def of(self) -> str:
        """By what a configuration file knows it."""
        return "everybody"

    @property
    def said(self) -> Thresholds:
        known: dict[str, Any] = {name: self.values[name] for name in asdict(Thresholds()) if name in self.values}
        return Thresholds(**known)
