"""Who is on call, as lines of spans for the picture that ``{% lanes %}`` draws."""

from __future__ import annotations

from datetime import datetime

from ...accounts.models import Person
from .. import rules
from .month import Reasons, why

Span = tuple[datetime, datetime, str] | tuple[datetime, datetime, str, str, str]


def by_layer(
    plan: rules.Plan,
    shifts: list[rules.Shift],
    shadows: list[rules.Shift],
    gaps: list[tuple[datetime, datetime]],
    people: dict[int, Person],
    start: datetime,
    end: datetime,
    reasons: Reasons,
) -> list[tuple[str, list[Span]]]:
    """A line for the final schedule, for those who learn, and for each rotation."""
    lanes = [
        ("On call" if not number else "and", spans)
        for number, spans in enumerate(packed([*spans_of(shifts, people, reasons), *((a, b, "") for a, b in gaps)]))
    ]
    if shadows:
        lanes += [("Shadow", spans) for spans in packed(spans_of(shadows, people, reasons))]
    for layer in plan.layers:
        lanes += [
            (layer.name, spans) for spans in packed(spans_of(rules.layer_shifts(layer, start, end), people, reasons))
        ]
    return lanes


def by_person(
    shifts: list[rules.Shift], gaps: list[tuple[datetime, datetime]], people: dict[int, Person], reasons: Reasons
) -> list[tuple[str, list[Span]]]:
    """A line for everybody who is on call, and one for gaps."""
    lanes = [
        (people[pk].name, packed(spans_of([shift for shift in shifts if shift.person == pk], people, reasons))[0])
        for pk in sorted({shift.person for shift in shifts} & people.keys(), key=lambda pk: people[pk].name)
    ]
    return [*lanes, ("Nobody", [(a, b, "") for a, b in gaps])] if gaps else lanes


def spans_of(shifts: list[rules.Shift], people: dict[int, Person], reasons: Reasons) -> list[Span]:
    """Each shift with who has it and what it is due to."""
    return [
        (
            shift.starts_at,
            shift.ends_at,
            people[shift.person].name if shift.person in people else "Somebody who has left",
            "",
            why(shift, reasons),
        )
        for shift in shifts
    ]


def packed(spans: list[Span]) -> list[list[Span]]:
    """The spans in as few lines as it takes that none overlaps another in its line; at least one line."""
    lines: list[list[Span]] = [[]]
    for span in sorted(spans):
        for line in lines:
            if not line or line[-1][1] <= span[0]:
                line.append(span)
                break
        else:
            lines.append([span])
    return lines
