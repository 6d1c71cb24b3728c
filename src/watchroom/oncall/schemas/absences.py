"""When people are away."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from ..models import Absence
from .people import Who


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


class AbsenceFile(Schema):
    """Absences as CSV."""

    csv: str = Field(description="The columns email, from, to and perhaps reason, named in the first line.")


class AbsencesImportedOut(Schema):
    """What an import brought."""

    new: int


class HolidaysIn(Schema):
    """Where public holidays are taken from."""

    person: str | None = Field(None, description="Id or e-mail address; without a team and without this: yourself.")
    team: str | None = Field(None, description="Slug.")
    country: str = Field(description="Two letters; empty: none.")
    region: str = ""
