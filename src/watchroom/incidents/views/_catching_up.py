"""What the catch-up is computed from, read at once. It reads mitigations, which lie above: only edges use it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from ...mitigations.models import MitigationRun
from .. import queries, rules
from ..models import Incident, LogEntry, RoleAssignment, RoleName, Task
from ..rules import catch_up as catching_up
from ..severities import severity_of

_MOST_LINES = 300


def lines_since(incident: Incident, since: datetime | None) -> tuple[list[catching_up.Line], int]:
    """The lines that could matter, and how many there are altogether. From the start only what weighs most is asked for,
    so that it costs the same however long the log is."""
    rows = LogEntry.objects.filter(incident=incident)
    if since is not None:
        rows = rows.filter(
            written_at__gt=since, changed_at__gt=since
        )  # by the index; no line changes before it is written
    least = 1 if since is not None else catching_up.HEAVY
    names = [name for name, weight in catching_up.WEIGHTS.items() if weight >= least]
    shown = rows.filter(Q(type__in=names) | Q(type="", kind__in=names) | Q(pinned=True))
    found = shown.order_by("-id").values_list(
        "pk", "at", "kind", "type", "text", "author__name", "pinned", "written_at"
    )
    lines = [
        catching_up.Line(pk, at, kind, type, text[:200], author or "", pinned, written)
        for pk, at, kind, type, text, author, pinned, written in found[:_MOST_LINES]
    ]
    return lines, rows.count()


def scene_of(
    incident: Incident,
    *,
    since: datetime | None,
    holders: Sequence[RoleAssignment],
    runs: Sequence[MitigationRun],
    ideas: Sequence[LogEntry],
    questions: Sequence[LogEntry],
    tasks: Sequence[Task],
    steps: Sequence[rules.Step],
    times: dict[str, rules.Row],
) -> catching_up.Scene:
    """The scene, from what the room has read already; two queries of its own."""
    lines, new = lines_since(incident, since)
    ended = times.get("resolved")
    return catching_up.Scene(
        status=incident.status,
        state=incident.state_name if incident.state else "",
        severity=incident.severity,
        triage=incident.is_waiting,
        made_up="test" if incident.test else "drill" if incident.drill else "",
        started_at=times["started"].at,
        ended_at=ended.at if ended else None,
        impact=incident.impact,
        summary=incident.summary,
        roles=[(row.role, str(row.person), row.accepted_at is not None) for row in holders],
        tried=[_tried(run) for run in sorted(runs, key=lambda run: run.pk)],
        ideas=[catching_up.Idea(each.pk, each.text[:200], each.standing, str(each.tester or "")) for each in ideas],
        questions=[
            catching_up.Line(each.pk, each.at, each.kind, "", each.text[:200], str(each.author or ""))
            for each in questions
        ],
        tasks=[
            catching_up.Doing(task.pk, task.text, str(task.assignee or "")) for task in tasks if task.ended_at is None
        ],
        steps=[step.title for step in steps],
        lines=lines,
        new=new,
        next_update_at=incident.next_update_at if incident.is_open else None,
    )


def _tried(run: MitigationRun) -> catching_up.Tried:
    execution = getattr(run, "execution", None)
    return catching_up.Tried(
        run.title,
        run.get_outcome_display() if run.ended_at else "",
        execution.get_state_display() if execution else "",
        execution is not None and execution.ended_at is not None,
    )


def role_names(roles: Sequence[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """The roles with their names in words."""
    return [(RoleName(role).label if role in RoleName.values else role, who, yes) for role, who, yes in roles]


def catch_up_for(incident: Incident, now: datetime, since: datetime | None) -> catching_up.CatchUp:
    """The catch-up alone, for the API and the command line."""
    from ._room import groups_of, snapshot_of

    holders = list(
        RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True).select_related("person").order_by("id")
    )
    runs = list(MitigationRun.objects.filter(incident=incident).select_related("execution").order_by("id"))
    snapshot = snapshot_of(
        incident,
        holders,
        groups_of(incident),
        runs,
        has_postmortem=hasattr(incident, "postmortem"),
        needed=severity_of(incident.severity).roles,
    )
    scene = scene_of(
        incident,
        since=since,
        holders=holders,
        runs=runs,
        ideas=queries.ideas_of(incident),
        questions=queries.open_questions(incident),
        tasks=queries.tasks_of(incident),
        steps=rules.next_steps(snapshot, now),
        times=queries.times_of(incident),
    )
    return catching_up.catch_up(scene, now, since)
