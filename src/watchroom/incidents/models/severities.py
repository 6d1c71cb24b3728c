"""What this installation means by its severities."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SeverityDefinition(models.Model):
    """What a severity is called and means here, and what follows from it; a level without a row is as
    ``rules.severities`` has it. The levels themselves are fixed."""

    level = models.PositiveSmallIntegerField(primary_key=True)
    name = models.CharField(max_length=40, blank=True)
    definition = models.CharField(max_length=300)
    update_minutes = models.PositiveIntegerField(help_text="The longest that stakeholders wait for news.")
    roles = models.JSONField(default=list, help_text="The roles that somebody has to have.")
    customers = models.BooleanField(default=False, help_text="Customers notice it.")
    urgent = models.BooleanField(default=False, help_text="People are woken for it.")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("level",)
        constraints = (models.CheckConstraint(condition=Q(level__range=(1, 5)), name="severity_is_one_of_five"),)

    def __str__(self) -> str:
        return f"SEV{self.level}"

    @property
    def key(self) -> str:
        """By what a configuration file knows it."""
        return str(self)
