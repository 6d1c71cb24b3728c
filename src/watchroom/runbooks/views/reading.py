"""A runbook as it is read: its parts, and under each its steps with all that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.safestring import SafeString

from ...evidence.models import Indicator
from ...kernel import clock
from ...mitigations.models import Mitigation
from ...web.markdown import to_html
from .. import rules
from ..named import Called, Named, named_in


@dataclass(frozen=True)
class Leads:
    """An answer, and where it leads: the number of the step, or none at the end."""

    text: str
    key: str
    number: int | None
    title: str


@dataclass(frozen=True)
class ReadStep:
    """A step, with its number in the whole runbook."""

    number: int
    step: rules.Step
    html: SafeString
    mitigation: Mitigation | None
    indicator: Indicator | None
    called: Called | None
    leads: tuple[Leads, ...]


@dataclass(frozen=True)
class ReadPart:
    """Steps that stand together under the heading of their part."""

    part: str
    heading: str
    steps: tuple[ReadStep, ...]


def readable(steps: Sequence[rules.Step], named: Named | None = None) -> list[ReadPart]:
    """The parts in the order in which the steps stand; a part that comes back is one of its own."""
    found = named if named is not None else named_in(steps, clock.now())
    places = {step.key: number for number, step in enumerate(steps, 1)}
    titles = {step.key: step.title for step in steps}
    rows = [_step(number, step, found, places, titles) for number, step in enumerate(steps, 1)]
    return [
        ReadPart(part, rules.PART_WORDS.get(part, part), tuple(group))
        for part, group in groupby(rows, lambda row: row.step.part)
    ]


def _step(number: int, step: rules.Step, named: Named, places: dict[str, int], titles: dict[str, str]) -> ReadStep:
    def leads(answer: rules.Answer) -> Leads:
        if answer.go_to == rules.END or (not answer.go_to and number == len(places)):
            return Leads(answer.text, "", None, "")
        to = places.get(answer.go_to, number + 1)
        key = next((key for key, place in places.items() if place == to), "")
        return Leads(answer.text, key, to, titles.get(key, ""))

    return ReadStep(
        number,
        step,
        to_html(step.text, copyable=True),
        named.mitigations.get(step.mitigation),
        named.indicators.get(step.indicator),
        named.called.get(step.target),
        tuple(map(leads, step.answers)),
    )
