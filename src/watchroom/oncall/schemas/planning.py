"""Quality, previews and the planner."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from .people import Who
from .schedules import GapOut, RotationIn


class LoadOut(Schema):
    """What somebody carries."""

    person: Who
    hours: float
    nights: int
    weekends: int
    holidays: int
    longest_hours: float


class QualityFindingOut(Schema):
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
    findings: list[QualityFindingOut]


class MovedOut(Schema):
    """A time that changes hands."""

    starts_at: datetime
    ends_at: datetime
    loses: list[Who]
    gains: list[Who]


class MovesOut(Schema):
    """What a change would move."""

    items: list[MovedOut]


class ScheduleDraftIn(Schema):
    """Rotations that are not saved."""

    timezone: str | None = Field(None, description="Left out: the schedule's own.")
    rotations: list[RotationIn]


class ScheduleDraftOut(MovesOut):
    """What a schedule would be: who gains and loses which time, and when nobody would be on call, in the next 60 days."""

    gaps: list[GapOut]
    rotations: list[str] = Field(description="Each in words.")


class RotaPlanIn(Schema):
    """What a fair rota must keep to."""

    people: list[str] = Field(description="Ids or e-mail addresses.")
    starts_at: datetime
    turns: int = Field(12, ge=1, le=200)
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    most_in_a_row: int = Field(1, ge=1, le=50, description="Turns that somebody has in a row at most.")
    rest: int = Field(1, ge=0, le=50, description="Turns of others before somebody is back.")
    rotation: int | None = Field(
        None, description="Id of the rotation that is planned; the others stay. Left out: the whole schedule."
    )


class PlannedShift(Schema):
    """A shift of a planned rota."""

    person: str = Field(description="Id or e-mail address.")
    starts_at: datetime
    ends_at: datetime
    replaces: str | None = Field(None, description="From whom: id or e-mail address. Null: from everybody.")


class RotaPlanOut(Schema):
    """A proposal; to accept it, send its shifts back, with its time and rotation."""

    shifts: list[PlannedShift]
    starts_at: datetime = Field(description="Of all that was planned.")
    ends_at: datetime
    rotation: int | None = Field(description="Of which rotation it is; null: of the whole schedule.")
    before: QualityOut
    after: QualityOut
    moves: list[MovedOut]


class RotaIn(Schema):
    """The shifts to put into effect."""

    shifts: list[PlannedShift] = Field(max_length=5000)
    starts_at: datetime | None = Field(
        None,
        description="Of all that was planned: in this time, what was planned before goes. Left out: as the shifts.",
    )
    ends_at: datetime | None = None
    rotation: int | None = Field(None, description="As in the plan.")
