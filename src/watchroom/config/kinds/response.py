"""What is done by itself in a response, and where people meet for it: workflows and plans of venues."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...venues import commands as venues
from ...venues.models import VenuePlan
from ...workflows import commands as workflows
from ...workflows.models import Workflow
from ...workflows.rules import Conditions
from ._kind import Fields, Find, Kind, by_column, slug_of, with_team


def _plans() -> dict[str, Fields]:
    return {
        row.slug: {
            name: getattr(row, name) for name in ("slug", "name", "least_severity", "types", "private", "drills")
        }
        | {name: slug_of(getattr(row, name)) for name in ("team", "workspace", "bridge")}
        for row in VenuePlan.objects.select_related("team", "workspace", "bridge")
    }


def _save_plan(by: Actor, row: VenuePlan | None, fields: Fields, find: Find) -> None:
    kinds = {"team": "teams", "workspace": "workspaces", "bridge": "bridges"}
    venues.save_plan(by, row, **{**fields, **{name: find(kind, fields[name]) for name, kind in kinds.items()}})


def _workflows() -> dict[str, Fields]:
    return {
        row.slug: {"slug": row.slug, "name": row.name, "team": slug_of(row.team)}
        | {name: getattr(row, name) for name in ("triggers", "actions", "enabled")}
        # Those that were saved before there was another one say nothing of it.
        | {"conditions": Conditions.of(row.conditions).as_json()}
        for row in Workflow.objects.select_related("team")
    }


KINDS = (
    Kind("venue_plans", _plans, by_column(VenuePlan), _save_plan, venues.delete_plan),
    Kind(
        "workflows", _workflows, by_column(Workflow), with_team(workflows.save_workflow), workflows.delete_workflow
    ),
)  # fmt: skip
