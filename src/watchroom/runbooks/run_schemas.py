"""How runs of runbooks look in the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from .models import RunbookRun
from .rules import progress, steps_of
from .runs import outcomes_of


class RunbookStartIn(Schema):
    """For what: an incident, or an alert group."""

    incident: int | None = None
    alert_group: int | None = None
    client_key: str = Field("", max_length=64, description="Made by you; sent again, it begins once.")


class RunbookSayIn(Schema):
    """What came of a step."""

    outcome: str = Field(description="done, skipped (with a note), failed or answered.")
    answer: str = Field("", max_length=300, description="Of a step that asks: its words, or its number from 1 on.")
    note: str = Field("", max_length=1000)


class RunbookDeclaringIn(Schema):
    """``declare``: where the alert group has no incident, declare one."""

    declare: bool = False


class RunbookHelpedIn(Schema):
    """Did it help?"""

    helped: str = Field(description="helped, partly, no or outdated.")
    note: str = Field("", max_length=1000)


class RunbookRunStepOut(Schema):
    """A step as the runbook says it, and what came of it: ``state`` is open, left_out (an answer has led past it), done,
    skipped, failed or answered."""

    key: str
    kind: str
    part: str
    title: str
    text: str
    expect: str
    mitigation: str
    target: str
    answers: list[str]
    state: str
    answer: str
    note: str
    at: datetime | None
    by: str | None


class RunbookRunOut(Schema):
    """A runbook being carried out, or that was. ``next``: the key of the step to be done now; null: none is left."""

    id: int
    runbook: str | None
    name: str
    version: int
    incident: int | None
    alert_group: int | None
    drill: bool
    started_at: datetime
    started_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    helped: str
    note: str
    next: str | None
    steps: list[RunbookRunStepOut]

    @classmethod
    def of(cls, row: RunbookRun) -> RunbookRunOut:
        outcomes = outcomes_of(row)
        steps = steps_of(row.steps)
        said = [progress.Said(each.key, each.outcome, each.answer) for each in outcomes]
        stands = progress.standing(steps, said)
        last = {each.key: each for each in outcomes}
        return cls(
            id=row.pk,
            runbook=row.runbook.slug if row.runbook else None,
            name=row.name,
            version=row.version,
            incident=row.incident_id,
            alert_group=row.group_id,
            drill=row.drill,
            started_at=row.started_at,
            started_by=str(row.started_by) if row.started_by else None,
            ended_at=row.ended_at,
            ended_by=str(row.ended_by) if row.ended_by else None,
            helped=row.helped,
            note=row.note,
            next=stands.next if row.ended_at is None else None,
            steps=[_step(each, stands, last.get(each.key)) for each in steps],
        )


def _step(step: Any, stands: progress.Standing, outcome: Any) -> RunbookRunStepOut:
    said = stands.of(step.key)
    outcome = outcome if said else None
    return RunbookRunStepOut(
        key=step.key,
        kind=step.kind,
        part=step.part,
        title=step.title,
        text=step.text,
        expect=step.expect,
        mitigation=step.mitigation,
        target=step.target,
        answers=[each.text for each in step.answers],
        state=said.outcome if said else "left_out" if step.key in stands.left_out else "open",
        answer=outcome.answer if outcome else "",
        note=outcome.note if outcome else "",
        at=outcome.at if outcome else None,
        by=str(outcome.by) if outcome and outcome.by else None,
    )


class RunbookMendedOut(Schema):
    """The action item that was made."""

    action_item: int
    owner: int
    due_on: date


class OfferedRunbookOut(Schema):
    """A runbook that fits, why, and what earlier runs said of it (drills do not count)."""

    slug: str
    name: str
    reason: str
    past: str
    runs: int
    last_used_at: datetime | None
