"""Who does what in an incident."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from .incident import Incident


class RoleName(models.TextChoices):
    """The roles of a response; one person may have several."""

    COMMANDER = "commander", "Commander"
    OPERATIONS = "operations", "Operations lead"
    COMMUNICATIONS = "communications", "Communications lead"
    SCRIBE = "scribe", "Scribe"
    EXPERT = "expert", "Subject expert"


ROLE_DUTY = {
    "commander": "Decides, delegates, keeps everyone on mitigation. Does not fix.",
    "operations": "Leads the people who change things. Reports to the commander.",
    "communications": "The one voice to stakeholders. Keeps the promise of the next update.",
    "scribe": "Writes down symptoms, hypotheses, actions and results as they happen.",
    "expert": "Knows the system that fails; answers what the others ask.",
}


class RoleAssignment(models.Model):
    """Who has a role in an incident, and whether they have answered."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=16, choices=RoleName.choices)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="incident_roles")
    assigned_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    assigned_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=150, blank=True, help_text="Why just they: on call in a schedule.")
    pass_at = models.DateTimeField(null=True, help_text="When somebody else is asked, if they have not answered.")
    passed = models.BooleanField(default=False, help_text="It ended because they did not answer.")

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("pass_at",), condition=Q(pass_at__isnull=False), name="role_to_be_passed_on"),)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "role"),
                condition=Q(ended_at__isnull=True) & ~Q(role="expert"),
                name="one_holder_per_role",
            ),
            models.UniqueConstraint(
                fields=("incident", "role", "person"),
                condition=Q(ended_at__isnull=True),
                name="one_assignment_per_person_and_role",
            ),
        )

    @property
    def because(self) -> str:
        """Why just they, as said to them: “you are on call in Commanders”, “you know Payments”."""
        about = self.why.removeprefix("knows ")
        return f"you know {about}" if about != self.why else f"you are {self.why}"

    @property
    def duty(self) -> str:
        """What whoever has it does."""
        return ROLE_DUTY[self.role]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.person}"
