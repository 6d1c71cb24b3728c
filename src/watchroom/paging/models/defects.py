"""What keeps a page from reaching anybody."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from .policies import EscalationPolicy


class PagingDefect(models.Model):
    """What keeps, kept or will keep a page from reaching anybody. It stays until it is resolved: by a person, or by
    Watchroom when it looks ahead and finds that it is mended. Never of a drill."""

    class Kind(models.TextChoices):
        NOBODY = "nobody", "A step had nobody to page"
        UNREACHED = "unreached", "A step reached nobody"
        RAN_OUT = "ran_out", "Nobody answered at all"
        AHEAD = "ahead", "A step will have nobody to page"
        IMPAIRED = "impaired", "Paging was impaired"
        GROUP = "group", "A user group does not follow who is on call"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Names the cause: while it is open, the same cause is counted, not written again.
    key = models.CharField(max_length=120)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, null=True, related_name="defects")
    text = models.CharField(max_length=500)
    fix = models.CharField(max_length=300, blank=True)
    path = models.CharField(max_length=200, blank=True, help_text="Where it can be mended.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    starts_at = models.DateTimeField(null=True, help_text="Of one that lies ahead: from when.")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-last_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=Q(resolved_at__isnull=True), name="one_open_defect_per_cause"
            ),
        )
        indexes = (
            models.Index(fields=("-last_at", "-id"), condition=Q(resolved_at__isnull=True), name="defect_open"),
            models.Index(fields=("key", "resolved_at"), name="defect_of_cause"),
        )

    def __str__(self) -> str:
        return self.text
