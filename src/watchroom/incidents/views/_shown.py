"""Everything that the room shows, part by part, in a constant number of queries."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...accounts.actors import Actor
from ...intake.models import AlertGroup
from ...kernel import clock
from ...kernel.numbers import whole
from ...mitigations.models import MitigationKind, MitigationRun
from ...mitigations.queries import offered_in
from .. import commands, following, handing_over, linked, queries, rules
from ..forms import KINDS, RoleForm
from ..models import ROLE_DUTY, Follower, Incident, LogEntry, Moment, Nudge, RoleAssignment, RoleName, Task
from ..proposals import propose
from ..rules.severities import Severity
from ..severities import all_severities
from ..states import offered_to
from . import _room
from ._catching_up import role_names, scene_of
from ._lines import lines
from ._room import may_act

FIRST_LINES = 60  # of the log; older ones on demand
NUDGES_FOR = timedelta(hours=2)  # an older one that nobody answered is only in the log


@dataclass(frozen=True)
class _Read:
    """What several parts of the room show, read once."""

    by: Actor
    incident: Incident
    now: datetime
    holders: list[RoleAssignment]
    groups: list[AlertGroup]
    runs: list[MitigationRun]
    ideas: list[LogEntry]
    questions: list[LogEntry]
    tasks: list[Task]
    times: dict[str, rules.Row]
    meanings: dict[int, Severity]
    acts: bool

    @property
    def severity(self) -> Severity:
        return self.meanings[self.incident.severity]

    @property
    def postmortem(self) -> Any:
        return getattr(self.incident, "postmortem", None)


def context_of(
    by: Actor, incident: Incident, *, with_log: bool, from_start: bool = False, before: str = ""
) -> dict[str, Any]:
    """All that the room shows; the log only where asked, from the line ``before`` on into the past. ``from_start``: the catch-up
    tells everything, not only what is new to ``by``."""
    read = _read(by, incident)
    since = None if from_start else commands.looked(by, incident)
    context = _about(read) | _to_do(read, since) | _people(read) | _work(read) | _told(read)
    return context | _log(read, before) if with_log else context


def _read(by: Actor, incident: Incident) -> _Read:
    now = clock.now()  # first: what is written while the rest is read is new the next time
    holders = list(
        RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True)
        .select_related("person", "assigned_by")
        .order_by("id")
    )
    runs = list(
        MitigationRun.objects.filter(incident=incident)
        .select_related("mitigation", "started_by", "execution__approved_by")
        .prefetch_related("steps__done_by")
        .order_by("-id")
    )
    return _Read(
        by,
        incident,
        now,
        holders,
        _room.groups_of(incident),
        runs,
        queries.ideas_of(incident),
        queries.open_questions(incident),
        queries.tasks_of(incident),
        queries.times_of(incident),
        all_severities(),
        may_act(by, incident, holders),
    )


def _about(read: _Read) -> dict[str, Any]:
    """What it is, what it has to do with, and how it stands."""
    by, incident, times = read.by, read.incident, read.times
    links = linked.links_of(by, incident, with_lines=True)
    ended = times.get("resolved")
    return {
        "incident": incident,
        "me": by.person,
        "acts": read.acts,
        "severity": read.severity,
        "meanings": read.meanings,
        "states": offered_to(incident) if read.acts else [],
        "services": list(incident.services.all()),
        "groups": read.groups,
        "answers": [(each, said) for each, said in queries.answers_of(incident) if each.shown],
        "alike": propose(by, incident.title, but=incident).open if incident.is_waiting else [],
        "decides": incident.is_waiting and commands.may_decide(by, incident),
        "links": links,
        "merged_into": next((each.other for each in links if each.kind == "duplicate_of"), None),
        "times": times,
        "moments": [
            {"moment": each.value, "name": each.label, "row": times.get(each.value)}
            for each in Moment
            if each != Moment.CLOSED or each in times
        ],
        "started_at": times["started"].at,
        "lasted": ended.at - times["started"].at if ended else None,
        "postmortem": read.postmortem,
    }


def _to_do(read: _Read, since: datetime | None) -> dict[str, Any]:
    """What comes next, what one has missed, and what Watchroom has to say."""
    incident = read.incident
    snapshot = _room.snapshot_of(
        incident,
        read.holders,
        read.groups,
        read.runs,
        has_postmortem=read.postmortem is not None,
        needed=read.severity.roles,
    )
    steps = rules.next_steps(snapshot, read.now)
    scene = scene_of(
        incident,
        since=since,
        holders=read.holders,
        runs=read.runs,
        ideas=read.ideas,
        questions=read.questions,
        tasks=read.tasks,
        steps=steps,
        times=read.times,
    )
    caught_up = rules.catch_up.catch_up(scene, read.now, since)
    return {
        "step": steps[0] if steps else None,
        "more_steps": steps[1:4],
        "catch_up": caught_up,
        "catch_up_roles": role_names(caught_up.roles),
        "nudges": _said_in(incident, read.now),
    }


def _said_in(incident: Incident, now: datetime) -> list[Nudge]:
    """What Watchroom has said and nobody has answered: of each rule what it said last."""
    said: dict[str, Nudge] = {}
    for each in incident.nudges.filter(answer="", at__gt=now - NUDGES_FOR)[:20]:
        said.setdefault(each.rule, each)
    return list(said.values())[:3]


def _people(read: _Read) -> dict[str, Any]:
    """Who has which role, who is asked for one, who hands one over, and how one follows."""
    by, incident, holders = read.by, read.incident, read.holders
    return {
        "roles": _roles(holders, by, read.severity.roles if incident.is_open else ()),
        "commander": next((row for row in holders if row.role == RoleName.COMMANDER), None),
        "asked_of_me": [
            row
            for row in holders
            if incident.is_open and by.person and row.person_id == by.person.pk and row.accepted_at is None
        ],
        "handoffs": handing_over.open_handoffs(incident) if incident.is_open else [],
        "following": following.level_of(by, incident),
        "levels": Follower.Level.choices,
    }


def _roles(holders: list[RoleAssignment], by: Actor, needed: Collection[str]) -> list[dict[str, Any]]:
    """Each role with its duty and who has it; subject experts as often as there are."""
    me = by.person.pk if by.person else None
    return [
        {
            "role": name.value,
            "name": name.label,
            "duty": ROLE_DUTY[name.value],
            "needed": name.value in needed,
            "held": [{"row": row, "mine": row.person_id == me} for row in holders if row.role == name],
            "mine": any(row.role == name and row.person_id == me for row in holders),
        }
        for name in RoleName
    ]


def _work(read: _Read) -> dict[str, Any]:
    """What is tried, thought, asked and to be done."""
    incident = read.incident
    offered = offered_in(read.by, incident) if incident.is_open else []
    parked = queries.parked_in(incident)
    return {
        "runs": read.runs,
        "run_key": uuid.uuid4().hex,
        "judged": _room.to_be_judged(read.runs),
        "outcomes": MitigationRun.Outcome.choices,
        "offered": offered,
        "startable": [each for each in offered if each.may],  # type: ignore[attr-defined]
        "mitigation_kinds": MitigationKind.choices,
        "ideas": read.ideas,
        "columns": _room.board_of(read.ideas),
        "open_hypotheses": [entry for entry in read.ideas if entry.standing in {"open", "testing", ""}],
        "questions": read.questions,
        "tasks": [task for task in read.tasks if task.is_open],
        "ended_tasks": [task for task in read.tasks if not task.is_open],
        "parked": [item for item in parked if item.left_at is None],
        "left_parked": [item for item in parked if item.left_at is not None],
        "kinds": KINDS,
        "new_key": uuid.uuid4().hex,
    }


def _told(read: _Read) -> dict[str, Any]:
    """What people outside were told, and whether they wait."""
    incident = read.incident
    return {
        "last_update": incident.updates.select_related("published_by").first(),
        "late": incident.is_open and rules.is_overdue(incident.next_update_at, read.now),
    }


def _log(read: _Read, before: str) -> dict[str, Any]:
    """The newest lines, or those before one."""
    incident, line = read.incident, whole(before)
    older = None if line is None else queries.entry_for(read.by, line)
    entries, more = queries.log_page(incident, before=older, limit=FIRST_LINES)
    return {
        "lines": lines(incident, entries, acts=read.acts),
        "since": read.now.isoformat(),
        "older": entries[-1].pk if more else None,
        "pinned": list(incident.log.filter(pinned=True).order_by("at", "id")[:30]),
        "client_key": uuid.uuid4().hex,
        "role_form": RoleForm(),
    }
