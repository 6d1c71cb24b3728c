"""Who only wants to follow."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from .incident import Incident
from .types import IncidentType


class Follower(models.Model):
    """Somebody who is told updates and states of an incident, by their ways for what is not urgent; never paged for it."""

    class Level(models.TextChoices):
        """How much; each includes the one before."""

        UPDATES = "updates", "Updates and states"
        IMPORTANT = "important", "Decisions and pinned lines, too"
        EVERYTHING = "everything", "Every line that somebody writes"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="followers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by_rule = models.BooleanField(default=False, help_text="A rule has them follow it.")
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.UPDATES)
    left = models.BooleanField(default=False, help_text="They do not want to, whatever a rule says.")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("incident", "person"), name="one_follower_per_person"),)

    def __str__(self) -> str:
        return f"{self.person} follows {self.incident}"


class FollowRule(models.Model):
    """Who follows which incidents by itself: a person, or everybody in a team."""

    slug = models.SlugField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Everybody in this team."
    )
    least_severity = models.PositiveSmallIntegerField(default=2, help_text="SEV1 up to this one.")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    type = models.ForeignKey(IncidentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    level = models.CharField(max_length=10, choices=Follower.Level.choices, default=Follower.Level.UPDATES)

    class Meta:
        ordering = ("slug",)
        constraints = (
            models.CheckConstraint(
                condition=Q(person__isnull=True, group__isnull=False) | Q(person__isnull=False, group__isnull=True),
                name="follow_rule_is_for_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person or self.group} from SEV1 to SEV{self.least_severity}"
