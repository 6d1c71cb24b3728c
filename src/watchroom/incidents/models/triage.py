"""Whether what was declared is an incident."""

from __future__ import annotations

from django.db import models


class Triage(models.TextChoices):
    """How it stands with that question; empty: it is one."""

    WAITING = "waiting", "Waits for triage"
    DECLINED = "declined", "Declined"
    MERGED = "merged", "Merged"


class TriageRule(models.Model):
    """What is declared by these waits until somebody has confirmed it. No row: it counts at once."""

    class By(models.TextChoices):
        RULES = "rules", "An escalation policy or a route"
        STRANGERS = "strangers", "Somebody who may not respond for its team"
        MAIL = "mail", "An e-mail"

    of = models.CharField(max_length=10, choices=By.choices, unique=True)

    class Meta:
        ordering = ("of",)

    def __str__(self) -> str:
        return self.of
