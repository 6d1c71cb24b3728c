"""Mails that have declared an incident."""

from __future__ import annotations

from django.db import models

from .incident import Incident


class DeclaringMail(models.Model):
    """A mail that was taken: a mail server that tries again declares nothing twice."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of its Message-ID, or of all of it.")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Mail that declared #{self.incident_id}"
