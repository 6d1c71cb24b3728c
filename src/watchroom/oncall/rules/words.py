"""A rotation in words, so that whoever edits it sees that it says what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from .restrictions import DAYS, open_spans
from .values import Layer, Restriction
from .zones import check_zone, to_utc

_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def rotation_words(layer: Layer, names: Mapping[int, str], others: Sequence[Layer] = ()) -> list[str]:
    """Who takes turns, when hand-offs are, when it counts, and what becomes of the ``others`` meanwhile; a sentence each."""
    turns = [" and ".join(names.get(person, "somebody who has left") for person in turn) for turn in layer.members]
    said = [_turns(turns, layer)]
    if len(turns) > 1:
        said.append(handoff_words(layer))
    if layer.restrictions:
        said.append(f"On call only at these times: {', '.join(restriction_words(layer.restrictions))}.")
    lower = [each.name for each in others if each.precedence < layer.precedence]
    beside = [
        each.name
        for each in others
        if each.precedence == layer.precedence and each.key != layer.key and _meet(layer, each)
    ]
    if lower:
        said.append(f"Then it wins over {' and '.join(lower)}.")
    if beside:
        said.append(f"On call together with {' and '.join(beside)}.")
    return said


def _meet(one: Layer, other: Layer) -> bool:
    """Whether there is an hour of the week that belongs to both."""
    if not one.restrictions or not other.restrictions:
        return True
    zone, start = check_zone(one.zone), to_utc(one.starts_at, check_zone(one.zone))
    both = [open_spans(each.restrictions, zone, start, start + timedelta(days=8)) for each in (one, other)]
    return any(a < d and c < b for a, b in both[0] for c, d in both[1])


def _turns(turns: Sequence[str], layer: Layer) -> str:
    begins = f"{layer.starts_at:%a %-d %b %Y, %H:%M}"
    if len(turns) == 1:
        return f"{turns[0]}, from {begins} on."
    return f"{', then '.join(turns)}, then {turns[0]} again; {length_words(layer.length, layer.unit)} each, from {begins} on."


def length_words(length: int, unit: str) -> str:
    """``1 week``, ``12 hours``."""
    return f"{length} {unit.removesuffix('s')}" if length == 1 else f"{length} {unit}"


def handoff_words(layer: Layer) -> str:
    """When hand-offs are, by the clock of the layer's zone."""
    clock, zone = f"{layer.starts_at:%H:%M}", layer.zone.replace("_", " ")
    if layer.unit == "hours":
        return f"Hand-off every {length_words(layer.length, layer.unit).removeprefix('1 ')}, counted from {clock} ({zone})."
    one = layer.length == 1
    if layer.unit == "weeks":
        day = DAYS[layer.starts_at.weekday()].capitalize()
        when = f"every {day}" if one else f"every {layer.length} weeks on {day}"
    elif layer.unit == "days":
        when = "every day" if one else f"every {layer.length} days"
    else:
        number = layer.starts_at.day
        day = f"the {number}{_ENDINGS.get(number, 'th')}"
        late = " (or the last day of a shorter month)" if number > 28 else ""
        when = f"on {day} of every month{late}" if one else f"on {day} of every {layer.length} months{late}"
    return f"Hand-off {when} at {clock} ({zone}), also when clocks change."


def restriction_words(windows: Sequence[Restriction]) -> list[str]:
    """Windows as people say them; days with the same hours together."""
    said: list[str] = []
    days: dict[tuple[str, str, int], list[int]] = {}
    for each in windows:
        start, end = f"{each.start:%H:%M}", f"{each.end:%H:%M}"
        if each.start_day is None or each.end_day is None:
            said.append(f"every day {_hours(start, end, over=each.end <= each.start)}")
            continue
        over = (each.end_day - each.start_day) % 7
        if (over == 0 and each.end > each.start) or (over == 1 and each.end <= each.start):
            days.setdefault((start, end, over), []).append(each.start_day)
        else:
            said.append(f"from {DAYS[each.start_day].capitalize()} {start} to {DAYS[each.end_day].capitalize()} {end}")
    return said + [f"{_days(each)} {_hours(start, end, over=bool(over))}" for (start, end, over), each in days.items()]


def _hours(start: str, end: str, *, over: bool) -> str:
    if over and start == end:
        return "all day" if start == "00:00" else f"from {start} for 24 hours"
    return f"{start} to {end}{' the next day' if over and end != '00:00' else ''}"


def _days(numbers: Sequence[int]) -> str:
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2:
        return f"{_short(numbers[0])} to {_short(numbers[-1])}"
    return ", ".join(map(_short, numbers))


def _short(number: int) -> str:
    return DAYS[number][:3].capitalize()
