"""Follow the sun: regions that each have it by day, as the rotations of one schedule. Pure.

A schedule has one clock, so each region's hours are told by the clock of the schedule. No change of clocks leaves a gap between two
regions then; but where clocks change on other days than the schedule's, or not at all, a region has it an hour earlier or later by its
own clock meanwhile (:func:`moved_hours`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from .zones import check_zone, to_local, to_utc

DAY = timedelta(days=1)
YEAR = 366


@dataclass(frozen=True)
class Region:
    """Who has it from when until when, by the clock of their zone; an end at or before the start lies in the next day."""

    zone: str
    start: time
    end: time
    turns: tuple[tuple[int, ...], ...] = ()

    @property
    def name(self) -> str:
        """Its city: America/New_York is New York."""
        return self.zone.rpartition("/")[2].replace("_", " ")


@dataclass(frozen=True)
class Moved:
    """From ``first`` to ``last`` (days), a region has it from ``start`` until ``end`` by its own clock."""

    region: Region
    first: date
    last: date
    start: time
    end: time


def rotations_of(regions: Sequence[Region], zone: str, now: datetime, unit: str) -> list[dict[str, Any]]:
    """The rotations of a schedule in ``zone``, as :func:`commands.save_schedule` takes them, by the clocks of ``now``. Turns change
    every day (``unit`` days) or every Monday (weeks), when the region begins; the first of each region has it now."""
    found = []
    for number, region in enumerate(regions):
        begins, ends = _by_clock_of(region, zone, to_local(now, check_zone(region.zone)).date())
        named = sum(each.name == region.name for each in regions[:number])
        found.append(
            {
                "name": f"{region.name} {named + 1}" if named else region.name,
                "precedence": 0,
                "unit": unit,
                "length": 1,
                "starts_at": f"{_first(region, zone, now, unit, begins):%Y-%m-%dT%H:%M}",
                "restrictions": [{"start": f"{begins:%H:%M}", "end": f"{ends:%H:%M}"}],
                "members": [list(turn) for turn in region.turns],
            }
        )
    return found


def _first(region: Region, zone: str, now: datetime, unit: str, begins: time) -> datetime:
    """The last beginning of a turn, by the clock of ``zone``; at the hour ``begins`` also where clocks have changed since."""
    own = check_zone(region.zone)
    day = to_local(now, own).date()
    step = timedelta(days=7) if unit == "weeks" else DAY
    if unit == "weeks":
        day -= DAY * day.weekday()
    if to_utc(datetime.combine(day, region.start), own) > now:
        day -= step
    at = to_local(to_utc(datetime.combine(day, region.start), own), check_zone(zone))
    late = (datetime.combine(at.date(), begins) - at) % DAY
    return at + (late if late <= DAY / 2 else late - DAY)


def _by_clock_of(region: Region, zone: str, day: date) -> tuple[time, time]:
    """The hours of a region on ``day`` by the clock of another zone."""
    begins, ends = (
        to_local(to_utc(datetime.combine(day, each), check_zone(region.zone)), check_zone(zone)).time()
        for each in (region.start, region.end)
    )
    return begins, ends


def closed(regions: Sequence[Region], now: datetime) -> list[Region]:
    """The same, with each region going on until the next one begins: no gap, and nobody twice."""
    starts = {
        number: to_utc(datetime.combine(to_local(now, check_zone(each.zone)).date(), each.start), check_zone(each.zone))
        for number, each in enumerate(regions)
    }

    def next_after(number: int) -> datetime:
        later = [starts[number] + (other - starts[number]) % DAY for at, other in starts.items() if at != number]
        return min((each for each in later if each > starts[number]), default=starts[number] + DAY)

    return [
        replace(each, end=to_local(next_after(number), check_zone(each.zone)).time())
        for number, each in enumerate(regions)
    ]


def moved_hours(regions: Sequence[Region], zone: str, now: datetime) -> list[Moved]:
    """When in the year to come a region has it at other hours of its own clock than it was asked for, in order."""
    found: list[Moved] = []
    for region in regions:
        own, there = check_zone(region.zone), check_zone(zone)
        today = to_local(now, own).date()
        begins, ends = _by_clock_of(region, zone, today)
        since = to_local(to_utc(datetime.combine(today, region.start), own), there).date()
        for number in range(YEAR):
            day = since + DAY * number
            opens = to_utc(datetime.combine(day, begins), there)
            shuts = to_utc(datetime.combine(day + DAY * (ends <= begins), ends), there)
            start, end, on = to_local(opens, own).time(), to_local(shuts, own).time(), to_local(opens, own).date()
            if (start, end) == (region.start, region.end):
                continue
            last = found[-1] if found else None
            if last and (last.region, last.start, last.end, last.last) == (region, start, end, on - DAY):
                found[-1] = replace(last, last=on)
            else:
                found.append(Moved(region, on, on, start, end))
    # On the very day of a change an end may move before its start does: that day says nothing of its own.
    return sorted((each for each in found if each.first < each.last), key=lambda each: each.first)


def other_regions(zone: str, now: datetime) -> list[str]:
    """Three zones around the world to begin with: ``zone`` itself, and two that are far from it."""
    usual = ("Europe/Berlin", "America/New_York", "Asia/Singapore")

    def apart(other: str) -> timedelta:
        offsets = [
            (now.astimezone(UTC).astimezone(check_zone(each)).utcoffset() or timedelta()) for each in (zone, other)
        ]
        distance = abs(offsets[0] - offsets[1])
        return min(distance, DAY - distance)

    near = min(usual, key=apart)
    return [zone, *(each for each in usual if each != near)]
