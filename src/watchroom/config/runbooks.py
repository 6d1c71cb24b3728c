"""Runbooks in the configuration file: what is there, and how one is saved as a file says."""

from __future__ import annotations

from typing import Any

from ..accounts.actors import Actor
from ..runbooks import commands
from ..runbooks.models import Runbook
from ..runbooks.queries import steps_in_all
from .finding import find

KIND = "runbooks"


def read() -> dict[str, dict[str, Any]]:
    """All runbooks as a file would say them, by slug; three questions, however many."""
    rows = list(Runbook.objects.select_related("team", "owner").prefetch_related("services"))
    steps = steps_in_all(rows)
    return {
        row.slug: {
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "summary": row.summary,
            "services": sorted(service.slug for service in row.services.all()),
            "matchers": row.matchers,
            "owner": row.owner.email if row.owner and row.owner.is_active else None,
            "review_days": row.review_days,
            "steps": [step.as_json() for step in steps[row.pk]],
        }
        for row in rows
    }


def save(by: Actor, runbook: Runbook | None, fields: dict[str, Any]) -> None:
    """As a file says."""
    found = {
        "team": find("teams", fields["team"]),
        "services": [find("services", slug) for slug in fields["services"]],
        "owner": find("people", fields["owner"]),
    }
    commands.save_runbook(by, runbook, **{**fields, **found})
