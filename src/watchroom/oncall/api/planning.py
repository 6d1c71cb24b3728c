"""Cover, quality, previews and the planner over the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.models import Person
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...kernel import clock
from ...kernel.errors import Refused
from .. import commands, drafts, outlook, queries, rules
from ..schemas import (
    CoverIn,
    CoverOut,
    CoversOut,
    GapOut,
    LoadOut,
    MovedOut,
    MovesOut,
    OverrideIn,
    OverrideOut,
    PlannedShift,
    QualityFindingOut,
    QualityOut,
    RotaIn,
    RotaPlanIn,
    RotaPlanOut,
    ScheduleDraftIn,
    ScheduleDraftOut,
    TakeIn,
    Who,
)
from ..views import telling
from .times import aware, span

router = Router(tags=["On call"])
_USUAL = timedelta(days=60)


def moves_of(moved: Iterable[rules.Moved], people: dict[int, Person]) -> list[MovedOut]:
    """Who gains and who loses which time."""
    return [
        MovedOut(
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            loses=[Who.of(people[pk]) for pk in each.loses if pk in people],
            gains=[Who.of(people[pk]) for pk in each.gains if pk in people],
        )
        for each in moved
    ]


def _quality(found: rules.Quality, people: dict[int, Person]) -> QualityOut:
    return QualityOut(
        score=found.score,
        gap_hours=found.gap_hours,
        loads=[
            LoadOut(
                person=Who.of(people[load.person]),
                hours=load.hours,
                nights=load.nights,
                weekends=load.weekends,
                holidays=load.holidays,
                longest_hours=round(load.longest / timedelta(hours=1), 1),
            )
            for load in found.loads
            if load.person in people
        ],
        findings=[
            QualityFindingOut(
                kind=each.kind, text=each.text, fix=each.fix, starts_at=each.starts_at, ends_at=each.ends_at
            )
            for each in found.findings
        ],
    )


@router.get("/schedules/{slug:slug}/cover", response=CoversOut, summary="Who could cover")
def get_cover(
    request: HttpRequest,
    slug: str,
    start: datetime | None = Query(None, alias="from"),  # noqa: B008
    end: datetime | None = Query(None, alias="to"),  # noqa: B008
) -> CoversOut:
    """Who is here, free and not on call then; the fewest recent nights first."""
    by = actor_of(request)
    a, b = span(start, end, _USUAL)
    found = outlook.cover_for(queries.schedule_by(by, slug), a, b)
    return CoversOut(items=[CoverOut(person=Who.of(x.person), nights=x.nights, hours=x.hours) for x in found])


@router.post("/schedules/{slug:slug}/cover", response={201: OverrideOut}, summary="Be covered from now on")
def create_cover(request: HttpRequest, slug: str, body: CoverIn) -> Status[OverrideOut]:
    """You are on call and somebody stands in for you, for an hour or for the rest of your shift. They are told."""
    by = actor_of(request)
    made = telling.cover(
        by,
        queries.schedule_by(by, slug),
        person=person_by(body.person),
        length=None if body.minutes is None else timedelta(minutes=body.minutes),
    )
    return Status(201, OverrideOut.of(made))


@router.post("/schedules/{slug:slug}/take", response={201: OverrideOut}, summary="Take over a shift")
def take_over(request: HttpRequest, slug: str, body: TakeIn) -> Status[OverrideOut]:
    """Without having been asked, for responders of the team: now, or a shift ahead. Whoever had it is told."""
    by = actor_of(request)
    made = telling.take_over(
        by,
        queries.schedule_by(by, slug),
        person=person_by(body.person) if body.person else None,
        starts_at=aware(body.starts_at, "starts_at") if body.starts_at else None,
        ends_at=aware(body.ends_at, "ends_at") if body.ends_at else None,
    )
    return Status(201, OverrideOut.of(made))


@router.get("/schedules/{slug:slug}/quality", response=QualityOut, summary="How good a schedule is")
def get_quality(
    request: HttpRequest,
    slug: str,
    start: datetime | None = Query(None, alias="from"),  # noqa: B008
    end: datetime | None = Query(None, alias="to"),  # noqa: B008
) -> QualityOut:
    """Gaps, conflicts, balance, nights and weekends, with what would fix it."""
    by = actor_of(request)
    return _quality(*outlook.quality_of(queries.schedule_by(by, slug), *span(start, end, _USUAL)))


@router.post("/schedules/{slug:slug}/overrides/preview", response=MovesOut, summary="Preview an override")
def preview_override(request: HttpRequest, slug: str, body: OverrideIn) -> MovesOut:
    """Who would gain and who would lose which time. Nothing is saved."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    now = clock.now()  # what has passed, an override does not change
    start, end = span(max(aware(body.starts_at, "starts_at"), now) if body.starts_at else now, body.ends_at, _USUAL)
    person, replaces = person_by(body.person), person_by(body.replaces) if body.replaces else None
    return MovesOut(items=moves_of(*outlook.preview_override(row, person, replaces, start, end)))


