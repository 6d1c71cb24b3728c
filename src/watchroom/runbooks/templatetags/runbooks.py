"""What a service's page shows of runbooks."""

from __future__ import annotations

from typing import Any

from django import template

from watchroom.catalog.models import Service
from watchroom.runbooks.models import Runbook

register = template.Library()


@register.simple_tag
def runbooks_of(service: Service) -> list[Any]:
    """The runbooks that are for a service, in one query."""
    return list(
        Runbook.objects.filter(services=service).order_by("name", "id").values("slug", "name", "summary", "version")
    )
