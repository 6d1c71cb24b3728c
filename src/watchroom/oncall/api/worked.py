"""What was worked, over the API."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.queries import person_by
from ...api.auth import actor_of
from .. import commands, queries, worked
from ..schemas import CorrectionIn, CorrectionOut, WorkedListOut, WorkedOut
from .times import aware, span

router = Router(tags=["On call"])
_FROM = Query(None, alias="from", description="Left out: 31 days before the end.")
_TO = Query(None, alias="to", description="Left out: now.")
_MONTH = timedelta(days=31)


@router.get("/schedules/{slug:slug}/worked", response=WorkedListOut, summary="Who was on call")
def get_worked(
    request: HttpRequest,
    slug: str,
    start: datetime | None = _FROM,
    end: datetime | None = _TO,
) -> WorkedListOut:
    """As it was written down while it passed, whatever the schedule says since; with what corrections took out."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    a, b = span(start, end, -_MONTH)
    corrections = worked.corrections_of(by, row).filter(ends_at__gt=a, starts_at__lt=b)
    return WorkedListOut(
        written_to=row.written_to,
        items=WorkedOut.all_of(worked.of_schedule(row, a, b, taken_out=True)),
        corrections=[CorrectionOut.of(each) for each in corrections],
    )


@router.post("/schedules/{slug:slug}/corrections", response={201: CorrectionOut}, summary="Correct who was on call")
def create_correction(request: HttpRequest, slug: str, body: CorrectionIn) -> Status[CorrectionOut]:
    """Of a time that has passed. What was written down stays beside it; pay and load follow. For managers of the team."""
    by = actor_of(request)
    made = commands.correct(
        by,
        queries.schedule_by(by, slug),
        person=person_by(body.person) if body.person else None,
        instead_of=person_by(body.instead_of) if body.instead_of else None,
        starts_at=aware(body.starts_at, "starts_at"),
        ends_at=aware(body.ends_at, "ends_at"),
        reason=body.reason,
    )
    return Status(201, CorrectionOut.of(made))


@router.delete("/corrections/{int:id}", response=CorrectionOut, summary="Take back a correction")
def delete_correction(request: HttpRequest, id: int) -> CorrectionOut:
    """What was written down counts again; the correction stays to be seen."""
    by = actor_of(request)
    return CorrectionOut.of(commands.take_back(by, worked.correction_for(by, id)))
