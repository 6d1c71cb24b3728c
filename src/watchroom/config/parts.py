"""What a file may say of holding alerts back and of monitors. Needs no Django: the command line reads files without it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from ..intake.matchers import matcher
from ..intake.rules.intervals import as_data, interval
from ..intake.rules.repeats import repeat
from ..kernel.times import Instant, rfc3339
from ..oncall.rules.zones import check_zone


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _plain_matcher(text: str) -> str:
    return str(matcher(text))


def _plain_intervals(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return as_data(interval("", parts))


def _plain_id(text: str) -> str:
    """A UUID as it is exported, or any other text that tells this silence from others."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"watchroom:silence:{text}"))


def _plain_rule(text: str) -> str:
    return str(repeat(text)) if text.strip() else ""


def _plain_zone(name: str) -> str:
    return check_zone(name).key if name else ""


def one_line(text: str) -> str:
    """A text as it is compared: without its line ends and doubled spaces."""
    return " ".join(text.split())


class Hidden(str):
    """A secret that a file says; no plan shows it."""

    def __repr__(self) -> str:
        return "'(secret)'"


def plain_time(at: datetime) -> str:
    """A moment as files say it, in UTC."""
    return rfc3339(at)


Rule = Annotated[str, AfterValidator(_plain_rule)]
Zone = Annotated[str, AfterValidator(_plain_zone)]
MatcherText = Annotated[str, AfterValidator(_plain_matcher)]
Intervals = Annotated[list[dict[str, Any]], AfterValidator(_plain_intervals)]
Time = Annotated[Instant, PlainSerializer(plain_time, return_type=str)]
Severity = Literal["critical", "error", "warning", "info"]
Text = Annotated[str, AfterValidator(str.strip)]
Line = Annotated[str, AfterValidator(one_line)]


class TimeIntervalPart(_Part):
    """Named times, written as in an alertmanager.yml: times, weekdays, days_of_month, months, years, location."""

    name: str
    team: str | None = None
    intervals: Intervals


class InhibitRulePart(_Part):
    """While a source fires, targets with the same values of the labels in ``equal`` page nobody."""

    name: str
    team: str | None = None
    source_matchers: list[MatcherText]
    target_matchers: list[MatcherText]
    equal: list[str] = []


class SilencePart(_Part):
    """Alerts that page nobody for a while, perhaps again and again. One whose end has passed is left alone."""

    id: Annotated[str, AfterValidator(_plain_id)] = Field(
        description="A UUID as it is exported, or any text that tells this silence from others."
    )
    team: str | None = None
    matchers: list[MatcherText]
    comment: str
    starts_at: Time
    ends_at: Time
    repeats: Rule = Field(
        "",
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`. The times are then those of the first occurrence.",
    )
    timezone: Zone = Field("", description="By whose clocks it repeats, such as `Europe/Berlin`; UTC, if not given.")


class MaintenancePart(_Part):
    """Planned work on services. It is known by its title and its beginning; one whose end has passed is left alone."""

    title: str
    team: str
    services: list[str]
    starts_at: Time
    ends_at: Time
    repeats: Rule = Field(
        "",
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`. The times are then those of the first occurrence.",
    )
    timezone: Zone = Field("", description="By whose clocks it repeats, such as `Europe/Berlin`; UTC, if not given.")

    @property
    def key(self) -> str:
        return f"{self.title} from {plain_time(self.starts_at)}"


class HeartbeatPart(_Part):
    """A job that says when it has run. Its address is never in a file."""

    slug: str
    name: Text
    team: str
    service: str | None = None
    kind: Literal["period", "cron", "oncalendar"] = "period"
    period_seconds: int = 86_400
    expression: str = ""
    timezone: str = "UTC"
    grace_seconds: int = 3600
    severity: Severity = "critical"
    description: Text = ""
    alert_title: Line = ""
    labels: dict[str, str] = {}
    drill: bool = False
    paused: bool = False


class CheckPart(_Part):
    """Something that Watchroom itself tries. A setting that is left out keeps its value; secret ones are never in a file."""

    slug: str
    name: Text
    team: str
    service: str | None = None
    kind: str
    settings: dict[str, Any]
    interval_seconds: int = 60
    timeout_seconds: int = 10
    for_seconds: int = 0
    severity: Severity = "critical"
    description: Text = ""
    alert_title: Line = ""
    labels: dict[str, str] = {}
    drill: bool = False
    paused: bool = False
