"""The running log."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from ...kernel import clock
from .incident import Incident

# What an entry of a kind can stand as; the first is how it begins. Everything else has no standing.
STANDINGS = {
    "hypothesis": ("open", "testing", "confirmed", "ruled_out"),
    "question": ("open", "answered", "closed"),
}


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
        """How a hypothesis stands, or a question; empty for everything else."""

        OPEN = "open", "Open"
        TESTING = "testing", "Being tested"
        CONFIRMED = "confirmed", "Confirmed"
        RULED_OUT = "ruled_out", "Ruled out"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "No longer asked"

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
    changed_at = models.DateTimeField(
        default=clock.now, help_text="When its line last became another one: pages re-read what has changed since."
    )
    # Made by whoever sends it, so that sending again after a lost answer writes it once.
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("at", "id")
        indexes = (
            models.Index(fields=("incident", "at", "id"), name="log_of_incident"),
            models.Index(fields=("incident", "changed_at"), name="log_changed"),
            models.Index(
                fields=("incident", "kind"),
                condition=Q(kind__in=("hypothesis", "question", "symptom")),
                name="log_of_kind",
            ),
        )
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
