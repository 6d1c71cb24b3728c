"""What a team does before the next incident: practising, and what it leaves for later."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ...readiness.rules.checks import NAMES
from ..parts import Line, Time, Zone
from ._part import Part
from .people import Day

# What a lack of these is about is a number of this installation, and no configuration.
PASSING = ("defect", "action", "postmortem", "load")


class Practice(Part):
    """A team practises every so many weeks. Each drill is planned six days before."""

    team: str
    weeks: int = Field(ge=1, le=26)
    next_at: Time = Field(description="The next time, or any of those before: it comes again from then on.")
    timezone: Zone = Field("UTC", description="By whose clocks it comes again, such as `Europe/Berlin`.")
    facilitators: list[str] = Field(
        min_length=1, description="E-mail addresses, in the order in which they take turns."
    )
    scenario: str | None = Field(None, description="Null: one by chance, of those not practised for long.")
    pages: Literal["participants", "policy"] = "participants"

    @field_validator("facilitators")
    @classmethod
    def _once(cls, facilitators: list[str]) -> list[str]:
        return list(dict.fromkeys(facilitators))


class PutOff(Part):
    """Something lacking that is left until a day. Once it is mended, or the day is there, its line is left alone."""

    team: str | None = Field(description="Null: of the installation.")
    lack: str = Field(
        max_length=200,
        description="Its key in `watchroom readiness`; a person by e-mail address (`person:ada@example.org`), a route by name.",
    )
    until: Day = Field(description="At most 180 days ahead.")
    reason: Line = Field(min_length=1, max_length=300)

    @field_validator("lack")
    @classmethod
    def _of_the_configuration(cls, lack: str) -> str:
        check, colon, _ = lack.partition(":")
        if not colon or check not in NAMES:
            raise ValueError("it is not a key of readiness: see `watchroom readiness --team TEAM`")
        if check in PASSING:
            raise ValueError("it passes, and is put off on the team's page or by `watchroom put-off`, not in a file")
        return lack

    @property
    def key(self) -> str:
        return f"{self.lack} of {self.team or 'the installation'}"
