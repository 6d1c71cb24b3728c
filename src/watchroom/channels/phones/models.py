"""How each telephone account is doing: one row that all engines share."""

from __future__ import annotations

from django.db import models


class PhoneAccount(models.Model):
    """An account of ``WATCHROOM_PHONE_URLS``, from its first message on. Holds no secret."""

    key = models.CharField(max_length=120, unique=True, help_text="Provider, account and sender.")
    trouble = models.PositiveIntegerField(default=0, help_text="Failures since its last success.")
    rests = models.PositiveIntegerField(default=0, help_text="How often in a row it was left alone.")
    rests_until = models.DateTimeField(null=True, help_text="Until then it is asked last.")
    taken = models.PositiveBigIntegerField(default=0, help_text="Messages and calls that it took.")
    failed = models.PositiveBigIntegerField(default=0, help_text="Those that it did not take.")
    last_ok_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key
