"""Incidents and what happens in them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..intake.models import AlertGroup
from ..kernel import clock


class IncidentSeverity(models.IntegerChoices):
    """How bad it is. The definition helps to choose."""

    SEV1 = 1, "SEV1"
    SEV2 = 2, "SEV2"
    SEV3 = 3, "SEV3"
    SEV4 = 4, "SEV4"
    SEV5 = 5, "SEV5"


SEVERITY_MEANING = {
    1: "Customers can't do what they came for, or data is at risk. Everyone who can help is called.",
    2: "A main feature fails or is very slow for many customers.",
    3: "Something fails for a few, or there is a workaround.",
    4: "Colleagues notice; customers don't.",
    5: "Worth a record; no hurry.",
}


class Incident(models.Model):
    """Something is wrong and people are working on it together."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

    title = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField(choices=IncidentSeverity.choices, default=IncidentSeverity.SEV3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, related_name="incidents", blank=True
    )
    alert_groups: models.ManyToManyField[AlertGroup, models.Model] = models.ManyToManyField(
        AlertGroup, related_name="incidents", blank=True
    )
    impact = models.TextField(blank=True, help_text="Who notices what.")
    summary = models.TextField(blank=True, help_text="What we know and believe at this moment.")
    private = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    # When stakeholders were promised the next update; cleared when the incident is resolved.
    next_update_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="The promise that the communications lead was last reminded of."
    )
    guide_at = models.DateTimeField(
        null=True, default=clock.now, help_text="When the guards against the traps next look at it; None: not any more."
    )
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("-id",), condition=~Q(status="resolved"), name="incident_open"),
            models.Index(
                fields=("next_update_at",), condition=Q(next_update_at__isnull=False), name="incident_next_update"
            ),
            models.Index(fields=("guide_at",), condition=Q(guide_at__isnull=False), name="incident_guide"),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.RESOLVED


class RoleName(models.TextChoices):
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

    class Meta:
        ordering = ("id",)
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

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.person}"


class LogEntry(models.Model):
    """A line of the running log. Hypotheses are entries too; actions and results may hang under one."""

    class Kind(models.TextChoices):
        SYMPTOM = "symptom", "Symptom"
        HYPOTHESIS = "hypothesis", "Hypothesis"
        ACTION = "action", "Action"
        RESULT = "result", "Result"
        DECISION = "decision", "Decision"
        NOTE = "note", "Note"
        QUESTION = "question", "Question"
        SYSTEM = "system", "Watchroom"

    class Standing(models.TextChoices):
        """How a hypothesis stands; empty for everything else."""

        OPEN = "open", "Open"
        TESTING = "testing", "Being tested"
        CONFIRMED = "confirmed", "Confirmed"
        RULED_OUT = "ruled_out", "Ruled out"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="log")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # System entries carry a namespaced type and their facts; the sentence is made when shown and stored for search.
    type = models.CharField(max_length=40, blank=True)
    text = models.TextField()
    data = models.JSONField(default=dict)
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(help_text="When it happened; can be corrected.")
    written_at = models.DateTimeField(help_text="When it was written down; never changes.")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    standing = models.CharField(max_length=10, choices=Standing.choices, blank=True)
    tester = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    pinned = models.BooleanField(default=False)
    edited_at = models.DateTimeField(null=True)
    # Made by whoever sends it, so that sending again after a lost answer writes it once.
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=("incident", "at", "id"), name="log_of_incident"),)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_entry_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.text[:80]


class LogRevision(models.Model):
    """What an entry said before it was edited."""

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    at = models.DateTimeField(help_text="The entry's own time before the edit.")
    replaced_at = models.DateTimeField()
    replaced_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:80]


class Update(models.Model):
    """What stakeholders were told. Immutable once published."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        MONITORING = "monitoring", "Monitoring"
        RESOLVED = "resolved", "Resolved"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(max_length=13, choices=Stage.choices, default=Stage.INVESTIGATING)
    happening = models.TextField("What is happening")
    impact = models.TextField("Who notices what", blank=True)
    doing = models.TextField("What we are doing", blank=True)
    next_update_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-published_at", "-id")

    def __str__(self) -> str:
        return self.happening[:80]


class Moment(models.TextChoices):
    """The key times of an incident."""

    STARTED = "started", "Impact started"
    DETECTED = "detected", "Detected"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    DECLARED = "declared", "Declared"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"


class KeyTime(models.Model):
    """A key time as the product saw it (``recorded``) or as a person corrected it (with a reason). The last row counts."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="key_times")
    moment = models.CharField(max_length=12, choices=Moment.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    provenance = models.CharField(max_length=200, help_text="What it was computed from.")
    corrected_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("incident", "moment", "-id"), name="key_time_of_incident"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(corrected_by__isnull=True) | ~Q(reason=""), name="correction_has_a_reason"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_moment_display()} {self.at:%d %b %H:%M}"

    def as_dict(self) -> dict[str, Any]:
        return {"moment": self.moment, "at": self.at, "provenance": self.provenance, "reason": self.reason}


class Nudge(models.Model):
    """Something that Watchroom said in an incident, so that people do not fall into a trap."""

    class Answer(models.TextChoices):
        DONE = "done", "Done"
        SNOOZED = "snoozed", "Not now"
        OFF = "off", "Not in this incident"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="nudges")
    rule = models.CharField(max_length=40)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    advice = models.CharField(max_length=300)
    way_out = models.CharField(max_length=40, blank=True, help_text="The part of the room where something can be done.")
    told = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    answered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True, help_text="Snoozed until then.")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("incident", "-id"), name="nudge_of_incident"),)

    def __str__(self) -> str:
        return self.reason
