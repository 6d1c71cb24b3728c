"""Systems that Watchroom talks to; their secrets are never in a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from ...kernel.plugins import all_of
from ._part import Part


def _not_secret(name: str) -> str:
    """:raises ValueError: a connector keeps this setting secret; a file is no place for it."""
    connectors = all_of("watchroom.connectors").values()
    if any(each.secret and each.name == name for connector in connectors for each in connector.fields):
        raise ValueError("a secret does not belong into a file; set it with `watchroom connection secret`")
    return name


def _must_have_no_secret(thing: Runner | Workspace | Bridge, noun: str) -> None:
    """:raises ValueError: its plugin keeps one of these settings secret; a file is no place for it."""
    plugin = all_of(f"watchroom.{noun}s").get(thing.kind)
    secret = {each.name for each in plugin.fields if each.secret} if plugin else set()
    if found := sorted(secret & thing.settings.keys()):
        raise ValueError(f"{found[0]} is secret; set it with `watchroom {noun} secret {thing.slug} {found[0]}`")


class Connection(Part):
    """A server that is asked for evidence. Its secrets are never in a file."""

    slug: str
    name: str
    team: str
    kind: str
    settings: dict[Annotated[str, AfterValidator(_not_secret)], str]


class Runner(Part):
    """What carries mitigations out. Its secrets are never in a file: set them with `watchroom runner secret`."""

    slug: str
    name: str
    team: str
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Runner:
        _must_have_no_secret(self, "runner")
        return self


class Workspace(Part):
    """A chat in which people are reached. Its secrets are never in a file. ``team`` null: everybody's."""

    slug: str
    name: str
    team: str | None = None
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Workspace:
        _must_have_no_secret(self, "workspace")
        return self


class Bridge(Part):
    """What opens calls. Its secrets are never in a file: set them with `watchroom bridge secret`. ``team`` null: everybody's."""

    slug: str
    name: str
    team: str | None = None
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Bridge:
        _must_have_no_secret(self, "bridge")
        return self


class Webhook(Part):
    """A program that is told of events. Its secret is never in a file: a new one's is printed once."""

    slug: str
    name: str
    team: str | None = Field(None, description="Null: it hears of everybody's events.")
    url: str
    events: list[str] = Field(description="Names, beginnings such as incident.*, or * for everything.")
    private: bool = False
    drills: bool = False
    enabled: bool = True

    @field_validator("events")
    @classmethod
    def _in_order(cls, events: list[str]) -> list[str]:
        return sorted({each.strip() for each in events})
