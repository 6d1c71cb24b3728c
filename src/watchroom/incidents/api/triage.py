"""Triage."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Router, Schema

from ...accounts.roles import Action
from ...api.auth import actor_of
from .. import commands, queries
from ..models import TriageRule
from .incidents import detail
from .schemas import IncidentDetailOut

router = Router(tags=["Incidents"])


class TriageBody(Schema):
    """What waits for triage."""

    of: list[str] = Field(
        description="Declared by: rules (escalation policies), strangers (who may not respond), mail."
    )


class DeclineBody(Schema):
    """Why it is no incident."""

    reason: str = Field(max_length=300)


class MergeBody(Schema):
    """Of which it is a duplicate."""

    other: int


@router.get("/triage", response=TriageBody, operation_id="get_triage")
def get_triage(request: HttpRequest) -> TriageBody:
    """What waits for triage before it counts as an incident."""
    actor_of(request).require(Action.SEE)
    return TriageBody(of=list(TriageRule.objects.values_list("of", flat=True)))


@router.put("/triage", response=TriageBody, operation_id="change_triage")
def change_triage(request: HttpRequest, body: TriageBody) -> TriageBody:
    """Say what waits for triage. For administrators."""
    return TriageBody(of=commands.save_triage_rules(actor_of(request), body.of))


@router.post("/incidents/{int:id}/confirm", response=IncidentDetailOut, operation_id="confirm_incident")
def confirm(request: HttpRequest, id: int) -> IncidentDetailOut:
    """It is an incident. For responders of its team."""
    by = actor_of(request)
    commands.confirm(by, queries.incident_for(by, id))
    return detail(by, id)


@router.post("/incidents/{int:id}/decline", response=IncidentDetailOut, operation_id="decline_incident")
def decline(request: HttpRequest, id: int, body: DeclineBody) -> IncidentDetailOut:
    """It is none: it ends and never counts."""
    by = actor_of(request)
    commands.decline(by, queries.incident_for(by, id), body.reason)
    return detail(by, id)


@router.post("/incidents/{int:id}/merge", response=IncidentDetailOut, operation_id="merge_incident")
def merge(request: HttpRequest, id: int, body: MergeBody) -> IncidentDetailOut:
    """It is another incident's: it goes on there."""
    by = actor_of(request)
    commands.merge(by, queries.incident_for(by, id), queries.incident_for(by, body.other))
    return detail(by, body.other)
