"""Escalation policies."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...paging import commands as paging
from ...paging.models import EscalationPolicy, StepTarget
from ..schema import Conditions
from ._kind import Fields, Find, Kind, by_column, slug_of

_NAMED = {"person": "people", "schedule": "schedules", "team": "teams", "chat": "workspaces"}


def _policies() -> dict[str, Fields]:
    rows = EscalationPolicy.objects.select_related("team").prefetch_related(
        "steps__targets__person", "steps__targets__schedule", "steps__targets__team", "steps__targets__workspace"
    )
    return {
        row.slug: {
            "answers": row.answers,
            "slug": row.slug,
            "name": row.name,
            "team": row.team.slug,
            "description": row.description,
            "repeats": row.repeats,
            "steps": [
                {
                    "wait_seconds": step.wait_seconds,
                    "urgency": step.urgency,
                    "round_robin": step.round_robin,
                    "conditions": Conditions(**step.conditions).model_dump(),
                    "pause": step.pause,
                    "targets": [_target(target) for target in step.targets.all()],
                }
                for step in row.steps.all()
            ],
        }
        for row in rows
    }


def _target(target: StepTarget) -> Fields:
    return {
        "person": target.person.email if target.person else None,
        "schedule": slug_of(target.schedule),
        "who": target.who if target.schedule and target.who != StepTarget.Who.CURRENT else None,
        "team": slug_of(target.team),
        "webhook": target.webhook or None,
        "incident": target.incident_severity,
        "role": target.role or None,
        "mitigation": target.mitigation or None,
        "runbook": target.runbook or None,
        "runbook_step": target.runbook_step or None,
        "chat": slug_of(target.workspace),
        "room": target.room or None,
    }


def _save(by: Actor, policy: EscalationPolicy | None, fields: Fields, find: Find) -> None:
    steps = [
        {
            **step,
            "targets": [
                {
                    kind: find(_NAMED[kind], value).pk if kind in _NAMED else value
                    for kind, value in target.items()
                    if value is not None
                }
                for target in step["targets"]
            ],
        }
        for step in fields["steps"]
    ]
    paging.save_policy(
        by, policy, **{**fields, "team": find("teams", fields["team"]), "steps": steps}, proposed_follow=True
    )


KINDS = (Kind("policies", _policies, by_column(EscalationPolicy), _save, paging.delete_policy),)
