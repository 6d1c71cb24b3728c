"""Files and pasted images of the running log."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person
from .incident import Incident
from .log import LogEntry


class Attachment(models.Model):
    """A file in a log. Its bytes lie in the store under their SHA-256, once, however often they were attached."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments")
    sha256 = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=60, help_text="Its media type, as its first bytes say.")
    size = models.PositiveIntegerField(help_text="In bytes.")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("incident", "sha256"), name="attachment_of_incident"),
            models.Index(fields=("at",), condition=Q(entry__isnull=True), name="attachment_of_nothing"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.type.startswith("image/")


class StoredContent(models.Model):
    """The bytes of attachments where nodes share nothing but the database."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.sha256
