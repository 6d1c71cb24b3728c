"""How insights are shown by the API."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Schema
from pydantic import Field

from ..accounts.models import Team
from .models import WeeklyList
from .queries import TeamLoad
from .rules.actionable import Score


class WaitOut(Schema):
    """A wait before paging that would have spared ``spared`` of ``pages`` pages; the others would have come later."""

    seconds: int
    spared: int
    pages: int


class ScoreOut(Schema):
    """What one kind of alert has cost a team, and whether it was worth it. Shares are from 0 to 1."""

    rule: str
    team: str
    fires: int
    pages: int
    night_pages: int
    pages_for_nothing: int
    judged: int = Field(description="How often somebody said what it was.")
    no_action_share: float | None = Field(description="Of those, how many needed nobody.")
    ended_by_itself_share: float
    median_answer_seconds: float | None
    median_length_seconds: float | None
    reopened: int
    noise: int = Field(description="Pages for nothing, those at night counted three times.")
    advice: list[str]
    wait: WaitOut | None = Field(
        description="A wait that would spare most of its pages. Accepted by POST /insights/wait."
    )

    @classmethod
    def of(cls, score: Score) -> ScoreOut:
        wait = WaitOut(**score.wait.__dict__) if score.wait else None
        return cls(**{**score.__dict__, "advice": list(score.advice), "wait": wait})


class PersonLoadOut(Schema):
    """What one person carried."""

    person: int
    name: str
    pages: int
    out_of_hours: int
    night_pages: int
    nights: int = Field(description="Nights with a page.")
    sleep_interruptions: int = Field(description="Pages within half an hour of each other wake once.")
    weekend_pages: int
    weekend_days: int = Field(description="Saturdays and Sundays on call.")
    hours_on_call: float
    share: float = Field(description="Of all pages of the team.")
    warnings: list[str]


class WeekOut(Schema):
    """The pages of one week, which begins on a Monday."""

    monday: date
    pages: int
    night_pages: int


class TeamLoadOut(Schema):
    """What on-call cost a team's people."""

    people: list[PersonLoadOut]
    weeks: list[WeekOut]
    uneven: float = Field(description="Gini coefficient of the people's pages: 0 is even.")

    @classmethod
    def of(cls, found: TeamLoad) -> TeamLoadOut:
        return cls(
            people=[
                PersonLoadOut(**{**each.__dict__, "person": who.pk, "name": str(who)}) for who, each in found.people
            ],
            weeks=[WeekOut(**week.__dict__) for week in found.weeks],
            uneven=found.uneven,
        )


class FixBody(Schema):
    """The kind of alert that somebody is to mend."""

    rule: str
    team: str


class WaitBody(FixBody):
    """The kind of alert that is to wait as suggested, counted over so many days."""

    days: int = 28


class WeeklyListBody(Schema):
    """Whether a team gets the weekly list."""

    on: bool


class WeeklyListOut(WeeklyListBody):
    """The weekly list of a team, and when the next one goes."""

    team: str
    due_at: datetime | None

    @classmethod
    def of(cls, team: Team) -> WeeklyListOut:
        row = WeeklyList.objects.filter(team=team).first()
        return cls(team=team.slug, on=row is not None, due_at=row.due_at if row else None)
