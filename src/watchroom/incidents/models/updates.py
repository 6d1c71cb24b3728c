"""What stakeholders are told: drafts, published updates, templates."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Person, Team
from ...kernel import clock
from .incident import Incident


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
    wordings = models.JSONField(
        default=dict, blank=True, help_text="Audience to the parts that it reads in other words than everybody."
    )
    corrects = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="corrections",
        help_text="The update that said something wrong; it stays as it was.",
    )  # fmt: skip
    next_update_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-published_at", "-id")

    def __str__(self) -> str:
        return self.happening[:80]


class UpdateDraft(models.Model):
    """The next update of an incident, while it is being written. One for all, so that there is one voice: whoever saves
    says which version they have read, and is refused when there is a newer one."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="draft")
    version = models.PositiveIntegerField(default=1)
    stage = models.CharField(max_length=13, choices=Update.Stage.choices, default=Update.Stage.INVESTIGATING)
    happening = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    doing = models.TextField(blank=True)
    wordings = models.JSONField(default=dict, blank=True)
    edited_at = models.DateTimeField(default=clock.now)
    edited_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"Draft {self.version} of {self.incident_id}"


class UpdateTemplate(models.Model):
    """The beginning of an update: for a stage, and for severities and audiences where it says so."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="update_templates")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    stage = models.CharField(max_length=13, choices=Update.Stage.choices, default=Update.Stage.INVESTIGATING)
    severities = models.JSONField(default=list, blank=True, help_text="For these only; empty: for all.")
    audience = models.CharField(max_length=10, blank=True, help_text="Fills these words only; empty: everybody's.")
    happening = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    doing = models.TextField(blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(happening="") | ~Q(impact="") | ~Q(doing=""), name="update_template_says_something"
            ),
        )

    def __str__(self) -> str:
        return self.name
