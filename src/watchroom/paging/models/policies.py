"""Policies: whom to page, in what order, with what waits; and whose turn it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...kernel import clock
from ...kernel.fields import EncryptedJSON
from ...oncall.models import Schedule
from ...workspaces.models import Workspace


def in_a_while() -> datetime:
    """Not while somebody is still setting it up."""
    return clock.now() + timedelta(minutes=10)


class EscalationPolicy(models.Model):
    """Whom to page, in what order. Each edit raises ``version``; a running escalation keeps the one it started with."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    repeats = models.PositiveSmallIntegerField(
        default=2, help_text="How often the steps start again when nobody answers."
    )
    answers = models.PositiveSmallIntegerField(default=1, help_text="How many people have to answer until it stops.")
    webhook_key = EncryptedJSON(null=True, help_text="The secret that signs what its steps send to webhooks.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)
    look_at = models.DateTimeField(
        default=in_a_while, help_text="When its steps are next looked at for weeks in which they page nobody."
    )

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("look_at",), name="policy_look_at"),)

    def __str__(self) -> str:
        return self.name


class EscalationStep(models.Model):
    """One line of a policy: page these, then wait."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    wait_seconds = models.PositiveIntegerField(
        default=300, help_text="How long to wait for an answer before the next step."
    )
    urgency = models.CharField(max_length=4, blank=True, help_text="high or low; empty: the urgency of what happened.")
    round_robin = models.BooleanField(default=False, help_text="Page only the one whose turn it is.")
    conditions = models.JSONField(default=dict, help_text="When the step applies; empty: always.")
    pause = models.BooleanField(default=False, help_text="Do nothing, only wait.")

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("policy", "position"), name="one_step_per_position"),)

    def __str__(self) -> str:
        return f"{self.policy}, step {self.position + 1}"


_NUMBERS = ("person", "schedule", "team", "incident_severity", "workspace")
_TEXTS = ("webhook", "role", "mitigation", "runbook")


def _only(field: str) -> Q:
    """Of the kinds of targets, only this one is set."""
    found = Q(**{f"{name}__isnull": name != field for name in _NUMBERS})
    for name in _TEXTS:
        found &= ~Q(**{name: ""}) if name == field else Q(**{name: ""})
    return found


def _one_of_them() -> Q:
    found = Q()
    for field in (*_NUMBERS, *_TEXTS):
        found |= _only(field)
    return found


class StepTarget(models.Model):
    """What a step does: page a person, whoever a schedule means, everybody in a team, or whoever has a role in the
    incident; call a webhook; declare an incident; propose a mitigation or a runbook; post in a room of a
    chat."""

    class Who(models.TextChoices):
        CURRENT = "current", "On call now"
        NEXT = "next", "Next on call"
        ALL = "all", "Everybody in the rotations"

    step = models.ForeignKey(EscalationStep, on_delete=models.CASCADE, related_name="targets")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="step_targets")
    who = models.CharField(max_length=7, choices=Who.choices, default=Who.CURRENT, help_text="Of the schedule.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    webhook = models.CharField(max_length=2000, blank=True)
    incident_severity = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0: as the alerts say.")
    role = models.CharField(max_length=40, blank=True, help_text="Whoever has it in the incident.")
    mitigation = models.CharField(max_length=64, blank=True, help_text="Slug of what is proposed, to be approved.")
    runbook = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Slug of what is proposed, to be approved."
    )
    runbook_step = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Key of the step that is begun at once."
    )
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="step_targets"
    )
    room = models.CharField(max_length=250, blank=True, help_text="Of the workspace, as its product writes it.")

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(name="step_target_is_one_thing", condition=_one_of_them()),)

    def __str__(self) -> str:
        if self.webhook:
            return f"webhook {self.webhook}"
        if self.incident_severity is not None:
            return f"declare an incident{f' (SEV{self.incident_severity})' if self.incident_severity else ''}"
        if self.role:
            return f"the incident's {self.role.replace('_', ' ')}"
        if self.mitigation:
            return f"propose {self.mitigation}"
        if self.runbook:
            step = f", beginning {self.runbook_step}" if self.runbook_step else ""
            return f"propose the runbook {self.runbook}{step}"
        if self.workspace:
            return f"post in {self.room} of {self.workspace}" if self.room else f"post in {self.workspace}"
        if self.schedule:
            return f"{self.get_who_display().lower()} in {self.schedule}"
        return str(self.person or self.team)


class PolicyVersion(models.Model):
    """A policy as it was with this version. What runs keeps following the one with which it started."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    plan = models.JSONField(help_text="Its steps, as escalations keep them.")
    saved_at = models.DateTimeField(default=clock.now)
    saved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("policy", "version"), name="one_policy_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.policy}, version {self.version}"


class RoundRobin(models.Model):
    """Whose turn was last in a step of a policy. One row, locked by whoever takes a turn: two escalations at the same
    moment never hand out the same one."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="round_robins")
    position = models.PositiveSmallIntegerField()
    last = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    turns = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("policy", "position"), name="one_round_robin_per_step"),)

    def __str__(self) -> str:
        return f"{self.policy}, step {self.position + 1}: {self.last}"
