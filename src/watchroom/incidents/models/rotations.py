"""Who is asked for a role by itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...oncall.models import Schedule
from .roles import RoleName

_ONE_HOLDER = ~Q(role="expert")


class RoleRotation(models.Model):
    """Whoever is on call in a schedule (or one person) is asked for a role: in incidents about a service, of a team, or
    in all. The nearest counts; of subject experts all of them do."""

    slug = models.SlugField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=RoleName.choices)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="role_rotations")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True, related_name="role_rotations")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="roles")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    least_severity = models.PositiveSmallIntegerField(default=5, help_text="For SEV1 up to this one.")
    answer_minutes = models.PositiveSmallIntegerField(
        default=5, help_text="Whoever has not answered by then is passed over, and the next one is asked."
    )

    class Meta:
        ordering = ("role", "slug")
        constraints = (
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(service__isnull=True), name="role_rotation_has_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(schedule__isnull=True, person__isnull=False)
                | Q(schedule__isnull=False, person__isnull=True),
                name="role_rotation_asks_one_thing",
            ),
            models.UniqueConstraint(
                fields=("role",),
                condition=_ONE_HOLDER & Q(team__isnull=True, service__isnull=True),
                name="one_role_rotation_for_all",
            ),
            models.UniqueConstraint(
                fields=("role", "team"),
                condition=_ONE_HOLDER & Q(team__isnull=False),
                name="one_role_rotation_per_team",
            ),
            models.UniqueConstraint(
                fields=("role", "service"),
                condition=_ONE_HOLDER & Q(service__isnull=False),
                name="one_role_rotation_per_service",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.schedule or self.person}"

    @property
    def owner(self) -> Team | None:
        """The team whose managers may change it; None: administrators."""
        return self.service.team if self.service else self.team
