"""How pay is shown by the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from ..accounts.models import Team
from ..oncall.schemas import Who
from .pay import Pay
from .pay_rules import EVER, State, history_of, rules_of
from .rules.pay_book import in_words

_RATE = "In the unit, for an hour on call. A number as text, such as 2.50."
_OFF = "Hours of time off."


class PayRulesBody(Schema):
    """By which rules a team pays. What is left out keeps its value. An hour is of one kind, by the schedule's clock: a public
    holiday, else a weekend, else night, else working time, else any other hour of a weekday."""

    unit: str | None = Field(None, max_length=12, description="EUR, hours, points.")
    work: str | None = Field(None, description=_RATE)
    weekday: str | None = Field(None, description=_RATE)
    night: str | None = Field(None, description=_RATE)
    weekend: str | None = Field(None, description=_RATE)
    holiday: str | None = Field(None, description=_RATE)
    page_out_of_hours: str | None = Field(
        None, description="In the unit, for each page out of working time, not at night."
    )
    page_at_night: str | None = Field(None, description="In the unit, for each page at night.")
    off_per_night: str | None = Field(None, description=_OFF + " For each night with a page.")
    off_per_weekend_day: str | None = Field(None, description=_OFF + " For each weekend day on call.")
    off_per_holiday: str | None = Field(None, description=_OFF + " For each public holiday on call.")
    night_from: str | None = Field(None, description="22:00")
    night_to: str | None = Field(None, description="06:00")
    work_from: str | None = Field(None, description="09:00")
    work_to: str | None = Field(None, description="18:00")
    valid_from: date | None = Field(
        None,
        description="From which day they hold, by the clock of each schedule. Left out: a team's first rules always, others from "
        "the first of this month, or from the day on which the present ones began, if that is later.",
    )
    reason: str | None = Field(None, max_length=200, description="Needed where months that are over change.")


class PayVersionOut(Schema):
    """Rules that held, hold or will hold from a day on."""

    valid_from: date | None = Field(description="Null: always.")
    state: State = Field(description="replaced: others were set later for the same day.")
    rules: dict[str, str] | None = Field(description="Null: nothing is paid.")
    text: str = Field(description="What earns something, in words.")
    reason: str = Field(description="Why months that were over have changed.")
    made_by: Who | None
    made_at: datetime


class PayRulesOut(Schema):
    """By which rules a team pays today, and what it was and will be. ``own``: false where nothing is paid: hours are counted all
    the same."""

    team: str
    own: bool
    unit: str
    work: str
    weekday: str
    night: str
    weekend: str
    holiday: str
    page_out_of_hours: str
    page_at_night: str
    off_per_night: str
    off_per_weekend_day: str
    off_per_holiday: str
    night_from: str
    night_to: str
    work_from: str
    work_to: str
    versions: list[PayVersionOut] = Field(description="The latest day first.")

    @classmethod
    def of(cls, team: Team) -> PayRulesOut:
        found, own = rules_of(team)
        versions = [
            PayVersionOut(
                valid_from=None if row.valid_from == EVER else row.valid_from,
                state=state,
                rules=row.rules,
                text=in_words(rules),
                reason=row.reason,
                made_by=Who.of(row.made_by) if row.made_by else None,
                made_at=row.made_at,
            )
            for row, rules, state in history_of(team)
        ]
        return cls(team=team.slug, own=own, versions=versions, **found.data())


class PayLineOut(Schema):
    """One thing that was counted; ``text`` says how, so that it can be checked by hand."""

    person: Who
    schedule: str = Field(description="Name; empty: a page.")
    what: Literal["work", "weekday", "night", "weekend", "holiday", "page", "night page", "time off", "correction"]
    starts_at: datetime
    ends_at: datetime
    quantity: str = Field(description="Hours, or 1 page.")
    rate: str
    amount: str = Field(description="In the unit of the rules.")
    time_off_hours: str
    text: str


class PayTotalOut(Schema):
    """The sums of one person's lines."""

    person: Who
    hours: dict[str, str] = Field(description="On call, by kind.")
    pages: int
    amount: str
    time_off_hours: str


class PayOut(Schema):
    """What on-call earned in a month."""

    month: str
    unit: str
    everybody: bool = Field(description="false: only your own, because you don't manage the team.")
    people: list[PayTotalOut]
    lines: list[PayLineOut]

    @classmethod
    def of(cls, found: Pay) -> PayOut:
        return cls(
            month=found.month,
            unit=found.unit,
            everybody=found.all,
            people=[
                PayTotalOut(
                    person=Who.of(found.people[each.person]),
                    hours={kind: f"{hours:f}" for kind, hours in each.hours.items()},
                    pages=each.pages,
                    amount=f"{each.amount:f}",
                    time_off_hours=f"{each.off:f}",
                )
                for each in found.totals
            ],
            lines=[
                PayLineOut(
                    person=Who.of(found.people[line.person]),
                    schedule=line.schedule,
                    what=line.what,
                    starts_at=line.starts_at,
                    ends_at=line.ends_at,
                    quantity=f"{line.quantity:f}",
                    rate=f"{line.rate:f}",
                    amount=f"{line.amount:f}",
                    time_off_hours=f"{line.off:f}",
                    text=line.text,
                )
                for line in found.lines
            ],
        )
