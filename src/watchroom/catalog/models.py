"""Services, their links and their dependencies."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Team
from ..kernel import clock

# How a name is written like a slug. Without parameters, so that a database knows its index again.
NAME_AS_SLUG = models.Func("name", template="REPLACE(LOWER(%(expressions)s), ' ', '-')")


class Service(models.Model):
    """Something that users or other services rely on, owned by a team."""

    class Tier(models.IntegerChoices):
        CRITICAL = 1, "Tier 1: customers notice at once"
        IMPORTANT = 2, "Tier 2: customers notice soon"
        SUPPORTING = 3, "Tier 3: colleagues notice"
        MINOR = 4, "Tier 4: can wait for the morning"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, default=Tier.IMPORTANT)
    labels = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)
    upstreams: models.ManyToManyField[Service, Dependency] = models.ManyToManyField(
        "self", through="Dependency", through_fields=("service", "needs"), symmetrical=False, related_name="downstreams"
    )
    # Named by string: the catalog lies below paging, but a service without a policy can't be paged for.
    policy = models.ForeignKey(
        "paging.EscalationPolicy", on_delete=models.PROTECT, null=True, blank=True, related_name="services"
    )

    class Meta:
        ordering = ("tier", "name", "id")
        indexes = (models.Index(NAME_AS_SLUG, name="service_name_as_slug"),)

    def __str__(self) -> str:
        return self.name


class ServiceLink(models.Model):
    """Where something about a service is to be found at three in the morning."""

    class Kind(models.TextChoices):
        RUNBOOK = "runbook", "Runbook"
        DASHBOARD = "dashboard", "Dashboard"
        LOGS = "logs", "Logs"
        TRACES = "traces", "Traces"
        REPOSITORY = "repository", "Repository"
        DOCS = "docs", "Documentation"
        OTHER = "other", "Other"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.OTHER)
    label = models.CharField(max_length=100)
    url = models.URLField(max_length=1000)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.label


class Dependency(models.Model):
    """``service`` does not work without ``needs``."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="needs")
    needs = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="needed_by")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("service", "needs"), name="one_dependency_per_pair"),
            models.CheckConstraint(condition=~models.Q(service=models.F("needs")), name="no_service_needs_itself"),
        )

    def __str__(self) -> str:
        return f"{self.service} needs {self.needs}"
