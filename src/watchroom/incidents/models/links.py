"""What incidents have to do with each other."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ...accounts.models import Person
from .incident import Incident


class IncidentLink(models.Model):
    """``incident`` is a duplicate of ``other``, a part of it, or has to do with it (then the lower number comes first)."""

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate_of", "Duplicate of"
        PART = "part_of", "Part of"
        RELATED = "related", "Related to"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links_from")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("incident", "other", "kind"), name="one_link_of_a_kind"),
            models.UniqueConstraint(
                fields=("incident",), condition=Q(kind="duplicate_of"), name="duplicate_of_one_incident"
            ),
            models.UniqueConstraint(fields=("incident",), condition=Q(kind="part_of"), name="part_of_one_incident"),
            models.CheckConstraint(condition=~Q(incident=F("other")), name="link_to_another_incident"),
        )

    def __str__(self) -> str:
        return f"#{self.incident_id} {self.get_kind_display().lower()} #{self.other_id}"
