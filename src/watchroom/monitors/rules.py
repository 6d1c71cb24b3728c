"""When a heartbeat is late, when a check is down, when an error budget burns too fast. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from oncalendar import OnCalendar, OnCalendarError

CheckState = Literal["new", "up", "confirming", "down"]
RETRY_SECONDS = 5


def next_run(kind: str, period_seconds: int, expression: str, timezone: str, after: datetime) -> datetime | None:
    """When the next run after ``after`` is expected; None: never again.

    :raises ValueError: the expression or the time zone can't be read.
    """
    if kind == "period":
        return after + timedelta(seconds=period_seconds)
    try:
        zone = ZoneInfo(timezone)
        local = after.astimezone(zone)
        found: datetime | None
        if kind == "cron":
            found = next(CronSim(expression, local), None)
        else:
            found = next(OnCalendar(expression, local), None)
    except (CronSimError, OnCalendarError) as error:
        raise ValueError(str(error) or "it can't be read") from None
    except (KeyError, OSError) as error:
        raise ValueError(f"there is no time zone {timezone!r}") from error
    return found.astimezone(UTC) if found is not None else None


def heartbeat_due(expected: datetime | None, grace: timedelta, started: Iterable[datetime]) -> datetime | None:
    """When silence becomes an alert: ``grace`` after the next run is expected, or after an unfinished one began."""
    moments = [start + grace for start in started]
    if expected is not None:
        moments.append(expected + grace)
    return min(moments, default=None)


def finish_run(running: Mapping[str, str], run: str, now: datetime) -> tuple[dict[str, str], int | None]:
    """The runs that go on after ``run`` has ended, and how many milliseconds it took, if its start is known."""
    left = dict(running)
    began = left.pop(run, None)
    if began is None:
        return left, None
    return left, max(0, round((now - datetime.fromisoformat(began)).total_seconds() * 1000))


@dataclass(frozen=True)
class Step:
    """What one result makes of a check. ``alert``: True fires, False resolves, None says nothing."""

    state: CheckState
    failing_since: datetime | None
    wait_seconds: float
    alert: bool | None


def check_step(
    state: CheckState, failing_since: datetime | None, *, ok: bool, now: datetime, interval: int, for_seconds: int
) -> Step:
    """A failure is confirmed by at least a second one, and by as long a time as is asked for, before it is down."""
    if ok:
        return Step("up", None, interval, False if state == "down" else None)
    since = failing_since or now
    if state == "down":
        return Step("down", since, interval, None)
    if state == "confirming" and now - since >= timedelta(seconds=for_seconds):
        return Step("down", since, interval, True)
    return Step("confirming", since, min(RETRY_SECONDS if not for_seconds else interval, interval), None)


def jitter(key: int, round_: int, seconds: float) -> float:
    """A part of ``seconds``, up to a tenth, that differs between checks but not between two calls."""
    digest = hashlib.blake2b(f"{key}:{round_}".encode(), digest_size=4).digest()
    return seconds * 0.1 * int.from_bytes(digest, "big") / 0xFFFF_FFFF


@dataclass(frozen=True)
class Burn:
    """One pair of windows of the SRE workbook: both must burn faster than ``factor``."""

    long: str
    short: str
    factor: float


# Site Reliability Workbook, chapter 5, table 5-8, as shares of the budget: 2 % in 1 h, 5 % in 6 h, 10 % in 3 d.
_SHARES = (("1h", 1.0, "5m", 0.02), ("6h", 6.0, "30m", 0.05), ("3d", 72.0, "6h", 0.10))


def burns(window_days: float) -> tuple[Burn, ...]:
    """The pairs of windows for an objective over ``window_days``; for 30 days the factors are 14.4, 6 and 1."""
    return tuple(Burn(long, short, share * window_days * 24 / hours) for long, hours, short, share in _SHARES)


def too_fast(ratios: Mapping[str, float], target_percent: float, window_days: float) -> Burn | None:
    """The first pair in both of whose windows the error budget burns faster than it may."""
    budget = 1 - target_percent / 100
    for pair in burns(window_days):
        long, short = ratios.get(pair.long), ratios.get(pair.short)
        if long is not None and short is not None and min(long, short) > pair.factor * budget:
            return pair
    return None


def compare(value: float, comparison: str, threshold: float) -> bool:
    """Whether ``value`` is ``comparison`` (such as ``>``) ``threshold``. NaN is never anything."""
    return {
        ">": value > threshold,
        ">=": value >= threshold,
        "<": value < threshold,
        "<=": value <= threshold,
        "==": value == threshold,
        "!=": value != threshold and value == value,
    }[comparison]
