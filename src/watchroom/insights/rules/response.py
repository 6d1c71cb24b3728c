"""How incidents went: how many there were, and how long people needed. Pure.

What is told is the middle of all (the median), and in what time nine of ten were done (the 90th percentile by nearest
rank): a mean says little, since one long night outweighs a month of short ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from statistics import median

from ...incidents.rules.times import DURATIONS
from ...kernel.times import monday_of


@dataclass(frozen=True)
class Went:
    """One incident, told for counting. ``times``: its key times by moment; ``services``: their slugs."""

    number: int
    declared_at: datetime
    severity: int
    services: tuple[str, ...]
    times: Mapping[str, datetime]

    def took(self, measure: str) -> timedelta | None:
        """How long a measure took in it; None: it is not over, or nobody knows."""
        begins, ends = next((a, b) for name, a, b in DURATIONS if name == measure)
        # What was resolved without anybody saying that it was mitigated was mitigated then.
        until = self.times.get(ends) or (self.times.get("resolved") if ends == "mitigated" else None)
        since = self.times.get(begins)
        return max(until - since, timedelta(0)) if since and until else None


@dataclass(frozen=True)
class Measure:
    """How long something took: in half of ``count`` incidents at most ``median_seconds``, in nine of ten at most
    ``most_seconds``. ``before_seconds`` is the median of as long a time before."""

    name: str
    count: int
    median_seconds: float | None
    most_seconds: float | None
    before_seconds: float | None

    @property
    def change(self) -> float | None:
        """By which share it became longer (0.5: half as long again) or shorter (-0.5: half as long); None: not known."""
        if self.median_seconds is None or not self.before_seconds:
            return None
        return self.median_seconds / self.before_seconds - 1


@dataclass(frozen=True)
class Week:
    """The incidents that were declared in one week, which begins on a Monday (UTC)."""

    monday: date
    by_severity: Mapping[int, int]
    mitigate_seconds: float | None

    @property
    def count(self) -> int:
        return sum(self.by_severity.values())


@dataclass(frozen=True)
class Hurt:
    """What happened to one service: how many incidents, and for how long it was hurt until each was mitigated."""

    service: str
    count: int
    hurt_seconds: float


@dataclass(frozen=True)
class Numbers:
    """How the incidents of a time went. ``before`` is how many there were in as long a time before it; ``told``, of how
    many measures, weeks and services tell: of all, or of the newest."""

    count: int
    told: int
    before: int
    by_severity: Mapping[int, int]
    open: int
    measures: tuple[Measure, ...]
    weeks: tuple[Week, ...]
    services: tuple[Hurt, ...]


def numbers(incidents: Sequence[Went], earlier: Sequence[Went], start: datetime, end: datetime) -> Numbers:
    """Those declared from ``start`` up to ``end``, beside those of as long a time before."""
    return Numbers(
        count=len(incidents),
        told=len(incidents),
        before=len(earlier),
        by_severity=_by_severity(incidents),
        open=sum("resolved" not in each.times for each in incidents),
        measures=tuple(_measure(name, incidents, earlier) for name, _, _ in DURATIONS),
        weeks=tuple(_weeks(incidents, start, end)),
        services=tuple(_services(incidents)),
    )


def _by_severity(incidents: Iterable[Went]) -> dict[int, int]:
    return dict(sorted(Counter(each.severity for each in incidents).items()))


def _seconds(measure: str, incidents: Iterable[Went]) -> list[float]:
    return sorted(took.total_seconds() for each in incidents if (took := each.took(measure)) is not None)


def _measure(name: str, incidents: Sequence[Went], earlier: Sequence[Went]) -> Measure:
    own, before = _seconds(name, incidents), _seconds(name, earlier)
    return Measure(
        name=name,
        count=len(own),
        median_seconds=median(own) if own else None,
        most_seconds=own[ceil(len(own) * 0.9) - 1] if own else None,
        before_seconds=median(before) if before else None,
    )


def _weeks(incidents: Iterable[Went], start: datetime, end: datetime) -> Iterable[Week]:
    by_week: dict[date, list[Went]] = defaultdict(list)
    for each in incidents:
        by_week[monday_of(each.declared_at)].append(each)
    monday = monday_of(start)
    while monday <= monday_of(end):
        own = by_week.get(monday, [])
        seconds = _seconds("mitigate", own)
        yield Week(monday, _by_severity(own), median(seconds) if seconds else None)
        monday += timedelta(days=7)


def _services(incidents: Iterable[Went]) -> list[Hurt]:
    """The services that had most, those that were hurt longest first among equals."""
    counts: Counter[str] = Counter()
    hurt: dict[str, float] = defaultdict(float)
    for each in incidents:
        took = each.took("mitigate")
        for service in each.services:
            counts[service] += 1
            hurt[service] += took.total_seconds() if took else 0
    found = [Hurt(service, count, hurt[service]) for service, count in counts.items()]
    return sorted(found, key=lambda each: (-each.count, -each.hurt_seconds, each.service))