@router.post("/schedules/{slug:slug}/preview", response=ScheduleDraftOut, summary="Preview a change of a schedule")
def preview_schedule(request: HttpRequest, slug: str, body: ScheduleDraftIn) -> ScheduleDraftOut:
    """Who would gain and who would lose which time, if these rotations took the place of those that are there. Nothing is saved.
    For managers of the team that owns it."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    by.require(Action.MANAGE, row.team)
    given = [each.model_dump(exclude_none=True) for each in body.rotations]
    found = drafts.draft_of(row, body.timezone or row.timezone, given)
    return ScheduleDraftOut(
        items=moves_of(found.moved, found.people),
        gaps=[GapOut(starts_at=a, ends_at=b) for a, b in found.gaps],
        rotations=[f"{name}: {' '.join(said)}" for name, said in found.words],
    )


@router.post("/schedules/{slug:slug}/plan", response=RotaPlanOut, summary="Let the planner propose a rota")
def plan_rota(request: HttpRequest, slug: str, body: RotaPlanIn) -> RotaPlanOut:
    """A fair one that keeps to absences and rest, with its score beside today's. Nothing is saved."""
    by = actor_of(request)
    found = outlook.propose(
        queries.schedule_by(by, slug),
        people=[person_by(each) for each in body.people],
        start=aware(body.starts_at, "starts_at"),
        **body.model_dump(exclude={"people", "starts_at"}),
    )
    return RotaPlanOut(
        starts_at=found.span[0],
        ends_at=found.span[1],
        rotation=found.rotation,
        shifts=[
            PlannedShift(person=str(person.pk), starts_at=a, ends_at=b, replaces=str(old.pk) if old else None)
            for person, a, b, old in found.parts
        ],
        before=_quality(found.before, found.people),
        after=_quality(found.after, found.people),
        moves=moves_of(found.moved, found.people),
    )


@router.post("/schedules/{slug:slug}/rota", response={201: list[OverrideOut]}, summary="Accept a planned rota")
def accept_rota(request: HttpRequest, slug: str, body: RotaIn) -> Status[list[OverrideOut]]:
    """Its shifts become overrides, in the place of those that were there. For managers."""
    by = actor_of(request)
    if (body.starts_at is None) != (body.ends_at is None):
        raise Refused("Half a time.", field="starts_at", value=body.starts_at, fix="Give both ends, or neither.")
    rows = commands.accept_rota(
        by,
        queries.schedule_by(by, slug),
        shifts=[
            (
                person_by(each.person),
                aware(each.starts_at, "starts_at"),
                aware(each.ends_at, "ends_at"),
                person_by(each.replaces) if each.replaces else None,
            )
            for each in body.shifts
        ],
        span=(aware(body.starts_at, "starts_at"), aware(body.ends_at, "ends_at"))
        if body.starts_at and body.ends_at
        else None,
        rotation=body.rotation,
    )
    return Status(201, [OverrideOut.of(row) for row in rows])


@router.delete("/schedules/{slug:slug}/rota", response={204: None}, summary="Take a planned rota back")
def take_back_rota(request: HttpRequest, slug: str) -> Status[None]:
    """What was planned and lies ahead goes, and the rotations count again. For managers."""
    by = actor_of(request)
    commands.take_back_rota(by, queries.schedule_by(by, slug))
    return Status(204, None)
