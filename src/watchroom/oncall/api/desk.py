"""Swaps, absences, calendars and feeds over the API."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.queries import person_by, team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import NotFound, Refused
from ...kernel.finding import one
from .. import commands, outlook, queries
from ..models import Calendar, Feed, Swap
from ..schemas import (
    AbsenceFile,
    AbsenceIn,
    AbsenceOut,
    AbsencesImportedOut,
    CalendarIn,
    CalendarOut,
    CalendarsOut,
    FeedIn,
    FeedOut,
    FeedsOut,
    HolidaysIn,
    OverrideOut,
    SwapIn,
    SwapOut,
)
from ..views import telling
from .times import aware

router = Router(tags=["On call"])


def _self_or(by: Actor, reference: str | None) -> Person:
    if reference:
        return person_by(reference)
    if by.person is None:
        raise Refused("Say who.", field="person", value=None, fix="Give an id or an e-mail address.")
    return by.person


def _swap(by: Actor, id: int) -> Swap:
    by.require(Action.SEE)
    return one(Swap.objects.select_related("schedule__team", "offered_by", "taken_by"), "swap", pk=id)


@router.get("/swaps", response=Page[SwapOut], summary="Offered shifts")
def list_swaps(
    request: HttpRequest,
    state: Literal["offered", "taken", "withdrawn", "expired", ""] = Query("", description="Empty: all."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SwapOut]:
    """The latest first."""
    actor_of(request).require(Action.SEE)
    rows = Swap.objects.select_related("schedule", "offered_by", "taken_by")
    rows = rows.filter(state=state) if state else rows
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[SwapOut](items=[SwapOut.of(row) for row in items], next_cursor=following)


@router.post("/schedules/{slug:slug}/swaps", response={201: SwapOut}, summary="Ask to be covered")
def create_swap(request: HttpRequest, slug: str, body: SwapIn) -> Status[SwapOut]:
    """For a shift of your own. Whoever is asked gets a message."""
    by = actor_of(request)
    row = telling.offer(
        by,
        queries.schedule_by(by, slug),
        starts_at=aware(body.starts_at, "starts_at"),
        ends_at=aware(body.ends_at, "ends_at"),
        to=None if body.to is None else [person_by(each) for each in body.to],
        reason=body.reason,
        expires_at=aware(body.expires_at, "expires_at") if body.expires_at else None,
    )
    return Status(201, SwapOut.of(row))


@router.post("/swaps/{int:id}/take", response=OverrideOut, summary="Take an offered shift")
def take_swap(request: HttpRequest, id: int) -> OverrideOut:
    """You are on call then, by an override. Whoever was faster has it."""
    by = actor_of(request)
    return OverrideOut.of(telling.take(by, _swap(by, id)))


@router.post("/swaps/{int:id}/decline", response=SwapOut, summary="Decline an offered shift")
def decline_swap(request: HttpRequest, id: int) -> SwapOut:
    """The others still may take it."""
    by = actor_of(request)
    telling.decline(by, _swap(by, id))
    return SwapOut.of(_swap(by, id))


@router.post("/swaps/{int:id}/withdraw", response=SwapOut, summary="Withdraw your offer")
def withdraw_swap(request: HttpRequest, id: int) -> SwapOut:
    """Nobody need cover any more."""
    by = actor_of(request)
    commands.withdraw_swap(by, _swap(by, id))
    return SwapOut.of(_swap(by, id))


@router.get("/absences", response=Page[AbsenceOut], summary="Who is away")
def list_absences(
    request: HttpRequest,
    person: str | None = Query(None, description="Id or e-mail address."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AbsenceOut]:
    """Those that are not over, by their beginning."""
    rows = outlook.absences_visible_to(actor_of(request)).filter(ends_at__gt=clock.now())
    rows = rows.filter(person=person_by(person)) if person else rows
    items, following = page(rows, cursor=cursor, limit=limit, key="starts_at")
    return Page[AbsenceOut](items=[AbsenceOut.of(row) for row in items], next_cursor=following)


@router.post("/absences", response={201: AbsenceOut}, summary="Enter an absence")
def create_absence(request: HttpRequest, body: AbsenceIn) -> Status[AbsenceOut]:
    """Schedules stay as they are; they show where somebody is needed."""
    by = actor_of(request)
    row = commands.add_absence(
        by,
        _self_or(by, body.person),
        starts_at=aware(body.starts_at, "starts_at"),
        ends_at=aware(body.ends_at, "ends_at"),
        reason=body.reason,
        paged=body.paged,
    )
    return Status(201, AbsenceOut.of(row))


@router.post("/absences/import", response=AbsencesImportedOut, summary="Import absences from CSV")
def import_absences(request: HttpRequest, body: AbsenceFile) -> AbsencesImportedOut:
    """All lines or none; what is there already is not entered again."""
    return AbsencesImportedOut(new=len(commands.import_absences(actor_of(request), body.csv)))


@router.delete("/absences/{int:id}", response={204: None}, summary="Remove an absence")
def delete_absence(request: HttpRequest, id: int) -> Status[None]:
    """Not one that comes from a calendar: it would come back."""
    by = actor_of(request)
    row = outlook.absences_visible_to(by).filter(pk=id).first()
    if row is None:
        raise NotFound("There is no such absence.", field="absence", value=id, fix="See GET /absences.")
    commands.remove_absence(by, row)
    return Status(204, None)


@router.put("/holidays", response={204: None}, summary="Choose whose public holidays count")
def put_holidays(request: HttpRequest, body: HolidaysIn) -> Status[None]:
    """For yourself, for a person you manage, or for a team."""
    by = actor_of(request)
    team = team_by(body.team) if body.team else None
    person = None if team else _self_or(by, body.person)
    commands.set_holidays(by, country=body.country, region=body.region, person=person, team=team)
    return Status(204, None)


@router.get("/calendars", response=CalendarsOut, summary="Calendars that are read")
def list_calendars(
    request: HttpRequest, schedule: str | None = Query(None, description="Slug; left out: of all.")
) -> CalendarsOut:
    """With how old what was read is, and what is wrong with it."""
    by = actor_of(request)
    by.require(Action.SEE)
    rows = Calendar.objects.select_related("schedule", "person")
    rows = rows.filter(schedule=queries.schedule_by(by, schedule)) if schedule else rows
    return CalendarsOut(items=[CalendarOut.of(row) for row in rows[:500]])


@router.post("/calendars", response={201: CalendarOut}, summary="Read a calendar")
def create_calendar(request: HttpRequest, body: CalendarIn) -> Status[CalendarOut]:
    """Shifts of a schedule, or absences of a person; read every ten minutes. A bad answer keeps the last good copy."""
    by = actor_of(request)
    schedule = queries.schedule_by(by, body.schedule) if body.schedule else None
    person = None if schedule else _self_or(by, body.person)
    row = commands.save_calendar(
        by, None, schedule=schedule, person=person, name=body.name, url=body.url, precedence=body.precedence
    )
    return Status(201, CalendarOut.of(row))


@router.delete("/calendars/{int:id}", response={204: None}, summary="Read a calendar no longer")
def delete_calendar(request: HttpRequest, id: int) -> Status[None]:
    """Its shifts and absences go."""
    row = Calendar.objects.select_related("schedule__team", "person").filter(pk=id).first()
    by = actor_of(request)
    by.require(Action.SEE)
    if row is None:
        raise NotFound("There is no such calendar.", field="calendar", value=id, fix="See GET /calendars.")
    commands.remove_calendar(by, row)
    return Status(204, None)


def _feed(row: Feed, key: str = "") -> FeedOut:
    url = f"{conf.current().url}/calendar/{key}.ics" if key else None
    of = row.person or row.team or row.schedule
    return FeedOut(id=row.pk, of=str(of), created_at=row.created_at, used_at=row.used_at, url=url)


@router.get("/feeds", response=FeedsOut, summary="Your calendar feeds")
def list_feeds(request: HttpRequest) -> FeedsOut:
    """Without their addresses, which are secret."""
    return FeedsOut(items=[_feed(row) for row in outlook.feeds_of(actor_of(request))])


@router.post("/feeds", response={201: FeedOut}, summary="Make a calendar feed")
def create_feed(request: HttpRequest, body: FeedIn) -> Status[FeedOut]:
    """Shifts for a calendar program, under a secret address that is told only now."""
    by = actor_of(request)
    team = team_by(body.team) if body.team else None
    schedule = queries.schedule_by(by, body.schedule) if body.schedule and not team else None
    person = None if team or schedule else _self_or(by, body.person)
    row, key = commands.make_feed(by, person=person, team=team, schedule=schedule)
    return Status(201, _feed(row, key))


@router.delete("/feeds/{int:id}", response={204: None}, summary="Revoke a calendar feed")
def delete_feed(request: HttpRequest, id: int) -> Status[None]:
    """Its address gives nothing from now on."""
    by = actor_of(request)
    by.require(Action.SEE)
    row = Feed.objects.filter(pk=id).first()
    if row is None:
        raise NotFound("There is no such feed.", field="feed", value=id, fix="See GET /feeds.")
    commands.revoke_feed(by, row)
    return Status(204, None)
