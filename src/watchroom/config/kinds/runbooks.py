"""Runbooks."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...runbooks import commands as runbooks
from ...runbooks.models import Runbook
from ...runbooks.queries import steps_in_all
from ._kind import Fields, Find, Kind, by_column


def _runbooks() -> dict[str, Fields]:
    """Three questions, however many there are."""
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


def _save(by: Actor, runbook: Runbook | None, fields: Fields, find: Find) -> None:
    found = {
        "team": find("teams", fields["team"]),
        "services": [find("services", slug) for slug in fields["services"]],
        "owner": find("people", fields["owner"]),
    }
    runbooks.save_runbook(by, runbook, **{**fields, **found})


KINDS = (Kind("runbooks", _runbooks, by_column(Runbook), _save, runbooks.delete_runbook),)
