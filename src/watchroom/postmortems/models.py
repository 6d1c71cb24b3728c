"""Postmortems, their revisions and reviews."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person
from ..incidents.models import Incident
from ..kernel import clock


class Postmortem(models.Model):
    """What we learnt. ``version`` rises with each edit, so that two editors can't overwrite each other unseen."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published", "Published"

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="postmortem")
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    # All Markdown. The timeline starts as a draft from the running log and is then the authors' own.
    summary = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    timeline = models.TextField(blank=True)
    detection = models.TextField("How we noticed", blank=True)
    guidance = models.TextField("What the guards said", blank=True)
    root_cause = models.TextField("What in the system made it possible", blank=True)
    factors = models.TextField("Contributing factors", blank=True)
    went_well = models.TextField("What went well", blank=True)
    went_badly = models.TextField("What was hard", blank=True)
    lucky = models.TextField("Where we were lucky", blank=True)
    lessons = models.TextField("What others can learn", blank=True)
    no_actions = models.TextField("Why there is no action item", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="published_has_a_time",
                condition=Q(state="published", published_at__isnull=False)
                | (~Q(state="published") & Q(published_at__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return f"Postmortem of {self.incident}"


class PostmortemRevision(models.Model):
    """What a postmortem said at a version."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    changed = models.JSONField(help_text="The sections that were changed, as they were before.")

    class Meta:
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("postmortem", "version"), name="one_revision_per_version"),)

    def __str__(self) -> str:
        return f"version {self.version}"


class Review(models.Model):
    """Somebody's word on a postmortem."""

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        CHANGES = "changes", "Changes asked for"

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="reviews")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.person}: {self.get_verdict_display()}"
