"""What the API of the room accepts and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ...kernel.times import Day, Instant
from ..models import Attachment, ParkedItem, Task
from ..rules import catch_up as catching_up
from .schemas import EntryOut, NamedPersonOut, WordingOut


class AttachmentOut(Schema):
    id: int
    name: str
    type: str = Field(description="Its media type, as its first bytes say.")
    size: int = Field(description="In bytes.")
    path: str

    @staticmethod
    def of(row: Attachment) -> AttachmentOut:
        return AttachmentOut(id=row.pk, name=row.name, type=row.type, size=row.size, path=f"/attachments/{row.pk}")


class SayIn(Schema):
    text: str = Field("", description="A line of the log, or a /-command.")
    kind: str = Field("note", description="Of a line that is no /-command.")
    at: Instant | None = Field(None, description="When it happened; without it, now.")
    parent: int | None = None
    attachments: list[int] = Field([], description="Files that you have sent.")
    client_key: str = Field("", max_length=64, description="Made by you; sent again, it is done once.")


class SaidOut(Schema):
    text: str = Field(description="What came of it, in a sentence.")
    entry: EntryOut | None
    wording: list[WordingOut] = Field([], description="Words in your line that blame.")


class SlashOut(Schema):
    name: str
    example: str
    does: str


class HandleOut(Schema):
    handle: str
    name: str


class WordsOut(Schema):
    commands: list[SlashOut]
    people: list[HandleOut]


class LiveOut(Schema):
    path: str = Field(description="Server-sent events, relative to Watchroom's address; valid for a week.")
    topics: list[str]


class WhoOut(Schema):
    role: str
    person: str
    accepted: bool


class TriedHypothesisOut(Schema):
    title: str
    outcome: str = Field(description="Empty until somebody has said how it went.")
    standing: str = Field(description="How it is, in words: also what became of it where a runner carries it out.")


class IdeaOut(Schema):
    id: int
    text: str
    standing: str
    tester: str


class LineOut(Schema):
    id: int
    at: datetime
    kind: str
    type: str
    text: str
    author: str


class DoingOut(Schema):
    id: int
    text: str
    person: str = Field(description="Empty: nobody has it.")


def _line(line: catching_up.Line) -> LineOut:
    return LineOut(id=line.id, at=line.at, kind=line.kind, type=line.type, text=line.text, author=line.author)


class CatchUpOut(Schema):
    incident: int
    state: str = Field(description="Severity, status and how long, in a sentence; of a drill it says so first.")
    impact: str
    summary: str
    roles: list[WhoOut]
    tried: list[TriedHypothesisOut]
    open_hypotheses: list[IdeaOut]
    confirmed_hypotheses: list[IdeaOut]
    ruled_out: int = Field(description="How many hypotheses are ruled out.")
    questions: list[LineOut] = Field(description="Those that nobody has answered.")
    tasks: list[DoingOut] = Field(description="Those that are open.")
    next: str = Field(description="What to do next; empty: nothing is left.")
    next_by: str = Field(description="Who leads.")
    next_update_at: datetime | None
    update_overdue: bool
    since: datetime | None = Field(description="Null: from the start.")
    news: list[LineOut] = Field(description="What mattered most since then, in its order.")
    more: int = Field(description="Further lines of the log since then.")

    @staticmethod
    def of(id: int, found: catching_up.CatchUp) -> CatchUpOut:
        def idea(each: catching_up.Idea) -> IdeaOut:
            return IdeaOut(id=each.id, text=each.text, standing=each.standing, tester=each.tester)

        return CatchUpOut(
            incident=id,
            state=found.state,
            impact=found.impact,
            summary=found.summary,
            roles=[WhoOut(role=role, person=who, accepted=yes) for role, who, yes in found.roles],
            tried=[
                TriedHypothesisOut(title=each.title, outcome=each.outcome, standing=each.standing)
                for each in found.tried
            ],
            open_hypotheses=[idea(each) for each in found.open_ideas],
            confirmed_hypotheses=[idea(each) for each in found.confirmed],
            ruled_out=found.ruled_out,
            questions=[_line(each) for each in found.questions],
            tasks=[DoingOut(id=each.id, text=each.text, person=each.who) for each in found.doing],
            next=found.next,
            next_by=found.next_by,
            next_update_at=found.next_update_at,
            update_overdue=found.update_overdue,
            since=found.since,
            news=[_line(each) for each in found.news],
            more=found.more,
        )


class UnderOut(Schema):
    id: int
    kind: str
    text: str
    at: datetime
    author: NamedPersonOut | None


class CardOut(Schema):
    id: int
    text: str
    author: NamedPersonOut | None
    tester: NamedPersonOut | None
    under: list[UnderOut]


class ColumnOut(Schema):
    standing: str = Field(description="open, testing, confirmed or ruled_out.")
    name: str
    hypotheses: list[CardOut]

    @staticmethod
    def of(column: dict[str, Any]) -> ColumnOut:
        return ColumnOut(
            standing=column["standing"],
            name=column["name"],
            hypotheses=[
                CardOut(
                    id=card.pk,
                    text=card.text,
                    author=NamedPersonOut.of(card.author),
                    tester=NamedPersonOut.of(card.tester),
                    under=[
                        UnderOut(
                            id=each.pk,
                            kind=each.kind,
                            text=each.text,
                            at=each.at,
                            author=NamedPersonOut.of(each.author),
                        )
                        for each in card.under
                    ],
                )
                for card in column["cards"]
            ],
        )


class TaskIn(Schema):
    text: str = Field(max_length=300)
    assignee: int | str | None = Field(None, description="Id or e-mail address; without it, nobody yet.")
    entry: int | None = Field(None, description="The entry of the log that it comes from.")
    client_key: str = Field("", max_length=64)


class TaskPatch(Schema):
    state: str | None = Field(None, description="open, doing, done or dropped.")
    assignee: int | str | None = None
    text: str | None = Field(None, max_length=300)


class TaskOut(Schema):
    id: int
    text: str
    state: str
    assignee: NamedPersonOut | None
    entry: int | None
    created_at: datetime
    ended_at: datetime | None

    @staticmethod
    def of(row: Task) -> TaskOut:
        return TaskOut(
            id=row.pk,
            text=row.text,
            state=row.state,
            assignee=NamedPersonOut.of(row.assignee),
            entry=row.entry_id,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )


class ParkedIn(Schema):
    text: str = Field(max_length=500)
    entry: int | None = None
    client_key: str = Field("", max_length=64)


class ParkedUpIn(Schema):
    title: str = Field("", max_length=200, description="What will be done; without it, what was parked.")
    owner: int | str | None = Field(None, description="Id or e-mail address; without it, yourself.")
    due_on: Day | None = Field(None, description="Without it, in two weeks.")


class ParkedOut(Schema):
    id: int
    text: str
    at: datetime
    by: NamedPersonOut | None
    left_at: datetime | None = Field(description="When it was taken up or dropped.")
    became: str = Field(description="The address of what became of it; empty: nothing yet, or it was dropped.")

    @staticmethod
    def of(row: ParkedItem) -> ParkedOut:
        return ParkedOut(
            id=row.pk,
            text=row.text,
            at=row.at,
            by=NamedPersonOut.of(row.by),
            left_at=row.left_at,
            became=row.became,
        )
