"""Which runbooks fit what is going on, and which a policy may propose."""

from __future__ import annotations

from typing import Any

from .models import Runbook
from .queries import steps_in_all


def proposable() -> list[dict[str, Any]]:
    """Runbooks that have steps, each with those of its steps that start something: ``value`` is how a policy names it."""
    rows = list(Runbook.objects.filter(version__gt=0))
    steps = steps_in_all(rows)
    return [
        {
            "name": str(row),
            "value": row.slug,
            "steps": [(f"{row.slug}/{step.key}", step.title) for step in steps[row.pk] if step.mitigation],
        }
        for row in rows
        if steps[row.pk]
    ]
