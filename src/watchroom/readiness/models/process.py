"""The process: what the page said, who has read it, and who was reminded of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person


class ProcessVersion(models.Model):
    """The process page as somebody published it: the own words, and what was configured then. Never changed; the newest
    one counts."""

    number = models.PositiveIntegerField(unique=True)
    words = models.JSONField(
        default=dict, help_text="Section to before and after, Markdown; what is empty is left out."
    )
    facts = models.JSONField(default=dict, help_text="Section to lines: what was configured when it was published.")
    note = models.CharField(
        max_length=300, blank=True, help_text="What is new, for those who have read the one before."
    )
    asks_anew = models.BooleanField(help_text="A big change: whoever has read an older one reads it again.")
    asks_from = models.PositiveIntegerField(help_text="Whoever has read this number or a newer one has read it.")
    withdrawn = models.BooleanField(default=False, help_text="From here on nobody is asked to read it.")
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.CheckConstraint(
                condition=Q(asks_anew=False) | Q(asks_from=models.F("number")), name="process_asks_anew_from_itself"
            ),
        )

    def __str__(self) -> str:
        return f"Process, version {self.number}"

    @property
    def asked_everybody(self) -> bool:
        """It was the first one, or a big change."""
        return self.asks_from == self.number and not self.withdrawn


class Reading(models.Model):
    """Somebody says that they have read a version."""

    version = models.ForeignKey(ProcessVersion, on_delete=models.CASCADE, related_name="readings")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="process_readings")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=("person", "version"), name="one_reading_per_version"),)

    def __str__(self) -> str:
        return f"{self.person} has read {self.version}"


class ProcessReminder(models.Model):
    """When somebody was last reminded to read it."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person} at {self.at:%Y-%m-%d %H:%M}"
