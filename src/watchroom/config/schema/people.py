"""People, teams, and what on-call means for them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PlainSerializer, field_validator

from ._part import Part


class Member(Part):
    """A person's place in a team."""

    email: str
    role: Literal["viewer", "responder", "manager"] = "responder"


ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Quiet(Part):
    """When what can wait waits, by the person's own clock; in quotes: "22:00"."""

    starts: ClockTime
    ends: ClockTime


class Way(Part):
    """Every way of a channel; where somebody has several of it, perhaps only the one with this label."""

    channel: str = Field(
        description="apprise, browser, email, matrix, mattermost, ntfy, push, slack, sms, teams, telegram, voice or webhook."
    )
    label: str = ""
    wait_seconds: int = Field(0, ge=0, le=3600)


class NotificationRules(Part):
    """In what order somebody is reached, for what is urgent and for what can wait. Empty: at once by everything."""

    high: list[Way] = Field([], description="One must have no wait.")
    low: list[Way] = []

    @field_validator("high", "low")
    @classmethod
    def _in_order(cls, ways: list[Way]) -> list[Way]:
        """In the order in which they are kept, so that the same file changes nothing the second time."""
        found = {(way.wait_seconds, way.channel, way.label): way for way in ways}
        return [found[key] for key in sorted(found)]


class Person(Part):
    """Somebody who signs in or is paged. Numbers, addresses and whether they are confirmed are their own, and never in a file."""

    email: str
    name: str
    role: Literal["viewer", "responder", "manager", "administrator"] = "viewer"
    timezone: str = "UTC"
    quiet_hours: Quiet | None = Field(None, description="Null: none.")
    notification_rules: NotificationRules | None = Field(
        None,
        description="Ways that they have not added yet are used once they do. Null, or taken out: as they set it themselves.",
    )


class Limits(Part):
    """What a team bears of on-call; 0: no limit. Whoever crosses one is told, and the team's managers."""

    pages_per_shift: int = Field(2, ge=0, le=1000, description="Within twelve hours.")
    nights_per_week: int = Field(2, ge=0, le=7, description="With a page, within seven.")
    hours_per_month: int = Field(336, ge=0, le=672, description="On call within 28 days.")
    weeks_in_a_row: int = Field(1, ge=0, le=52, description="On call without a break.")
    share_percent: int = Field(60, ge=0, le=100, description="Of the team's pages in 28 days.")


class PayPart(Part):
    """By which rules on-call is paid, all as text: rates for an hour on call of each kind, for a page, and hours off."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    unit: str = "hours"
    work: str = "0"
    weekday: str = "0"
    night: str = "0"
    weekend: str = "0"
    holiday: str = "0"
    page_out_of_hours: str = "0"
    page_at_night: str = "0"
    off_per_night: str = "0"
    off_per_weekend_day: str = "0"
    off_per_holiday: str = "0"
    night_from: str = "22:00"
    night_to: str = "06:00"
    work_from: str = "09:00"
    work_to: str = "18:00"


Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str)]


class LaterPay(Part):
    """Rules that hold from a day to come. One whose day has passed is in force."""

    valid_from: Day
    pay: PayPart | None = Field(description="Null: nothing is paid from then on.")


class Team(Part):
    """Owns services, schedules, policies and integrations."""

    slug: str
    name: str
    description: str = ""
    members: list[Member] = []
    limits: Limits | None = Field(None, description="Null: the defaults only warn on the page, and nobody is told.")
    weekly_list: bool = Field(False, description="Whether its managers get the alerts to fix on Mondays.")
    pay: PayPart | None = Field(
        None,
        description="Today's. Null: hours are counted, and nothing is paid. A change holds from the first of this month, or from the "
        "day on which the present rules began, if that is later.",
    )
    pay_later: list[LaterPay] = Field([], description="What is planned, by its day.")


class IdentityProvider(Part):
    """A company's own sign-in by SAML. Nothing of it is secret. Pasted metadata, or their address, say what it is."""

    slug: str
    name: str
    enabled: bool = False
    metadata_url: str = ""
    entity_id: str = ""
    sso_url: str = ""
    certificates: list[str] = Field([], description="PEM; any one of them may sign.")
    domains: list[str] = Field([], description="Of the addresses that it may speak for. Empty: of all.")
    adds_people: bool = False
    unasked: bool = Field(False, description="Whether sign-in may begin on its own pages.")
    email_attribute: str = ""
    name_attribute: str = ""
    groups_attribute: str = ""


class GroupGrant(Part):
    """What being in a group of an identity provider gives, from each person's next sign-in on."""

    group: str
    team: str | None = Field(None, description="Null: the role holds everywhere.")
    role: Literal["viewer", "responder", "manager", "administrator"]

    @property
    def key(self) -> str:
        return f"{self.group} in {self.team or 'everything'}"
