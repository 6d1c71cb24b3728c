"""What came in a drill, beside what was done, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Min

from ...accounts.actors import Actor
from ...incidents import queries as incidents
from ...incidents.histories import history_of
from ...incidents.models import Incident, LogEntry, RoleHandoff
from ...kernel import clock
from .. import rules
from ..models import Drill, DrillInject
from .happening import groups_of, incident_of


def facts_of(drill: Drill, now: datetime | None = None) -> rules.Facts | None:
    """What happened in it, for the score; None: no signal has come yet. Some fifteen statements."""
    if drill.began_at is None:
        return None
    until = drill.ended_at or now or clock.now()
    pauses = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in drill.pauses]
    if drill.paused_at is not None:
        pauses.append((drill.paused_at, until))
    incident = incident_of(drill)
    acknowledged = groups_of(drill).aggregate(first=Min("acknowledged_at"))["first"]
    handed = RoleHandoff.objects.filter(assignment__incident=incident, accepted=True) if incident else None
    history = history_of(incident) if incident else None
    if history is not None and drill.ended_at is not None and (history.resolved_at or until) >= drill.ended_at:
        history = replace(history, resolved_at=None)  # its end resolved it, and nobody else
    return rules.Facts(
        began_at=drill.began_at,
        until=until,
        over=drill.is_over,
        acknowledged_at=acknowledged,
        history=history,
        handed_over=[at for at in handed.values_list("ended_at", flat=True) if at] if handed is not None else (),
        pauses=pauses,
    )


def score_of(drill: Drill) -> rules.Score | None:
    """How it went, or goes so far; None: no signal has come."""
    facts = facts_of(drill)
    try:
        expected = rules.expectations_of(drill.plan.get("expectations", ()))
    except rules.Wrong:  # as an older version has kept them
        return None
    return rules.score(expected, facts) if facts else None


# --- The debrief -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Moment:
    """A line of the debrief: ``came``: the drill did it; otherwise somebody did. ``kind``: inject, page, log, system."""

    at: datetime
    came: bool
    kind: str
    text: str
    who: str = ""


_TOLD = {"incident.declared", "incident.severity_changed", "role.taken", "role.accepted", "role.ended", "role.handed_over",
         "drill.role_leaves", "update.published",
         "mitigation.started", "mitigation.finished", "incident.mitigated", "incident.resolved"}  # fmt: skip

LINES = 300


def timeline(drill: Drill, by: Actor) -> list[Moment]:
    """What came, beside what was done, in order; of the room only for who sees it. A constant number of statements."""
    found = []
    for row in drill.injects.exclude(at=None):
        if row.state == DrillInject.State.SKIPPED and row.by_id is None:
            continue  # left out by the end
        inject = rules.kept(row.content)
        said = inject.said
        text = f"{said}: {inject.text}" if inject.text else said
        assert row.at is not None
        found.append(Moment(row.at, True, "inject", f"Left out: {said}" if row.state == "skipped" else text))
    for group in groups_of(drill).select_related("acknowledged_by"):
        if group.acknowledged_at is not None:
            found.append(
                Moment(
                    group.acknowledged_at,
                    False,
                    "page",
                    f"Acknowledged: {group.title}",
                    str(group.acknowledged_by or ""),
                )
            )
    if drill.incident is not None and sees(by, drill.incident):
        lines = LogEntry.objects.filter(incident=drill.incident_id).select_related("author").order_by("at", "id")
        for line in lines[:LINES]:
            ended = line.type == "incident.resolved" and line.author_id is None
            if line.kind == LogEntry.Kind.SYSTEM and (line.type not in _TOLD or ended):
                continue
            if not line.client_key.startswith("drill-inject-"):
                kind = "system" if line.kind == LogEntry.Kind.SYSTEM else str(line.get_kind_display())
                came = line.type == "drill.role_leaves"
                found.append(Moment(line.at, came, kind, line.text, str(line.author or "")))
    return sorted(found, key=lambda each: each.at)


def before(drill: Drill) -> Drill | None:
    """The practice of the same scenario before this one."""
    rows = Drill.objects.filter(scenario=drill.scenario_id, state=Drill.State.ENDED, pk__lt=drill.pk)
    return rows.exclude(percent=None).order_by("-id").first()


def sees(actor: Actor, incident: Incident) -> bool:
    """Whether ``actor`` sees an incident."""
    return incidents.visible_to(actor).filter(pk=incident.pk).exists()
