"""Configured senders, and the journal of what they sent.

The journal (`Inbox`, `Signal`) is only ever added to. On SQLite it is a file of its own, so that storing what arrives
never waits for whatever else is being written; on PostgreSQL it lies with the rest (`kernel/journal.py`). The gate
writes it and reads `intake_integration` in plain SQL (`intake/gate/database.py`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.fields import EncryptedJSON
from ..rules.breaker import TOO_MANY


class Practises(models.TextChoices):
    """What an integration is for that only Watchroom itself sends by. They are apart: neither joins groups of the other."""

    ROUTES = "routes", "Drills through the routes"
    SCENARIOS = "scenarios", "Drills of scenarios"


class Integration(models.Model):
    """One configured sender, with its key."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="integrations")
    service = models.ForeignKey(
        Service,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="integrations",
        help_text="What its alerts are about, where no route says otherwise.",
    )
    source = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=12)
    paused = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    practises = models.CharField(
        max_length=9,
        blank=True,
        default="",
        db_default="",
        choices=Practises.choices,
        help_text="What Watchroom itself sends by it for the team's drills; empty: it has a sender.",
    )
    settings = EncryptedJSON(
        default=dict, blank=True, help_text="What its kind of sender can be told, such as a mapping or a secret."
    )
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Signals a minute it may send; more are answered with 429. Empty: as the installation says.",
    )
    created_at = models.DateTimeField(default=clock.now)
    read_to = models.BigIntegerField(default=0, help_text="The number of the last signal that the engine has read.")
    last_signal_at = models.DateTimeField(null=True, blank=True)
    slow_in_a_row = models.PositiveSmallIntegerField(
        default=0, help_text="How many payloads in a row took its mapping too long; from five on it rests."
    )
    rests_until = models.DateTimeField(
        null=True, blank=True, help_text="When a mapping that rests is tried again, or what it left is read again."
    )
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "practises"), condition=~Q(practises=""), name="one_of_a_team_to_practise_by"
            ),
            models.CheckConstraint(condition=Q(practises="") | Q(drill=True), name="what_practises_is_a_drill"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def mapping_rests(self) -> bool:
        """Whether its mapping took too long on too many payloads, and is left alone."""
        return self.slow_in_a_row >= TOO_MANY


class Inbox(models.Model):
    """How many signals of an integration have been stored. It lies beside the signals, in the journal.

    Whoever stores signals of an integration takes numbers for them here, in the same transaction: the row's lock puts
    them in order, so that "all up to number n" is something that a reader can rely on.
    """

    integration_id = models.BigIntegerField(primary_key=True)
    stored = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stored} signals of integration {self.integration_id}"


class Signal(models.Model):
    """One inbound message, as it came. Written once: what has been read of it is ``Integration.read_to``."""

    integration = models.ForeignKey(
        Integration, on_delete=models.DO_NOTHING, related_name="signals", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField(help_text="Counts from 1 within its integration.")
    received_at = models.DateTimeField()
    path = models.CharField(max_length=200, blank=True)
    query = models.CharField(max_length=500, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    remote = models.CharField(max_length=64, blank=True)
    refused = models.BooleanField(default=False)
    problems = models.JSONField(default=list)
    replayed_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody had it read again: then it is out of the tray."
    )

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("integration", "number"), name="one_signal_per_number"),)
        indexes = (
            models.Index(fields=("integration", "-number"), condition=Q(refused=True), name="signal_refused"),
            models.Index(fields=("received_at",), name="signal_age"),
        )

    def __str__(self) -> str:
        return f"signal {self.pk}"

    @property
    def state(self) -> str:
        """rejected, done or pending: derived from the facts."""
        if self.refused:
            return "rejected"
        return "done" if self.number <= self.integration.read_to else "pending"

    @property
    def state_label(self) -> str:
        return {"rejected": "Refused", "done": "Read", "pending": "Waiting"}[self.state]
