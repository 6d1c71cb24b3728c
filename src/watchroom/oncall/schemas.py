"""What the API of schedules takes and gives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema

from ..accounts.models import Person
from .models import Absence, Calendar, Handoff, Override, Rotation, Schedule, Swap, Temporary
from .queries import people_of


class Who(Schema):
    """A person, briefly."""

    id: int
    name: str

    @classmethod
    def of(cls, row: Person) -> Who:
        """Of a person."""
        return cls(id=row.pk, name=row.name)


class WindowIO(Schema):
    """A window of local time: daily, or weekly with both days."""

    start: str = Field(description="09:00")
    end: str = Field(description="17:00; may be 24:00")
    start_day: str | None = Field(None, description="monday")
    end_day: str | None = Field(None, description="friday")


class RotationIn(Schema):
    """People taking turns."""

    name: str = ""
    precedence: int = Field(
        0, ge=0, le=1000, description="The highest that has somebody wins; equal ones are on call together."
    )
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    starts_at: str = Field(description="The first hand-off in the schedule's local time: 2026-03-02T09:00")
    until: datetime | None = None
    restrictions: list[WindowIO] = []
    members: list[list[int]] = Field(
        description="Turns in order; each is the ids of the people who are on call together."
    )
    shadows: list[list[int]] = Field(
        [], description="Turn by turn, who learns beside them: shown in the schedule, never paged."
    )


class RotationOut(RotationIn):
    """A rotation."""

    id: int

    @classmethod
    def of(cls, row: Rotation) -> RotationOut:
        """Of a rotation with prefetched members."""
        turns: dict[int, list[int]] = {}
        shadows: dict[int, list[int]] = {}
        for place in row.members.all():
            turns.setdefault(place.turn, [])
            (shadows if place.is_shadow else turns).setdefault(place.turn, []).append(place.person_id)
        return cls(
            id=row.pk,
            name=row.name,
            precedence=row.precedence,
            unit=row.unit,  # type: ignore[arg-type]
            length=row.length,
            starts_at=row.starts_at,
            until=row.until,
            restrictions=[WindowIO(**each) for each in row.restrictions],
            members=[turns[turn] for turn in sorted(turns)],
            shadows=[shadows.get(turn, []) for turn in sorted(turns)] if shadows else [],
        )


class OverrideOut(Schema):
    """Somebody takes over for a while."""

    id: int
    person: Who
    replaces: Who | None = Field(description="Null: everybody who is on call.")
    starts_at: datetime
    ends_at: datetime
    reason: str

    @classmethod
    def of(cls, row: Override) -> OverrideOut:
        """Of an override."""
        return cls(
            id=row.pk,
            person=Who.of(row.person),
            replaces=Who.of(row.replaces) if row.replaces else None,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            reason=row.reason,
        )


class OverrideIn(Schema):
    """A new override."""

    person: str = Field(description="Who takes over: id or e-mail address.")
    replaces: str | None = Field(None, description="From whom: id or e-mail address. Left out: from everybody.")
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


class ScheduleOut(Schema):
    """Who is on call when."""

    id: int
    name: str
    slug: str
    team: str = Field(description="Slug of the owner.")
    timezone: str
    description: str
    remind_hours: int = Field(description="How long before a shift whoever comes is reminded of it; 0: not at all.")

    @classmethod
    def fields_of(cls, row: Schedule) -> dict[str, Any]:
        """What a schedule has by itself."""
        return {
            "id": row.pk,
            "name": row.name,
            "slug": row.slug,
            "team": row.team.slug,
            "timezone": row.timezone,
            "description": row.description,
            "remind_hours": row.remind_hours,
        }


class ScheduleDetail(ScheduleOut):
    """A schedule with its rotations and the overrides that are not over."""

    rotations: list[RotationOut]
    overrides: list[OverrideOut]
    on_call: list[Who] = Field(description="Right now.")


class SchedulesOut(Schema):
    """A page of schedules."""

    items: list[ScheduleOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


class ScheduleIn(Schema):
    """A new schedule."""

    name: str
    team: str = Field(description="Slug of the owner.")
    slug: str | None = Field(None, description="Left out, it is made of the name.")
    timezone: str = "UTC"
    description: str = ""
    remind_hours: int = Field(12, ge=0, le=168, description="Before a shift; 0: no reminder.")
    rotations: list[RotationIn] = []


class SchedulePatch(Schema):
    """What is given changes; `rotations` replaces all of them."""

    name: str | None = None
    team: str | None = None
    slug: str | None = None
    timezone: str | None = None
    description: str | None = None
    remind_hours: int | None = Field(None, ge=0, le=168, description="Before a shift; 0: no reminder.")
    rotations: list[RotationIn] | None = None


class ShiftOut(Schema):
    """Somebody is on call from one instant up to another."""

    person: Who
    starts_at: datetime
    ends_at: datetime
    why: Literal["rotation", "override", "calendar"]
    rotation: int | None = Field(description="Of a shift that a rotation gives.")
    temporary: int | None = Field(None, description="Of a shift that a temporary schedule gives by turns of its own.")
    calendar: int | None = Field(None, description="Of a shift that was read from a calendar.")
    override: int | None


class GapOut(Schema):
    """Nobody is on call."""

    starts_at: datetime
    ends_at: datetime


class ShiftsOut(Schema):
    """The final schedule of a span of time."""

    items: list[ShiftOut]
    gaps: list[GapOut]


class OnCallOut(Schema):
    """Who is on call in one schedule."""

    schedule: str = Field(description="Slug.")
    name: str
    team: str = Field(description="Slug.")
    people: list[Who]


class OnCallNow(Schema):
    """Who is on call in every schedule at an instant."""

    at: datetime
    items: list[OnCallOut]


class SwapIn(Schema):
    """Ask to be covered."""

    starts_at: datetime
    ends_at: datetime
    to: list[str] | None = Field(None, description="Ids or e-mail addresses. Left out: everybody who could.")
    reason: str = ""
    expires_at: datetime | None = Field(None, description="Left out: when the time begins.")


class SwapOut(Schema):
    """A shift that somebody offers."""

    id: int
    schedule: str
    starts_at: datetime
    ends_at: datetime
    offered_by: Who
    taken_by: Who | None
    reason: str
    state: Literal["offered", "taken", "withdrawn", "expired"]
    expires_at: datetime

    @classmethod
    def of(cls, row: Swap) -> SwapOut:
        """Of a swap."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            offered_by=Who.of(row.offered_by),
            taken_by=Who.of(row.taken_by) if row.taken_by else None,
            reason=row.reason,
            state=row.state,  # type: ignore[arg-type]
            expires_at=row.expires_at,
        )


