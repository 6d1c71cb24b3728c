"""Who is on call when."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from .. import parts
from ._part import Part


class Rotation(Part):
    """People taking turns; each turn is one or more e-mail addresses."""

    name: str
    precedence: int = 0
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = 1
    starts_at: str = Field(description="The first hand-off in the schedule's local time: 2026-03-02T09:00")
    until: parts.Time | None = Field(None, description="When it ends, with its offset; left out: never.")
    restrictions: list[dict[str, str]] = []
    members: list[list[str]]
    shadows: list[list[str]] = Field([], description="Turn by turn, who learns beside them: shown, never paged.")


class Temporary(Part):
    """What replaces a schedule's rotations for a while: another schedule, or people who take turns. One whose end has passed is
    left alone."""

    name: str
    starts_at: parts.Time
    ends_at: parts.Time
    other: str | None = Field(None, description="Slug of the schedule that stands in.")
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = 1
    restrictions: list[dict[str, str]] = []
    members: list[list[str]] = []


class Calendar(Part):
    """A calendar whose entries put people on call, too. Its address is a secret: a file may give it, and none is written with it.
    Left out, the one that is there stays, and a new calendar waits until it is given one."""

    name: str
    url: str | None = Field(None, description="Of an iCalendar file, read every ten minutes.")
    precedence: int = Field(0, ge=0, le=1000, description="Of entries that name no level, as [L1] does.")


class ChatGroup(Part):
    """The user group of a chat whose members are whoever is on call."""

    chat: str = Field(description="Slug of the chat workspace, a Slack.")
    group: str = Field(description="Its handle, such as payments-oncall, or its id there.")


class Schedule(Part):
    """Who is on call when."""

    slug: str
    name: str
    team: str
    timezone: str = "UTC"
    description: str = ""
    remind_hours: int = Field(12, ge=0, le=168, description="Before a shift, for whoever comes; 0: no reminder.")
    chat_group: ChatGroup | None = None
    rotations: list[Rotation] = []
    temporary: list[Temporary] = []
    calendars: list[Calendar] = []

    @field_validator("calendars")
    @classmethod
    def _by_name(cls, calendars: list[Calendar]) -> list[Calendar]:
        names = [each.name for each in calendars]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"Two calendars are called {twice[0]}: give each a name of its own.")
        return calendars
