"""How much is too much: the limits of a team, and who has crossed which. Pure.

Nights and days are those of the clock of the person who is woken (see ``load``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from ...oncall.rules import joined

SHIFT = timedelta(hours=12)
WEEK, MONTH = timedelta(days=7), timedelta(days=28)
CLOCK_CHANGE = timedelta(hours=2)  # what daylight saving may add to a week, and a late hand-off
FEWEST_PAGES = 10  # below that, a share says nothing

Kind = Literal["pages", "nights", "hours", "weeks", "share"]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Limits:
    """What a team bears; 0 means no limit. The defaults of pages: https://sre.google/sre-book/being-on-call/"""

    pages_per_shift: int = 2  # within twelve hours
    nights_per_week: int = 2  # with a page, within seven
    hours_per_month: int = 336  # on call within 28 days: half of them
    weeks_in_a_row: int = 1  # on call without a break
    share_percent: int = 60  # of the team's pages, where several people are on call


MOST: dict[str, int] = {
    "pages_per_shift": 1000,
    "nights_per_week": 7,
    "hours_per_month": 672,
    "weeks_in_a_row": 52,
    "share_percent": 100,
}


@dataclass(frozen=True)
class Crossed:
    """One person carried more than the limit of this ``kind``: how much, and since when that counts."""

    kind: Kind
    value: int
    limit: int
    since: datetime
    text: str


@dataclass(frozen=True)
class Carried:
    """What one person carried up to ``until``: pages in order, the times on call, the team's pages, and how many are in it."""

    pages: Sequence[datetime]
    spans: Sequence[Span]
    zone: tzinfo
    until: datetime
    team_pages: int
    people: int


def crossed(
    carried: Carried, limits: Limits, is_night: Callable[[datetime, tzinfo], bool], after: Mapping[str, datetime]
) -> Iterable[Crossed]:
    """Each limit that was crossed, once. Of each kind only what came after ``after[kind]`` counts."""

    def later(kind: Kind) -> list[datetime]:
        since = after.get(kind)
        return [at for at in carried.pages if since is None or at > since]

    pages = later("pages")
    most, since = most_within(pages, SHIFT)
    if over(most, limits.pages_per_shift) and since is not None:
        text = f"{most} pages within twelve hours; more than {limits.pages_per_shift} leave no time to do any of them well."
        yield Crossed("pages", most, limits.pages_per_shift, since, text)
    nights: dict[date, datetime] = {}
    for at in later("nights"):
        if is_night(at, carried.zone):
            nights.setdefault(night_of(at, carried.zone), at)
    broken, first = _most_nights(nights)
    if over(broken, limits.nights_per_week) and first is not None:
        text = f"{broken} nights with a page within a week: a rest day is due."
        yield Crossed("nights", broken, limits.nights_per_week, first, text)
    begin = max(carried.until - MONTH, after.get("hours", carried.until - MONTH))
    cut = [(max(a, begin), min(b, carried.until)) for a, b in joined(carried.spans) if b > begin and a < carried.until]
    hours = int(sum((b - a).total_seconds() for a, b in cut) // 3600)
    if over(hours, limits.hours_per_month):
        text = f"{hours} h on call within four weeks, more than {limits.hours_per_month}: let somebody else take turns."
        yield Crossed("hours", hours, limits.hours_per_month, begin, text)
    row = [(b - a, a, b) for a, b in joined(carried.spans) if "weeks" not in after or b > after["weeks"] + WEEK]
    length, begun, _ = max(row, default=(timedelta(), carried.until, carried.until))
    if limits.weeks_in_a_row and length > limits.weeks_in_a_row * WEEK + CLOCK_CHANGE:
        days = round(length / timedelta(days=1))
        text = f"On call for {days} days without a break: swap a part of it."
        yield Crossed("weeks", days, 7 * limits.weeks_in_a_row, begun, text)
    mine = later("share")
    if "share" not in after and carried.people > 1 and carried.team_pages >= FEWEST_PAGES and mine:
        share = round(100 * len(mine) / carried.team_pages)
        if over(share, limits.share_percent):
            text = f"{share} % of the team's pages, more than {limits.share_percent}: share turns more evenly."
            yield Crossed("share", share, limits.share_percent, mine[0], text)


def over(value: int, limit: int) -> bool:
    """Whether a limit that is one is crossed."""
    return 0 < limit < value


def night_of(at: datetime, zone: tzinfo, ends: int = 7) -> date:
    """The evening's date of the night in which this is: after midnight it is still yesterday's night."""
    return (at.astimezone(zone) - timedelta(hours=ends)).date()


def most_within(times: Sequence[datetime], window: timedelta) -> tuple[int, datetime | None]:
    """The largest number of these (sorted) times in any window of this length, and when it begins."""
    most, since, first = 0, None, 0
    for number, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        if number - first + 1 > most:
            most, since = number - first + 1, times[first]
    return most, since


def _most_nights(nights: Mapping[date, datetime]) -> tuple[int, datetime | None]:
    """The most of these nights within seven, and the first page of the first of them."""
    best: tuple[int, datetime | None] = (0, None)
    for night in sorted(nights):
        number = sum(0 <= (other - night).days < 7 for other in nights)
        if number > best[0]:
            best = number, nights[night]
    return best


def rest_day(after: datetime, zone: tzinfo) -> Span:
    """The next whole day, midnight to midnight by the clock of ``zone``, that is no Saturday or Sunday."""
    day = after.astimezone(zone).date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
