"""What the API of readiness takes and gives."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Field, Schema

from .models import ProcessVersion, ReadinessDay, Standing
from .queries.process import Process, Reader
from .queries.standing import Readiness, Shown
from .rules.process import SECTIONS, Changed


class LackOut(Schema):
    """Something that is lacking."""

    key: str = Field(description="Names it, as long as it is lacking.")
    level: str = Field(description="will-hurt, mend or nice.")
    text: str
    path: str = Field(description="The page where it is mended; empty: none of its own.")
    since: datetime
    put_off_until: date | None
    put_off_by: str
    put_off_reason: str

    @staticmethod
    def of(each: Shown) -> LackOut:
        return LackOut(
            key=each.key,
            level=each.level.word,
            text=each.text,
            path=each.path,
            since=each.since,
            put_off_until=each.put_off_until,
            put_off_by=each.put_off_by,
            put_off_reason=each.put_off_reason,
        )


class DayOut(Schema):
    day: date
    percent: int = Field(description="How much of what was looked at was fine.")
    hurts: int


class ReadinessOut(Schema):
    """How ready a team (null: the installation) is at this moment."""

    team: str | None
    percent: int = Field(description="How much of what was looked at is fine.")
    looked: int
    fine: int
    next: LackOut | None = Field(description="What is to be mended next.")
    lacks: list[LackOut] = Field(description="What is to be mended, the worst first.")
    put_off: list[LackOut]
    history: list[DayOut] = Field(description="Of the last three months.")

    @staticmethod
    def of(found: Readiness, days: list[ReadinessDay]) -> ReadinessOut:
        return ReadinessOut(
            team=found.team.slug if found.team else None,
            percent=found.percent,
            looked=found.looked,
            fine=found.fine,
            next=LackOut.of(found.lacks[0]) if found.lacks else None,
            lacks=[LackOut.of(each) for each in found.lacks],
            put_off=[LackOut.of(each) for each in found.waiting],
            history=[DayOut(day=row.day, percent=row.percent, hurts=row.hurts) for row in days],
        )


class StandingOut(Schema):
    """How ready a team (null: the installation) was when it was last looked at."""

    team: str | None
    looked_at: datetime | None = Field(description="Null: not yet.")
    percent: int
    will_hurt: int
    mend: int
    nice: int
    put_off: int
    next: str = Field(description="What is to be mended next; empty: nothing.")

    @staticmethod
    def of(row: Standing) -> StandingOut:
        return StandingOut(
            team=row.team.slug if row.team else None,
            looked_at=row.looked_at,
            percent=row.percent,
            will_hurt=row.hurts,
            mend=row.mends,
            nice=row.nices,
            put_off=row.put_off,
            next=row.next.text if row.next else "",
        )


class LackIn(Schema):
    """Which lack."""

    team: str | None = Field(None, description="Slug; null: of the installation.")
    key: str


class PutOffIn(LackIn):
    until: date = Field(description="The day on which it comes back; within half a year.")
    reason: str = Field(description="Why it can wait.")


class ThresholdsIO(Schema):
    """From when on something counts as lacking; 0: it is not looked at. What is left out keeps its value."""

    silent_days: int | None = Field(None, description="An integration from which nothing has come.")
    tray_most: int | None = Field(None, description="Messages that wait in an integration's tray.")
    waiting_days: int | None = Field(None, description="A heartbeat that was never pinged, a check that has never run.")
    practised_days: int | None = Field(None, description="Since the last drill.")
    postmortem_days: int | None = Field(None, description="An incident without its published postmortem.")
    unread_days: int | None = Field(None, description="Somebody who has not read the process.")


class WordsIO(Schema):
    """One's own words at a section, Markdown."""

    before: str = ""
    after: str = ""


class ProcessIn(Schema):
    """The own words of the process."""

    sections: dict[str, WordsIO] = Field({}, description=f"By section: {', '.join(SECTIONS)}.")
    note: str = Field("", description="What is new, for those who have read the one before.")
    asks_anew: bool = Field(False, description="A big change: everybody reads it again. The first version always asks.")
    expected: int | None = Field(
        None, ge=0, le=2**31 - 1, description="The newest version that you have seen; refused if there is a newer one."
    )


class FactOut(Schema):
    """Something that is configured here."""

    name: str
    text: str
    url: str = Field(description="The page where it stands; empty: none.")


class ProcessPartOut(WordsIO):
    key: str
    title: str
    facts: list[FactOut]


class ProcessLineOut(Schema):
    sign: str = Field(description="+ new, - gone, or a space: as before.")
    text: str


class ProcessChangedOut(Schema):
    """A section in which something is another than before."""

    section: str
    title: str
    lines: list[ProcessLineOut]

    @staticmethod
    def of(found: Changed) -> ProcessChangedOut:
        lines = [ProcessLineOut(sign=line.sign, text=line.text) for line in found.lines]
        return ProcessChangedOut(section=found.section, title=found.title, lines=lines)


class ProcessVersionOut(Schema):
    """What was published when."""

    number: int
    note: str
    asks_anew: bool = Field(description="Everybody was asked to read it.")
    withdrawn: bool = Field(description="From then on nobody was asked.")
    published_at: datetime
    published_by: str | None

    @staticmethod
    def of(row: ProcessVersion) -> ProcessVersionOut:
        return ProcessVersionOut(
            number=row.number,
            note=row.note,
            asks_anew=row.asked_everybody,
            withdrawn=row.withdrawn,
            published_at=row.published_at,
            published_by=str(row.published_by) if row.published_by else None,
        )


class WholeVersionOut(ProcessVersionOut):
    """A version, with what was new in it."""

    sections: dict[str, WordsIO]
    facts: dict[str, list[str]]
    words_changed: list[ProcessChangedOut]
    facts_changed: list[ProcessChangedOut]


class ProcessOut(Schema):
    """How people here respond to incidents."""

    version: ProcessVersionOut | None = Field(description="Null: nothing is published, and nobody is asked.")
    minutes: int = Field(description="How long it takes to read.")
    asked: bool = Field(description="Whether you are asked to read it and have not.")
    read: int | None = Field(description="The newest version that you have read.")
    sections: list[ProcessPartOut]
    drifted: list[ProcessChangedOut] = Field(description="What is configured otherwise than when it was published.")

    @staticmethod
    def of(found: Process) -> ProcessOut:
        return ProcessOut(
            version=ProcessVersionOut.of(found.version) if found.version else None,
            minutes=found.minutes,
            asked=found.asked,
            read=found.read.version.number if found.read else None,
            sections=[
                ProcessPartOut(
                    key=part.key, title=part.title, before=part.before, after=part.after,
                    facts=[FactOut(name=fact.name, text=fact.text, url=fact.url) for fact in part.facts],
                )
                for part in found.parts
            ],
            drifted=[ProcessChangedOut.of(each) for each in found.drifted],
        )  # fmt: skip


class ReadIn(Schema):
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="The version that you saw; null: the newest.")


class ReaderOut(Schema):
    """Somebody, and what of the process they have read that counts."""

    id: int
    name: str
    email: str
    version: int | None = Field(description="Null: they have not read what they are asked to.")
    at: datetime | None

    @staticmethod
    def of(found: Reader) -> ReaderOut:
        who = found.person
        return ReaderOut(id=who.pk, name=who.name, email=who.email, version=found.number, at=found.at)
