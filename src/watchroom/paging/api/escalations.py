"""Pages, escalations, what policies propose and why a page reached nobody, over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import person_by, team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel.finding import one
from ...web.answers import answer
from .. import commands
from ..queries import approvals_visible_to, defects_visible_to, escalations_visible_to, trace
from ..schemas.escalations import AnswerNoteBody, ApprovalOut, DefectOut, EscalationOut, PageBody
from ..views.approvals import approval_for
from ..views.defects import defect_for
from ..views.policies import policy_for

router = Router(tags=["Paging"])


@router.post("/pages", response={201: EscalationOut}, operation_id="page_people")
def page_people(request: HttpRequest, body: PageBody) -> Any:
    """Page people and teams directly, again and again until one of them answers; or carry out an escalation policy."""
    people = [person_by(each) for each in body.people]
    return Status(
        201,
        EscalationOut.of(
            commands.page(
                actor_of(request),
                people=people,
                teams=[team_by(each) for each in body.teams],
                policy=policy_for(actor_of(request), body.policy) if body.policy else None,
                title=body.title,
                body=body.body,
                urgent=body.urgent,
            )
        ),
    )


@router.get("/escalations/{id}", response=EscalationOut, operation_id="get_escalation")
def get_escalation(request: HttpRequest, id: int) -> Any:
    """One escalation with its trace: what happened, and what will happen next and when."""
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


@router.post("/escalations/{id}/answer", response=EscalationOut, operation_id="answer_escalation")
def answer_escalation(request: HttpRequest, id: int) -> Any:
    """Answer it, as somebody who was paged."""
    answer(actor_of(request), _escalation(request, id))
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


@router.post("/escalations/{id}/withdraw", response=EscalationOut, operation_id="withdraw_page")
def withdraw_page(request: HttpRequest, id: int) -> Any:
    """End a direct page that is no longer needed, as whoever sent it."""
    commands.withdraw_page(actor_of(request), _escalation(request, id))
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


def _escalation(request: HttpRequest, id: int) -> Any:
    return one(escalations_visible_to(actor_of(request)), "escalation", pk=id, fix="It may concern other people.")


@router.get("/paging-defects", response=Page[DefectOut], operation_id="list_paging_defects")
def list_paging_defects(
    request: HttpRequest, resolved: bool = False, team: str = "", cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """What kept pages from reaching anybody, or will: the open ones, or those that were resolved."""
    rows = defects_visible_to(actor_of(request)).filter(resolved_at__isnull=not resolved).order_by("-id")
    rows = rows.filter(team__slug=team) if team else rows
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [DefectOut.of(row) for row in found], "next_cursor": following}


@router.post("/paging-defects/{id}/resolve", response=DefectOut, operation_id="resolve_paging_defect")
def resolve_paging_defect(request: HttpRequest, id: int, body: AnswerNoteBody) -> Any:
    """Say that it is mended, or known and accepted: a warning about what lies ahead then stays quiet for four weeks."""
    actor = actor_of(request)
    return DefectOut.of(commands.resolve_defect(actor, defect_for(actor, id), note=body.note))


@router.get("/approvals", response=Page[ApprovalOut], operation_id="list_approvals")
def list_approvals(
    request: HttpRequest, state: str = "open", escalation: int | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """Mitigations and runbooks that policies have proposed. ``state``: open (the default), approved, declined, withdrawn or all."""
    rows = approvals_visible_to(actor_of(request)).order_by("-id")
    rows = rows if state == "all" else rows.filter(state=state)
    rows = rows.filter(escalation=escalation) if escalation else rows
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [ApprovalOut.of(row) for row in found], "next_cursor": following}


@router.post("/approvals/{id}/approve", response=ApprovalOut, operation_id="approve_proposal")
def approve_proposal(request: HttpRequest, id: int) -> Any:
    """Approve it: the mitigation, or the runbook, is started in the incident, which is declared where there is none."""
    return _decide(request, id, True)


@router.post("/approvals/{id}/decline", response=ApprovalOut, operation_id="decline_proposal")
def decline_proposal(request: HttpRequest, id: int) -> Any:
    """Decline it: nothing is done."""
    return _decide(request, id, False)


def _decide(request: HttpRequest, id: int, approve: bool) -> Any:
    actor = actor_of(request)
    return ApprovalOut.of(commands.decide_approval(actor, approval_for(actor, id), approve=approve))
