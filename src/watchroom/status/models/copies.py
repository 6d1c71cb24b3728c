"""Copies of pages elsewhere, and who has tried something too often."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...kernel.fields import EncryptedJSON
from .pages import StatusPage


class Destination(models.Model):
    """A bucket of S3-compatible storage that a public page is copied to on each change, so that it stays up when
    Watchroom does not."""

    page = models.OneToOneField(StatusPage, on_delete=models.CASCADE, related_name="destination")
    endpoint = models.CharField(max_length=500, help_text="For example https://s3.eu-central-1.amazonaws.com.")
    region = models.CharField(max_length=60, default="us-east-1")
    bucket = models.CharField(max_length=63)
    prefix = models.CharField(max_length=200, blank=True)
    keys = EncryptedJSON(help_text="access_key and secret_key.")
    pushed = models.JSONField(default=dict, help_text="File to the hash of what lies there.")
    due_at = models.DateTimeField(null=True)
    tried = models.PositiveSmallIntegerField(default=0, help_text="Failures in a row.")
    pushed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="destination_due"),)

    def __str__(self) -> str:
        return f"{self.bucket}/{self.prefix}".rstrip("/")


class Try(models.Model):
    """Somebody without a name did something that they may do only so often."""

    what = models.CharField(max_length=40)
    who = models.CharField(max_length=64, help_text="A hash; never the address itself.")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tries"
        indexes = (
            models.Index(fields=("what", "who", "at"), name="try_of"),
            models.Index(fields=("at",), name="try_age"),
        )

    def __str__(self) -> str:
        return f"{self.what} at {self.at:%H:%M:%S}"
