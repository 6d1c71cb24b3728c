"""What to do when something happens."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_serializer, field_validator

from ...kernel.errors import Refused
from ...runbooks import rules
from ..parts import Line, MatcherText
from ._part import Part

Markdown = Annotated[str, AfterValidator(rules.tidy_text)]


class RunbookAnswer(Part):
    """An answer to a question, and the key of the step to which it leads; empty: the next one; ``end``: there is nothing more."""

    text: Line
    go_to: str = ""


class RunbookStep(Part):
    """One step. ``key`` is its name within the runbook, to which answers lead; left out, it is made of the title."""

    key: str = ""
    part: rules.Part
    kind: rules.Kind = "do"
    title: Line
    text: Markdown = Field("", description="How, as Markdown.")
    expect: Line = Field("", description="What one should see.")
    minutes: int | None = Field(None, ge=1, le=1440)
    indicator: str = Field("", description="look: service/name of an indicator.")
    url: str = Field("", description="look: the address of a page.")
    mitigation: str = Field("", description="run: the slug of a mitigation.")
    answers: list[RunbookAnswer] = Field([], description="ask: the answers.")
    target: str = Field("", description="call: person:ada@example.org, team:shop, schedule:primary or policy:shop.")


class Runbook(Part):
    """What to look at, do and ask, and whom to call, step by step."""

    slug: str
    name: Line
    team: str
    summary: Markdown = Field("", description="When to use it, as Markdown.")
    services: list[str] = Field([], description="Slugs of the services that it is for.")
    matchers: list[MatcherText] = Field([], description="Alerts that all of these match are what it is for.")
    owner: str | None = Field(None, description="E-mail address of who keeps it right; null: the team's managers.")
    review_days: int | None = Field(None, ge=1, le=1000, description="After how many days it is looked at again.")
    steps: list[RunbookStep] = []

    @field_validator("services")
    @classmethod
    def _in_order(cls, services: list[str]) -> list[str]:
        return sorted(set(services))

    @field_validator("steps")
    @classmethod
    def _lead_somewhere(cls, steps: list[RunbookStep]) -> list[RunbookStep]:
        try:
            rules.checked([step.model_dump() for step in steps])
        except Refused as error:
            raise ValueError(f"{error.field}: {error}") from None
        return steps

    @field_serializer("steps")
    def _as_kept(self, steps: list[RunbookStep]) -> list[dict[str, Any]]:
        return [step.as_json() for step in rules.checked([step.model_dump() for step in steps])]
