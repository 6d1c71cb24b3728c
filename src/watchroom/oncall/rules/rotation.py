"""One layer by itself: whose turn it is, and from when until when."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .restrictions import is_open, open_spans
from .values import Layer
from .zones import FOREVER, as_utc, check_zone, find_zone, to_local, to_utc

UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
Turn = tuple[datetime, datetime, tuple[int, ...]]


def fault(layer: Layer) -> str:
    """Why the layer cannot be worked out (an unknown zone or unit, no length), or nothing. It is then left out."""
    if layer.spans is not None:
        return ""
    if find_zone(layer.zone) is None:
        return f"There is no time zone {layer.zone!r}."
    if layer.unit not in UNITS and layer.unit != "months":
        return f"{layer.unit!r} is not one of hours, days, weeks and months."
    if layer.length < 1:
        return f"A turn must last at least 1, not {layer.length}."
    if layer.starts_at.tzinfo is not None:
        return "The first hand-off must be a local time, without an offset."
    return ""


def spans_of(entries: Iterable[tuple[datetime, datetime, int]]) -> tuple[Turn, ...]:
    """Entries that may overlap as spans that do not, each with all people of that time, in the order given."""
    entries = [(as_utc(a), as_utc(b), person) for a, b, person in entries if a < b]
    opening: dict[datetime, list[int]] = {}
    closing: dict[datetime, list[int]] = {}
    for number, (a, b, _) in enumerate(entries):
        opening.setdefault(a, []).append(number)
        closing.setdefault(b, []).append(number)
    active: set[int] = set()
    found: list[Turn] = []
    for a, b in pairwise(sorted({*opening, *closing})):
        active.difference_update(closing.get(a, ()))
        active.update(opening.get(a, ()))
        people = tuple(dict.fromkeys(entries[number][2] for number in sorted(active)))
        if not people:
            continue
        if found and found[-1][1] == a and found[-1][2] == people:
            found[-1] = (found[-1][0], b, people)
        else:
            found.append((a, b, people))
    return tuple(found)


def _begin(span: Turn) -> datetime:
    return span[0]


def turn_start(layer: Layer, zone: ZoneInfo, index: int) -> datetime:
    """The instant (UTC) at which turn ``index`` begins; ``FOREVER`` when that lies beyond the calendar.

    Hours are elapsed hours since the first hand-off. Days, weeks and months are counted on the wall clock, each from
    the first hand-off: a 31st becomes the last day of a shorter month and is the 31st again afterwards.
    """
    count = index * layer.length
    try:
        if layer.unit == "hours":
            first = to_utc(layer.starts_at, zone)
            return first if first is FOREVER else first + timedelta(hours=count)
        if layer.unit != "months":
            return to_utc(layer.starts_at + UNITS[layer.unit] * count, zone)
        year, month = divmod(layer.starts_at.year * 12 + layer.starts_at.month - 1 + count, 12)
        if year > 9999:
            return FOREVER
        day = min(layer.starts_at.day, calendar.monthrange(year, month + 1)[1])
        return to_utc(layer.starts_at.replace(year=year, month=month + 1, day=day), zone)
    except OverflowError:
        return FOREVER


def turn_span(layer: Layer, index: int) -> tuple[datetime, datetime]:
    """From when until when turn ``index`` lasts (UTC). Raises ``RuleError`` for an unknown zone."""
    zone = check_zone(layer.zone)
    return turn_start(layer, zone, index), turn_start(layer, zone, index + 1)


def turn_index(layer: Layer, zone: ZoneInfo, at: datetime) -> int:
    """The number of the turn at an instant (UTC), counted from 0; negative before the first hand-off."""
    first = to_utc(layer.starts_at, zone)
    if at < first:
        return -1
    if layer.unit == "hours":
        return (at - first) // timedelta(hours=layer.length)
    local = to_local(at, zone)
    if layer.unit == "months":
        months = (local.year - layer.starts_at.year) * 12 + local.month - layer.starts_at.month
        index = max(months // layer.length, 0)
    else:
        index = max((local - layer.starts_at) // (UNITS[layer.unit] * layer.length), 0)
    # The estimate is off by one or two where clocks change or months are short.
    while (after := turn_start(layer, zone, index + 1)) <= at and after is not FOREVER:
        index += 1
    while index > 0 and turn_start(layer, zone, index) > at:
        index -= 1
    return index


def members_at(layer: Layer, at: datetime) -> tuple[int, ...]:
    """The people of the layer at an instant (UTC); nobody before its start, after its end, outside its windows, or while
    a temporary layer replaces it."""
    if layer.within and not layer.within[0] <= at < layer.within[1]:
        return ()
    if any(a <= at < b for a, b in layer.never):
        return ()
    if layer.spans is not None:
        position = bisect_right(layer.spans, at, key=_begin) - 1
        return layer.spans[position][2] if position >= 0 and at < layer.spans[position][1] else ()
    zone = find_zone(layer.zone)
    if zone is None or not layer.members or fault(layer) or (layer.until and at >= as_utc(layer.until)):
        return ()
    if layer.restrictions and not any(is_open(window, zone, at) for window in layer.restrictions):
        return ()
    index = turn_index(layer, zone, at)
    return layer.members[index % len(layer.members)] if index >= 0 else ()


def turns(layer: Layer, start: datetime, end: datetime) -> Iterator[Turn]:
    """The layer's turns between ``start`` and ``end`` (UTC), in order, cut to that span, to its windows and to when it counts
    at all."""
    if layer.within:
        start, end = max(start, layer.within[0]), min(end, layer.within[1])
    if not layer.never:
        yield from _turns(layer, start, end)
        return
    for a, b, people in _turns(layer, start, end):
        for x, y in layer.never:
            if x < b and y > a:
                if a < x:
                    yield a, x, people
                a = max(a, y)
        if a < b:
            yield a, b, people


def _turns(layer: Layer, start: datetime, end: datetime) -> Iterator[Turn]:
    if layer.spans is not None:
        yield from ((max(a, start), min(b, end), people) for a, b, people in layer.spans if a < end and b > start)
        return
    zone = find_zone(layer.zone)
    if zone is None or not layer.members or fault(layer):
        return
    start = max(start, to_utc(layer.starts_at, zone))
    end = min(end, as_utc(layer.until)) if layer.until else end
    if start >= end:
        return
    if not layer.restrictions:
        yield from _full_turns(layer, zone, start, end)
        return
    spans = open_spans(layer.restrictions, zone, start, end)
    position = 0
    for a, b, people in _full_turns(layer, zone, start, end):
        while position < len(spans) and spans[position][1] <= a:
            position += 1
        while position < len(spans) and spans[position][0] < b:
            opens, closes = spans[position]
            yield max(a, opens), min(b, closes), people
            if closes > b:
                break  # the rest of this window is the next turn's
            position += 1


def _full_turns(layer: Layer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Turn]:
    if len(layer.members) == 1:
        yield start, end, layer.members[0]
        return
    index = turn_index(layer, zone, start)
    a = start
    while a < end:
        b = min(turn_start(layer, zone, index + 1), end)
        if a < b:
            yield a, b, layer.members[index % len(layer.members)]
        a = max(a, b)
        index += 1
