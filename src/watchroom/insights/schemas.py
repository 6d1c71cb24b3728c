"""How insights are shown by the API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from ..accounts.models import Team
from ..oncall.schemas import Who
from .grouping import effect
from .limits import Handover, limits_of, proposals
from .models import Crossing, GroupingSuggestion, WeeklyList
from .queries import TeamLoad
from .rules.actionable import Score
from .rules.response import Numbers


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
    weeks_in_a_row: float
    hours_in_incidents: float
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


class MeasureOut(Schema):
    """How long something took: half of ``count`` incidents within ``median_seconds``, nine of ten within ``most_seconds``."""

    name: str = Field(description="detect, acknowledge, mitigate or resolve.")
    count: int
    median_seconds: float | None
    most_seconds: float | None
    before_seconds: float | None = Field(description="The median of as long a time before.")


class IncidentWeekOut(Schema):
    """The incidents declared in one week, which begins on a Monday (UTC)."""

    monday: date
    count: int
    by_severity: dict[int, int]
    mitigate_seconds: float | None = Field(description="Half of them were mitigated within this.")


class HurtOut(Schema):
    """What happened to one service, and for how long it was hurt until each incident was mitigated."""

    service: str
    count: int
    hurt_seconds: float


class IncidentNumbersOut(Schema):
    """How the incidents of a time went. Drills, tests, duplicates and what was declined in triage don't count."""

    count: int
    told: int = Field(description="Of how many measures, weeks and services tell: of all, or of the newest so many.")
    before: int = Field(description="How many there were in as long a time before.")
    open: int
    by_severity: dict[int, int]
    measures: list[MeasureOut]
    weeks: list[IncidentWeekOut]
    services: list[HurtOut]

    @classmethod
    def of(cls, found: Numbers) -> IncidentNumbersOut:
        return cls(
            count=found.count,
            told=found.told,
            before=found.before,
            open=found.open,
            by_severity=dict(found.by_severity),
            measures=[MeasureOut(**each.__dict__) for each in found.measures],
            weeks=[IncidentWeekOut(**{**week.__dict__, "count": week.count}) for week in found.weeks],
            services=[HurtOut(**each.__dict__) for each in found.services],
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


class LimitsBody(Schema):
    """What a team bears. What is left out keeps its value; 0: no limit."""

    pages_per_shift: int | None = Field(None, ge=0, le=1000, description="Within twelve hours.")
    nights_per_week: int | None = Field(None, ge=0, le=7, description="With a page, within seven.")
    hours_per_month: int | None = Field(None, ge=0, le=672, description="On call within 28 days.")
    weeks_in_a_row: int | None = Field(None, ge=0, le=52, description="On call without a break.")
    share_percent: int | None = Field(None, ge=0, le=100, description="Of the team's pages in 28 days.")


class LimitsOut(Schema):
    """What a team bears."""

    team: str
    told: bool = Field(description="Whether people are told. false: the defaults only warn on the team's page.")
    pages_per_shift: int
    nights_per_week: int
    hours_per_month: int
    weeks_in_a_row: int
    share_percent: int

    @classmethod
    def of(cls, team: Team) -> LimitsOut:
        found, row = limits_of(team)
        return cls(team=team.slug, told=row is not None, **asdict(found))


class CrossingOut(Schema):
    """Somebody carried more than a limit of their team."""

    id: int
    team: str
    person: Who
    kind: Literal["pages", "nights", "hours", "weeks", "share"]
    value: int
    limit: int
    text: str
    noticed_at: datetime
    closed_at: datetime | None

    @classmethod
    def fields_of(cls, row: Crossing) -> dict[str, Any]:
        names = ("kind", "value", "limit", "text", "noticed_at", "closed_at")
        return {
            "id": row.pk,
            "team": row.team.slug,
            "person": Who.of(row.person),
            **{name: getattr(row, name) for name in names},
        }

    @classmethod
    def of(cls, row: Crossing) -> CrossingOut:
        return cls(**cls.fields_of(row))


class HandoverOut(Schema):
    """A shift to be given to others, and who would be asked: free, here, the best rested first."""

    schedule: str
    starts_at: datetime
    ends_at: datetime
    candidates: list[Who]

    @classmethod
    def of(cls, what: Handover) -> HandoverOut:
        return cls(
            schedule=what.schedule.slug,
            starts_at=what.starts_at,
            ends_at=what.ends_at,
            candidates=[Who.of(each.person) for each in what.candidates],
        )


class RestOut(Schema):
    """A day off, and what has to be covered in it."""

    starts_at: datetime
    ends_at: datetime
    cover: list[HandoverOut]


class NoisyOut(Schema):
    """An alert that paged somebody so often."""

    rule: str
    pages: int


class CrossingDetail(CrossingOut):
    """With what would help, and what has been taken of it. ``accept`` takes rest_day, swap or fix."""

    rest_day: RestOut
    swap: HandoverOut | None = Field(description="Their next shift in a schedule of the team.")
    fix: list[NoisyOut]
    absence: int | None = Field(description="The rest day that was taken.")
    swaps: list[int] = Field(description="Offers that were made.")
    action_items: list[int]

    @classmethod
    def of(cls, row: Crossing) -> CrossingDetail:
        found = proposals(row)
        a, b = found.rest
        return cls(
            **cls.fields_of(row),
            rest_day=RestOut(starts_at=a, ends_at=b, cover=[HandoverOut.of(each) for each in found.rest_cover]),
            swap=HandoverOut.of(found.swap) if found.swap else None,
            fix=[NoisyOut(rule=rule, pages=pages) for rule, pages in found.fix],
            absence=row.absence_id,
            swaps=[swap.pk for swap in row.swaps.all()],
            action_items=[item.pk for item in row.fixes.all()],
        )


class GroupingOut(Schema):
    """Alerts that always fire together, and the label by which they would be one alert group."""

    id: int
    state: str = Field(description="open, accepted or dismissed.")
    team: str
    route: int | None = Field(description="The route that takes them; none does, if empty.")
    label: str
    rules: list[str] = Field(description="Their alertnames.")
    alerts: int = Field(description="How many different ones fire together.")
    times: int = Field(description="How often any of them fired: so many alert groups they would have been.")
    together: int = Field(description="How often (nearly) all of them fired within two minutes.")
    groups: int = Field(description="How many alert groups they were.")
    messages: int = Field(description="How many messages that page reached people about them.")
    messages_grouped: int = Field(description="How many it would have been with one group each time, about.")
    days: int
    evidence: str
    effect: str = Field(description="What accepting it does.")
    examples: list[int] = Field(description="The alert groups of the last time.")
    counted_at: datetime
    decided_at: datetime | None
    made_route: int | None

    @classmethod
    def of(cls, row: GroupingSuggestion) -> GroupingOut:
        return cls(
            id=row.pk,
            state=row.state,
            team=row.team.slug,
            route=row.route_id,
            label=row.label,
            rules=row.rules,
            alerts=row.alerts,
            times=row.times,
            together=row.together,
            groups=row.groups,
            messages=row.messages,
            messages_grouped=row.messages_grouped,
            days=row.days,
            evidence=row.evidence,
            effect=effect(row),
            examples=row.examples,
            counted_at=row.counted_at,
            decided_at=row.decided_at,
            made_route=row.made_id,
        )
