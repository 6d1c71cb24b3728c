"""The API of alerts and alert groups."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import person_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...paging.queries import trace
from ...paging.schemas.escalations import EscalationOut
from .. import commands
from ..queries import alerts_of, alerts_visible_to, folded_under, groups_visible_to
from ..schemas.alerts import (
    AcknowledgeBody,
    AlertOut,
    CountedOut,
    EventOut,
    GivenBody,
    GroupDetail,
    GroupOut,
    NoteBody,
    SnoozeBody,
    VerdictBody,
    WhyOut,
)
from ..summing import summary_of
from ..views.alerts import filtered, group_for
from ..why import why

router = Router(tags=["Alerts"])


@router.get("/alert-groups", response=Page[GroupOut], operation_id="list_alert_groups")
def list_alert_groups(
    request: HttpRequest,
    state: str = "open",
    severity: str = "",
    service: str = "",
    team: str = "",
    who: str = "",
    q: str = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Alert groups: ``state`` is open, firing, acknowledged, resolved or all; ``team`` a slug or ``mine``; ``who=me``:
    acknowledged by me, or I was paged for it."""
    actor = actor_of(request)
    given = {"state": state, "severity": severity, "service": service, "team": team, "who": who, "q": q}
    rows, following = page(filtered(groups_visible_to(actor), given, actor), cursor=cursor, limit=limit)
    return {"items": [GroupOut.of(row) for row in rows], "next_cursor": following}


def _detail(request: HttpRequest, id: int) -> Any:
    actor = actor_of(request)
    group = group_for(actor, id)
    escalation = group.escalations.select_related("policy").first()
    return GroupDetail.of(
        group,
        alerts=[AlertOut.of(alert) for alert in alerts_of(group)[:200]],
        folded=folded_under(group, actor).count() if group.severity == "critical" and not group.resolved_at else 0,
        differing=[
            CountedOut(label=each.name, distinct=each.distinct, values=list(each.values[:20]))
            for each in (summary_of(group) if group.total > 1 else ())
        ],
        events=[EventOut.from_orm(event) for event in group.events.all()],
        escalation=EscalationOut.of(escalation, trace(escalation, actor)) if escalation else None,
    )


@router.get("/alert-groups/{id}", response=GroupDetail, operation_id="get_alert_group")
def get_alert_group(request: HttpRequest, id: int) -> Any:
    """One group: its alerts, its history, and who was and will be told."""
    return _detail(request, id)


@router.get("/alert-groups/{id}/why", response=WhyOut, operation_id="why_alert_group")
def why_alert_group(request: HttpRequest, id: int) -> Any:
    """Why somebody was paged for it, or nobody: every decision on the way, and what became of you."""
    actor = actor_of(request)
    return why(group_for(actor, id), actor)


@router.post("/alert-groups/{id}/acknowledge", response=GroupDetail, operation_id="acknowledge_alert_group")
def acknowledge(request: HttpRequest, id: int, body: AcknowledgeBody | None = None) -> Any:
    """I have it: nobody else is paged."""
    actor = actor_of(request)
    said = body or AcknowledgeBody()
    commands.acknowledge(actor, group_for(actor, id), note=said.note, until=said.until)
    return _detail(request, id)


@router.post("/alert-groups/{id}/snooze", response=GroupDetail, operation_id="snooze_alert_group")
def snooze(request: HttpRequest, id: int, body: SnoozeBody) -> Any:
    """Leave it alone until then; afterwards paging goes on where it stopped."""
    actor = actor_of(request)
    commands.snooze(actor, group_for(actor, id), body.until, note=body.note)
    return _detail(request, id)


@router.post("/alert-groups/{id}/reassign", response=GroupDetail, operation_id="reassign_alert_group")
def reassign(request: HttpRequest, id: int, body: GivenBody) -> Any:
    """Give it to somebody: they are paged at once, and then it goes on where it stood."""
    actor = actor_of(request)
    commands.reassign(actor, group_for(actor, id), person_by(body.person), note=body.note)
    return _detail(request, id)


@router.post("/alert-groups/{id}/responders", response=GroupDetail, operation_id="add_alert_group_responder")
def add_responder(request: HttpRequest, id: int, body: GivenBody) -> Any:
    """Ask somebody to help: they are paged until they answer; whoever has it keeps it."""
    actor = actor_of(request)
    commands.add_responder(actor, group_for(actor, id), person_by(body.person), note=body.note)
    return _detail(request, id)


@router.post("/alert-groups/{id}/unacknowledge", response=GroupDetail, operation_id="unacknowledge_alert_group")
def unacknowledge(request: HttpRequest, id: int) -> Any:
    """I can't take it after all, or the snooze is to end: paging goes on where it stopped."""
    actor = actor_of(request)
    commands.unacknowledge(actor, group_for(actor, id))
    return _detail(request, id)


@router.post("/alert-groups/{id}/resolve", response=GroupDetail, operation_id="resolve_alert_group")
def resolve(request: HttpRequest, id: int) -> Any:
    """It is over."""
    actor = actor_of(request)
    commands.resolve(actor, group_for(actor, id))
    return _detail(request, id)


@router.post("/alert-groups/{id}/escalate", response=GroupDetail, operation_id="escalate_alert_group")
def escalate(request: HttpRequest, id: int) -> Any:
    """I need help: the next step follows at once."""
    actor = actor_of(request)
    commands.escalate_now(actor, group_for(actor, id))
    return _detail(request, id)


@router.post("/alert-groups/{id}/page-now", response=GroupDetail, operation_id="page_alert_group_now")
def page_now(request: HttpRequest, id: int) -> Any:
    """Let a group page now that waits for its hours, or that flaps."""
    actor = actor_of(request)
    commands.page_now(actor, group_for(actor, id))
    return _detail(request, id)


@router.post("/alert-groups/{id}/verdict", response=GroupDetail, operation_id="judge_alert_group")
def judge(request: HttpRequest, id: int, body: VerdictBody) -> Any:
    """What it was: whether somebody had to act."""
    actor = actor_of(request)
    commands.judge(actor, group_for(actor, id), body.verdict)
    return _detail(request, id)


@router.post("/alert-groups/{id}/notes", response={201: EventOut}, operation_id="note_alert_group")
def note(request: HttpRequest, id: int, body: NoteBody) -> Any:
    """Write something down."""
    actor = actor_of(request)
    return Status(201, EventOut.from_orm(commands.add_note(actor, group_for(actor, id), body.text)))


@router.get("/alerts", response=Page[AlertOut], operation_id="list_alerts")
def list_alerts(
    request: HttpRequest, group: int | None = None, firing: bool = True, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """Single alerts; by default those that fire."""
    rows = alerts_visible_to(actor_of(request))
    rows = rows.filter(group=group) if group else rows
    rows = rows.filter(ended_at__isnull=True) if firing else rows
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [AlertOut.of(row) for row in found], "next_cursor": following}
