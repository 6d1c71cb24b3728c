"""What a service's page shows of evidence."""

from __future__ import annotations

from django import template

from watchroom.catalog.models import Service
from watchroom.evidence.models import Indicator
from watchroom.evidence.rules.units import said

register = template.Library()


@register.simple_tag
def indicators_of(service: Service) -> list[Indicator]:
    """The indicators of a service, in one query."""
    rows = list(Indicator.objects.filter(service=service).select_related("connection"))
    for row in rows:
        row.threshold_text = said(row.threshold, row.unit) if row.threshold is not None else ""  # type: ignore[attr-defined]
    return rows