class SwapsOut(Schema):
    """A page of swaps."""

    items: list[SwapOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


class AbsenceIn(Schema):
    """Somebody is away."""

    person: str | None = Field(None, description="Id or e-mail address. Left out: yourself.")
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    paged: bool = Field(True, description="false: escalations pass them over and go on with the next at once.")


class AbsenceOut(Schema):
    """Somebody is away."""

    id: int
    person: Who
    starts_at: datetime
    ends_at: datetime
    reason: str
    paged: bool
    source: Literal["own", "file", "calendar"]

    @classmethod
    def of(cls, row: Absence) -> AbsenceOut:
        """Of an absence."""
        return cls(
            id=row.pk,
            person=Who.of(row.person),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            reason=row.reason,
            paged=row.paged,
            source=row.source,  # type: ignore[arg-type]
        )


class AbsencesOut(Schema):
    """A page of absences."""

    items: list[AbsenceOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


class AbsenceFile(Schema):
    """Absences as CSV."""

    csv: str = Field(description="The columns email, from, to and perhaps reason, named in the first line.")


class ImportedOut(Schema):
    """What an import brought."""

    new: int


class CalendarIn(Schema):
    """An iCalendar address to read: a schedule's shifts, or a person's absences."""

    schedule: str | None = Field(None, description="Slug.")
    person: str | None = Field(None, description="Id or e-mail address.")
    name: str
    url: str
    precedence: int = Field(0, ge=0, le=1000, description="Of shifts that name no level, as [L1] does.")


class CalendarOut(Schema):
    """A calendar that is read again and again. Its address is a secret and is not shown."""

    id: int
    schedule: str | None
    person: Who | None
    name: str
    precedence: int
    read_at: datetime | None = Field(description="When it was last read well; what was read then counts.")
    tried_at: datetime | None
    error: str = Field(description="Why the last try failed; empty: it did not.")
    unknown: list[str] = Field(description="Titles of entries that name nobody here.")

    @classmethod
    def of(cls, row: Calendar) -> CalendarOut:
        """Of a calendar."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug if row.schedule else None,
            person=Who.of(row.person) if row.person else None,
            name=row.name,
            precedence=row.precedence,
            read_at=row.read_at,
            tried_at=row.tried_at,
            error=row.error,
            unknown=row.unknown,
        )


class CalendarsOut(Schema):
    """Calendars."""

    items: list[CalendarOut]


class FeedIn(Schema):
    """Exactly one of them."""

    person: str | None = Field(None, description="Id or e-mail address.")
    team: str | None = Field(None, description="Slug.")
    schedule: str | None = Field(None, description="Slug.")


class FeedOut(Schema):
    """A secret address for calendar programs."""

    id: int
    of: str
    created_at: datetime
    used_at: datetime | None
    url: str | None = Field(None, description="Told only when it is made.")


class FeedsOut(Schema):
    """Your feeds."""

    items: list[FeedOut]


class HolidaysIn(Schema):
    """Where public holidays are taken from."""

    person: str | None = Field(None, description="Id or e-mail address; without a team and without this: yourself.")
    team: str | None = Field(None, description="Slug.")
    country: str = Field(description="Two letters; empty: none.")
    region: str = ""


class CoverIn(Schema):
    """Who covers, and for how long."""

    person: str = Field(description="Who takes your pages: id or e-mail address.")
    minutes: int | None = Field(60, ge=5, le=7 * 24 * 60, description="From now on. Null: for the rest of your shift.")


class TakeIn(Schema):
    """Whose shift you take over, and when."""

    person: str | None = Field(None, description="Id or e-mail address. Left out: whoever is on call then.")
    starts_at: datetime | None = Field(None, description="Left out: now.")
    ends_at: datetime | None = Field(None, description="Left out: the end of their shift.")


class CoverOut(Schema):
    """Somebody who is free, with what they had in the four weeks before."""

    person: Who
    nights: int
    hours: float


class CoversOut(Schema):
    """The fewest recent nights first."""

    items: list[CoverOut]


class LoadOut(Schema):
    """What somebody carries."""

    person: Who
    hours: float
    nights: int
    weekends: int
    holidays: int
    longest_hours: float


class FindingOut(Schema):
    """Something that could be better, and what would help."""

    kind: str
    text: str
    fix: str
    starts_at: datetime | None
    ends_at: datetime | None


class QualityOut(Schema):
    """How good a schedule is; the score is from 0 to 100."""

    score: int
    gap_hours: float
    loads: list[LoadOut]
    findings: list[FindingOut]


class MovedOut(Schema):
    """A time that changes hands."""

    starts_at: datetime
    ends_at: datetime
    loses: list[Who]
    gains: list[Who]


class MovesOut(Schema):
    """What a change would move."""

    items: list[MovedOut]


class PlanIn(Schema):
    """What a fair rota must keep to."""

    people: list[str] = Field(description="Ids or e-mail addresses.")
    starts_at: datetime
    turns: int = Field(12, ge=1, le=200)
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    most_in_a_row: int = Field(1, ge=1, le=50, description="Turns that somebody has in a row at most.")
    rest: int = Field(1, ge=0, le=50, description="Turns of others before somebody is back.")


class PlannedShift(Schema):
    """A shift of a planned rota."""

    person: str = Field(description="Id or e-mail address.")
    starts_at: datetime
    ends_at: datetime


class PlanOut(Schema):
    """A proposal; to accept it, send its shifts back."""

    shifts: list[PlannedShift]
    before: QualityOut
    after: QualityOut
    moves: list[MovedOut]


class RotaIn(Schema):
    """The shifts to put into effect."""

    shifts: list[PlannedShift] = Field(max_length=5000)


class ReportLine(Schema):
    """One thing in a report; ``path`` is where it is seen."""

    text: str
    path: str
    at: datetime | None
    until: datetime | None
    detail: str


class ReportSection(Schema):
    """A part of a report: how many there are, and the first of them."""

    key: str
    title: str
    count: int
    pages: int | None = Field(None, description="Of what fired: how often somebody was paged.")
    lines: list[ReportLine]


class CheckOut(Schema):
    """What may keep pages from somebody who comes on call."""

    person: int
    text: str
    fix: str
    deaf: bool = Field(description="Nothing that is known would reach them.")


class HandoffOut(Schema):
    """A shift change. Its report is written when it happens; until then ``written_at`` is null, and it may still move."""

    id: int
    schedule: str
    at: datetime
    since: datetime | None
    outgoing: list[Who]
    incoming: list[Who]
    reminded_at: datetime | None
    written_at: datetime | None
    note: str
    note_by: Who | None
    note_at: datetime | None
    acknowledged_by: Who | None
    acknowledged_at: datetime | None
    checks: list[CheckOut]
    report: list[ReportSection]

    @classmethod
    def of(cls, row: Handoff) -> HandoffOut:
        """Of a hand-off."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug,
            at=row.at,
            since=row.since,
            outgoing=[Who.of(person) for person in row.outgoing.all()],
            incoming=[Who.of(person) for person in row.incoming.all()],
            reminded_at=row.reminded_at,
            written_at=row.written_at,
            note=row.note,
            note_by=Who.of(row.note_by) if row.note_by else None,
            note_at=row.note_at,
            acknowledged_by=Who.of(row.acknowledged_by) if row.acknowledged_by else None,
            acknowledged_at=row.acknowledged_at,
            checks=[CheckOut(**each) for each in row.checks],
            report=[ReportSection(**each) for each in row.report],
        )


class HandoffsOut(Schema):
    """A page of hand-offs."""

    items: list[HandoffOut]
    next_cursor: str | None


class NoteIn(Schema):
    """What the next person should know."""

    note: str


class TemporaryIn(Schema):
    """What replaces a schedule's rotations for a while: another schedule, or people who take turns."""

    name: str
    starts_at: datetime
    ends_at: datetime
    other: str | None = Field(None, description="Slug of the schedule that stands in; without it, ``members``.")
    members: list[Annotated[list[str], Field(max_length=20)]] = Field(
        [], max_length=100, description="Turns in order, each the people on call together: ids or e-mail addresses."
    )
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    restrictions: list[WindowIO] = Field([], max_length=50)


class TemporaryOut(Schema):
    """A temporary schedule."""

    id: int
    schedule: str
    name: str
    starts_at: datetime
    ends_at: datetime
    other: str | None
    members: list[list[Who]]
    unit: Literal["hours", "days", "weeks", "months"]
    length: int
    restrictions: list[WindowIO]

    @classmethod
    def all_of(cls, rows: Iterable[Temporary]) -> list[TemporaryOut]:
        rows = list(rows)
        people = people_of(pk for row in rows for turn in row.members for pk in turn)
        return [
            cls(
                id=row.pk,
                schedule=row.schedule.slug,
                name=row.name,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                other=row.other.slug if row.other else None,
                members=[[Who.of(people[pk]) for pk in turn if pk in people] for turn in row.members],
                unit=row.unit,  # type: ignore[arg-type]
                length=row.length,
                restrictions=[WindowIO(**each) for each in row.restrictions],
            )
            for row in rows
        ]


class TemporariesOut(Schema):
    """Temporary schedules, the next first."""

    items: list[TemporaryOut]
