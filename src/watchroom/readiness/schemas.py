"""What the API of readiness takes and gives."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from .models import ProcessVersion
from .queries.process import Process, Reader
from .rules.process import SECTIONS, Changed


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


class PartOut(WordsIO):
    key: str
    title: str
    facts: list[FactOut]


class LineOut(Schema):
    sign: str = Field(description="+ new, - gone, or a space: as before.")
    text: str


class ChangedOut(Schema):
    """A section in which something is another than before."""

    section: str
    title: str
    lines: list[LineOut]

    @staticmethod
    def of(found: Changed) -> ChangedOut:
        lines = [LineOut(sign=line.sign, text=line.text) for line in found.lines]
        return ChangedOut(section=found.section, title=found.title, lines=lines)


class VersionOut(Schema):
    """What was published when."""

    number: int
    note: str
    asks_anew: bool = Field(description="Everybody was asked to read it.")
    withdrawn: bool = Field(description="From then on nobody was asked.")
    published_at: datetime
    published_by: str | None

    @staticmethod
    def of(row: ProcessVersion) -> VersionOut:
        return VersionOut(
            number=row.number,
            note=row.note,
            asks_anew=row.asked_everybody,
            withdrawn=row.withdrawn,
            published_at=row.published_at,
            published_by=str(row.published_by) if row.published_by else None,
        )


class WholeVersionOut(VersionOut):
    """A version, with what was new in it."""

    sections: dict[str, WordsIO]
    facts: dict[str, list[str]]
    words_changed: list[ChangedOut]
    facts_changed: list[ChangedOut]


class ProcessOut(Schema):
    """How people here respond to incidents."""

    version: VersionOut | None = Field(description="Null: nothing is published, and nobody is asked.")
    minutes: int = Field(description="How long it takes to read.")
    asked: bool = Field(description="Whether you are asked to read it and have not.")
    read: int | None = Field(description="The newest version that you have read.")
    sections: list[PartOut]
    drifted: list[ChangedOut] = Field(description="What is configured otherwise than when it was published.")

    @staticmethod
    def of(found: Process) -> ProcessOut:
        return ProcessOut(
            version=VersionOut.of(found.version) if found.version else None,
            minutes=found.minutes,
            asked=found.asked,
            read=found.read.version.number if found.read else None,
            sections=[
                PartOut(
                    key=part.key, title=part.title, before=part.before, after=part.after,
                    facts=[FactOut(name=fact.name, text=fact.text, url=fact.url) for fact in part.facts],
                )
                for part in found.parts
            ],
            drifted=[ChangedOut.of(each) for each in found.drifted],
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
