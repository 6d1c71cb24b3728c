"""What strangers read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

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


class StakeholderList(Part):
    """People and channels that hear every update. Its addresses are never in a file: some are secrets."""

    slug: str
    name: str
    team: str
    audience: Literal["internal", "customers", "executives"] = "internal"
    least_severity: int = Field(3, ge=1, le=5)
    every_team: bool = False
