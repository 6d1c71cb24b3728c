"""What chats show of runs in incidents, and how one is approved there."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..incidents.models import Incident, LogEntry
from ..incidents.queries import incidents_about
from ..kernel import settings as conf
from ..paging.models import Escalation
from ..paging.proposed import MOST_TEXT, buttons
from ..paging.wording import clock_of
from ..workspaces.base import Part
from . import commands
from .models import Execution, MitigationRun
from .queries import run_for, who_may

State = Execution.State
MOST = 3  # of an incident in a message about its alerts


def _runs() -> QuerySet[MitigationRun]:
    return MitigationRun.objects.select_related(
        "mitigation__team", "started_by", "incident__team", "execution__approved_by"
    )


def about(group: int, but: Collection[str], zone: str) -> list[Part]:
    """What runners carry out in the incidents of an alert group that everybody may see."""
    rows = _runs().filter(incident__alert_groups=group, incident__private=False, execution__isnull=False)
    found = rows.exclude(client_key__in=but).order_by("-pk")[:MOST]
    return [_part(run, zone) for run in reversed(found)]


def started_by(key: str, escalation: Escalation, zone: str) -> Part | None:
    """What was started under this client key in the incidents that an escalation is about, where everybody may see it."""
    rows = _runs().filter(incident__in=incidents_about([escalation]), client_key=key, incident__private=False)
    run = rows.order_by("-pk").first()
    return _part(run, zone) if run else None


def all_may_see(escalation: Escalation) -> bool:
    """Whether the incidents that an escalation is about are known, and none is private."""
    private = list(Incident.objects.filter(pk__in=incidents_about([escalation])).values_list("private", flat=True))
    return bool(private) and not any(private)


def part(number: int, zone: str) -> Part | None:
    """One run."""
    run = _runs().filter(pk=number).first()
    return _part(run, zone) if run else None


def _part(run: MitigationRun, zone: str) -> Part:
    mitigation, execution = run.mitigation, getattr(run, "execution", None)
    url = f"{conf.current().url}/incidents/{run.incident_id}#mitigations"
    risk = mitigation.risk if mitigation else ""
    title = f"{'[Drill] ' if run.incident.drill else ''}Mitigation: {run.title}" + (f" ({risk} risk)" if risk else "")
    state, tone, waits = _state(run, execution, zone)
    text = execution.plan if execution else "Somebody does it by hand."
    if waits and mitigation is not None:
        text = f"{text}\n{mitigation.how}"[:MOST_TEXT]
    asked = buttons(run.title, risk, execution.plan, at_once=True) if waits and execution else ()
    return Part(title, text, state, tone, asked, f"m{run.pk}", url)


def _state(run: MitigationRun, execution: Execution | None, zone: str) -> tuple[str, str, bool]:
    """In words, its tone, and whether it waits for a second person."""
    began = f"Started by {run.started_by or 'Watchroom'} at {clock_of(run.started_at, zone)}."
    if execution is not None and execution.state == State.WAITING:
        own = who_may(run.mitigation) if run.mitigation else ""
        but = f", but not {run.started_by}" if run.started_by else ""
        may = f" Who may: {own or 'whoever may act in the incident'}{but}."
        return f"{began} It waits for a second person.{may}", "warning", True
    said = [began]
    if execution is not None:
        if execution.approved_by is not None and execution.decided_at is not None:
            said.append(f"Approved by {execution.approved_by} at {clock_of(execution.decided_at, zone)}.")
        ended = f" at {clock_of(execution.ended_at, zone)}" if execution.ended_at else ""
        said.append(f"{execution.get_state_display()}{ended}.")
    if run.ended_at is not None:
        if execution is None or execution.state not in (State.DECLINED, State.CANCELLED, State.FAILED):
            said.append(f"{run.get_outcome_display()} ({clock_of(run.ended_at, zone)}).")
        return " ".join(said), _ENDED.get(run.outcome, "alarm"), False
    if execution is not None and execution.state == State.SUCCEEDED:
        said.append("Did it help? Say so in the room.")
        return " ".join(said), "taken", False
    return " ".join(said), "alarm" if execution and not execution.is_open else "taken", False


_ENDED = {"worked": "done", "partly": "done", "no_effect": "info"}


def decide(by: Actor, number: int, *, approve: bool) -> tuple[str, bool]:
    """Approve it, as the second person, or decline it: as on the page.

    :raises WatchroomError: see :func:`commands.decide`.
    """
    run = run_for(by, number)
    row = Execution.objects.select_related("approved_by").filter(run=run).first()
    if row is None or row.state == State.WAITING:
        commands.decide(by, run, approve=approve)  # says what is missing where nothing waits
        row = Execution.objects.select_related("approved_by").get(run=run)
        if row.approved_by == by.person or row.state == State.DECLINED:
            return "Approved: it starts now." if approve else "Declined: nothing is done.", True
    return _earlier(by, run, row, approve)


def _earlier(by: Actor, run: MitigationRun, row: Execution, approve: bool) -> tuple[str, bool]:
    """Who was first, as the incident's log has it."""
    types = ("mitigation.approved", "mitigation.declined")
    line = (
        LogEntry.objects.filter(incident=run.incident_id, type__in=types, data__run=run.pk)
        .select_related("author")
        .order_by("-pk")
        .first()
    )
    if line is None:
        return f"It is past that: {row.get_state_display().lower()}.", False
    word = line.type.rpartition(".")[2]
    zone = by.person.timezone if by.person else "UTC"
    same = line.author == by.person and (word == "approved") == approve
    return f"{word.capitalize()} already by {line.author or 'somebody'} at {clock_of(line.at, zone)}.", same
