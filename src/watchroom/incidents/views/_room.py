"""What the room shows, read at once: the snapshot behind “what to do next”, and the lists beside it.

It is read from above as well (mitigations, postmortems), so only pages and the API use it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ...accounts.actors import Actor
from ...intake.models import AlertGroup
from ...kernel import clock
from ...mitigations.models import Execution, MitigationRun
from .. import queries, rules
from ..models import Incident, LogEntry, RoleAssignment, RoleName
from ..severities import severity_of


def groups_of(incident: Incident) -> list[AlertGroup]:
    """The linked alert groups, the newest first."""
    return list(incident.alert_groups.select_related("service", "acknowledged_by").order_by("-id"))


def snapshot_of(
    incident: Incident,
    holders: list[RoleAssignment],
    groups: list[AlertGroup],
    runs: list[MitigationRun],
    *,
    has_postmortem: bool | None,
    needed: Collection[str],
) -> rules.Snapshot:
    """What :func:`rules.next_steps` decides by; ``needed``: the roles that the severity asks for."""
    by_role = {row.role: row for row in holders}
    commander = by_role.get(RoleName.COMMANDER)
    return rules.Snapshot(
        status=incident.status,
        triage=incident.is_waiting,
        commander=commander is not None,
        commander_accepted=commander is not None and commander.accepted_at is not None,
        communications=RoleName.COMMUNICATIONS in by_role or RoleName.COMMUNICATIONS not in needed,
        symptoms=LogEntry.objects.filter(incident=incident, kind=LogEntry.Kind.SYMPTOM, standing="").count(),
        tried=len(runs),
        running=sum(run.ended_at is None for run in runs),
        waiting=sum(_stands(run) == Execution.State.WAITING for run in runs),
        carrying=sum(_stands(run) in Execution.OPEN for run in runs),
        worked=sum(run.outcome == MitigationRun.Outcome.WORKED for run in runs),
        alerts=len(groups),
        firing=sum(group.resolved_at is None for group in groups),
        updates=incident.updates.count(),
        next_update_at=incident.next_update_at,
        postmortem=has_postmortem,
    )


def _stands(run: MitigationRun) -> str:
    """How a runner stands with it; empty: it is done by hand, or has ended."""
    return run.execution.state if run.ended_at is None and hasattr(run, "execution") else ""


def to_be_judged(runs: list[MitigationRun]) -> MitigationRun | None:
    """The one of ``runs`` that somebody has to look at; None: none, or several."""
    going = [run for run in runs if run.ended_at is None and _stands(run) not in Execution.OPEN]
    return going[0] if len(going) == 1 else None


def steps_for(incident: Incident, holders: list[RoleAssignment]) -> list[rules.Step]:
    """What to do next in ``incident``."""
    runs = list(MitigationRun.objects.filter(incident=incident).select_related("execution"))
    snapshot = snapshot_of(
        incident,
        holders,
        groups_of(incident),
        runs,
        has_postmortem=hasattr(incident, "postmortem"),
        needed=severity_of(incident.severity).roles,
    )
    return rules.next_steps(snapshot, clock.now())


def may_act(by: Actor, incident: Incident, holders: list[RoleAssignment]) -> bool:
    """Whether the page offers ``by`` to do things; the commands decide."""
    held = by.person is not None and any(row.person_id == by.person.pk for row in holders)
    return by.may(queries.needed_to_act(by, incident, holds=held), incident.team)


def done(request: HttpRequest, url: str) -> HttpResponse:
    """Nothing for a script, which re-reads what has changed; the page for everybody else."""
    if "application/json" in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    return redirect(url)


_COLUMNS = (
    ("open", "Open", "lightbulb", "What else could it be?"),
    ("testing", "Being tested", "search", "Nobody tests anything at this moment."),
    ("confirmed", "Confirmed", "check", "Nothing yet."),
    ("ruled_out", "Ruled out", "x", "Nothing yet."),
)


def board_of(ideas: Iterable[LogEntry]) -> list[dict[str, Any]]:
    """The columns of the investigation board, each card with where it can be moved."""
    ideas = list(ideas)
    return [
        {
            "standing": standing,
            "name": name,
            "icon": icon,
            "nothing": nothing,
            "cards": [each for each in ideas if (each.standing or "open") == standing],
            "moves": [(other, label) for other, label, _, _ in _COLUMNS if other != standing],
        }
        for standing, name, icon, nothing in _COLUMNS
    ]
