"""A role that is handed over with what one has to know."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from .roles import RoleAssignment


class RoleHandoff(models.Model):
    """Whoever holds a role asks somebody to take it over, in writing. Until they accept, it stays where it is."""

    assignment = models.ForeignKey(RoleAssignment, on_delete=models.CASCADE, related_name="handoffs")
    to = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    knows = models.TextField(blank=True, help_text="What I know.")
    still_open = models.TextField(blank=True, help_text="What is open.")
    following = models.TextField(blank=True, help_text="What is next.")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    page = models.PositiveBigIntegerField(null=True, help_text="The escalation that pages the receiver.")
    ended_at = models.DateTimeField(null=True, help_text="When it was accepted, declined or taken back.")
    accepted = models.BooleanField(default=False)
    why = models.CharField(max_length=300, blank=True, help_text="Why it was declined.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("assignment",), condition=Q(ended_at__isnull=True), name="one_open_handoff_per_role"
            ),
        )

    def __str__(self) -> str:
        return f"{self.assignment.get_role_display()} to {self.to}"
