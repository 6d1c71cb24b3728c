"""What Watchroom says in an incident, and what it would have said."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import person_by
from ...api.auth import actor_of
from ...kernel import clock
from .. import commands, queries
from ..guidance import replay
from ..histories import history_of, rules_in_force, with_answers
from ..models import Nudge
from .schemas import NamedPersonOut

router = Router(tags=["Rooms of incidents"])


class HelpOut(Schema):
    """Somebody who could come, and why they."""

    id: int
    name: str
    why: str


class NudgeOut(Schema):
    """Something that was said, and what people answered."""

    id: int
    rule: str
    at: datetime
    reason: str
    advice: str
    answer: str = Field(description="done, snoozed, off, gone (no longer so), or empty: nothing yet.")
    answered_by: NamedPersonOut | None
    answered_at: datetime | None
    until: datetime | None
    help: list[HelpOut] = Field(description="Whom to call, the best first.")

    @staticmethod
    def of(row: Nudge) -> NudgeOut:
        return NudgeOut(
            id=row.pk,
            rule=row.rule,
            at=row.at,
            reason=row.reason,
            advice=row.advice,
            answer=row.answer,
            answered_by=NamedPersonOut.of(row.answered_by),
            answered_at=row.answered_at,
            until=row.until,
            help=[HelpOut(**each) for each in row.help],
        )


class NudgeAnswer(Schema):
    """What became of it."""

    answer: str = Field(description="done, snoozed (some peace from this rule) or off (not in this incident).")
    minutes: int = Field(60, ge=1, le=1440, description="For how long it is snoozed.")
    call: int | str | None = Field(None, description="Page this one of those whom it proposed: id or e-mail address.")


class NudgeSaidOut(Schema):
    """What would have been said, had nobody ever answered; and what was, with the answer."""

    rule: str
    at: datetime
    reason: str
    advice: str
    to: str
    said: bool = Field(
        description="Whether it was said then; otherwise the rules were others, or somebody had answered."
    )
    answer: str = Field("", description="done, snoozed, off, gone, or empty.")
    answered_by: str | None = None


class WatchedOut(Schema):
    """A rule of the guards as it stands here."""

    name: str
    title: str
    advice: str
    to: str = Field(description="Who is told: commander, communications or everybody.")
    urgent: bool = Field(description="Whether it also goes to that person's own channel.")
    enabled: bool
    after_minutes: dict[int, int] = Field(description="Severity to minutes; one that is left out is not watched.")
    as_shipped: dict[int, int]


class WatchedIn(Schema):
    """How a rule shall stand."""

    enabled: bool = True
    after_minutes: dict[int, int] | None = Field(None, description="Severity to minutes; null: as it comes.")


@router.get("/incidents/{int:id}/nudges", response=list[NudgeOut], summary="What was said")
def list_nudges(request: HttpRequest, id: int) -> list[NudgeOut]:
    """The newest first; a hundred at most."""
    incident = queries.incident_for(actor_of(request), id)
    return [NudgeOut.of(row) for row in incident.nudges.select_related("answered_by")[:100]]


@router.post("/incidents/{int:id}/nudges/{int:nudge}/answer", response=NudgeOut, summary="Answer it")
def answer_nudge(request: HttpRequest, id: int, nudge: int, body: NudgeAnswer) -> NudgeOut:
    """Say what became of it."""
    by = actor_of(request)
    call = person_by(body.call) if body.call is not None else None
    nudge_row = queries.nudge_for(by, id, nudge)
    return NudgeOut.of(commands.answer_nudge(by, nudge_row, body.answer, minutes=body.minutes, call=call))


@router.get("/incidents/{int:id}/guidance", response=list[NudgeSaidOut], summary="Replay the guards")
def replay_guidance(request: HttpRequest, id: int) -> list[NudgeSaidOut]:
    """What would have been said when, minute by minute over the first day at most, from the history alone and by the rules
    as they stand now; and what was said, with the answers."""
    incident = queries.incident_for(actor_of(request), id)
    history = history_of(incident)
    # Some rules speak only once it is over.
    end = min(history.resolved_at + timedelta(minutes=45) if history.resolved_at else clock.now(), clock.now())
    return [
        NudgeSaidOut(
            rule=each.rule, at=each.at, reason=each.reason, advice=each.advice, to=each.to, said=row is not None,
            answer=row.answer if row else "", answered_by=str(row.answered_by) if row and row.answered_by else None,
        )
        for each, row in with_answers(replay(history, end, rules_in_force()), incident)
    ]  # fmt: skip


@router.get("/guidance", response=list[WatchedOut], operation_id="list_guidance", summary="The rules of the guards")
def list_guidance(request: HttpRequest) -> list[WatchedOut]:
    """What each watches for, and after how many minutes here."""
    return [_watched(each) for each in queries.rules_watching(actor_of(request))]


@router.put("/guidance/{rule}", response=WatchedOut, operation_id="set_guidance", summary="Set a rule of the guards")
def set_guidance(request: HttpRequest, rule: str, body: WatchedIn) -> WatchedOut:
    """Switch it, and say after how many minutes it speaks; for administrators."""
    by = actor_of(request)
    commands.set_guidance(by, rule, enabled=body.enabled, after_minutes=body.after_minutes)
    return next(_watched(each) for each in queries.rules_watching(by) if each.name == rule)


@router.delete("/guidance/{rule}", response={204: None}, operation_id="reset_guidance", summary="As it comes")
def reset_guidance(request: HttpRequest, rule: str) -> Status[None]:
    """Let a rule of the guards be as it comes; for administrators."""
    commands.reset_guidance(actor_of(request), rule)
    return Status(204, None)


def _watched(each: queries.Watched) -> WatchedOut:
    return WatchedOut(**{name: getattr(each, name) for name in WatchedOut.model_fields})
