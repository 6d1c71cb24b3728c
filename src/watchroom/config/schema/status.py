"""What strangers read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .. import parts
from ._part import Part


class Component(Part):
    """A part of what customers use."""

    name: str
    service: str | None = None
    description: str = ""
    group: str = ""
    automatic: Literal["off", "proposed", "direct"] = "off"
    only_if_degraded: bool = False


class StatusPage(Part):
    """A page that strangers read. Its password, its logo and the keys of its copies are never in a file."""

    slug: str
    name: str
    team: str
    description: str = ""
    public: bool = True
    networks: list[str] = []
    domain: str = ""
    language: Literal["en", "de", "fr", "es"] = "en"
    timezone: str = "UTC"
    colour: str = "#1f5fbf"
    colour_dark: str = "#8ab4f8"
    support_url: str = ""
    components: list[Component] = []


class PageMaintenance(Part):
    """Planned work that readers of a status page are told of. It is known by its page, its title and its beginning; what is
    over, by its times or because somebody ended it, is left alone."""

    page: str = Field(description="Slug of the status page.")
    title: str
    starts_at: parts.Time
    ends_at: parts.Time
    components: list[str] = Field([], description="Names of the page's components.")
    hold_alerts: bool = Field(False, description="Whether the alerts of their services page nobody meanwhile.")
    repeats: parts.Rule = Field(
        "",
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`. The times are then those of the first occurrence.",
    )
    timezone: parts.Zone = Field("", description="By whose clocks it repeats; the page's, if not given.")

    @property
    def key(self) -> str:
        return f"{self.page}: {self.title} from {parts.plain_time(self.starts_at)}"


class StakeholderList(Part):
    """People and channels that hear every update. Its addresses are never in a file: some are secrets."""

    slug: str
    name: str
    team: str
    audience: Literal["internal", "customers", "executives"] = "internal"
    least_severity: int = Field(3, ge=1, le=5)
    every_team: bool = False
