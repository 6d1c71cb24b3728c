"""What Watchroom says in an incident, and what it would have said."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema

from ...api.auth import actor_of
from ...kernel import clock
from .. import commands, queries
from ..guidance import replay
from ..histories import history_of
from ..models import Nudge

router = Router(tags=["Incidents"])


class NudgeOut(Schema):
    """Something that was said, and what people answered."""

    id: int
    rule: str
    at: datetime
    reason: str
    advice: str
    answer: str = Field(description="done, snoozed, off, or empty: nothing yet.")
    until: datetime | None

    @staticmethod
    def of(row: Nudge) -> NudgeOut:
        return NudgeOut(
            id=row.pk,
            rule=row.rule,
            at=row.at,
            reason=row.reason,
            advice=row.advice,
            answer=row.answer,
            until=row.until,
        )


class NudgeAnswer(Schema):
    """What became of it."""

    answer: str = Field(description="done, snoozed (an hour of peace from this rule) or off (not in this incident).")


class SaidOut(Schema):
    """What would have been said, had nobody ever answered."""

    rule: str
    at: datetime
    reason: str
    advice: str
    to: str


@router.get("/incidents/{int:id}/nudges", response=list[NudgeOut], summary="What was said")
def list_nudges(request: HttpRequest, id: int) -> list[NudgeOut]:
    """The newest first; a hundred at most."""
    incident = queries.incident_for(actor_of(request), id)
    return [NudgeOut.of(row) for row in incident.nudges.all()[:100]]


@router.post("/incidents/{int:id}/nudges/{int:nudge}/answer", response=NudgeOut, summary="Answer it")
def answer_nudge(request: HttpRequest, id: int, nudge: int, body: NudgeAnswer) -> NudgeOut:
    """Say what became of it."""
    by = actor_of(request)
    return NudgeOut.of(commands.answer_nudge(by, queries.nudge_for(by, id, nudge), body.answer))


@router.get("/incidents/{int:id}/guidance", response=list[SaidOut], summary="Replay the guards")
def replay_guidance(request: HttpRequest, id: int) -> list[SaidOut]:
    """What would have been said when, minute by minute over the first day at most, from the history alone."""
    incident = queries.incident_for(actor_of(request), id)
    history = history_of(incident)
    end = min(history.resolved_at or clock.now(), clock.now())
    return [
        SaidOut(rule=each.rule, at=each.at, reason=each.reason, advice=each.advice, to=each.to)
        for each in replay(history, end)
    ]
