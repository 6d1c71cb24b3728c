"""What the engine does for monitors: finds late heartbeats, has checks tried, forgets old results."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..kernel import clock
from ..kernel.duty import Duty, soonest
from . import commands
from .models import Check, CheckResult, Heartbeat, MonitorDay
from .probing import Prober

BATCH = 200
RESULTS_KEPT = timedelta(days=7)
DAYS_KEPT = timedelta(days=400)
FORGET_AT_ONCE = 5_000
prober = Prober(commands.record)


def _check_due() -> datetime | None:
    due = soonest(Check)()
    if due is not None and not prober.room:
        return max(due, clock.now() + timedelta(seconds=1))
    return due


def try_checks() -> int:
    """Hand what is due to the loop, as far as there is room."""
    if not (room := prober.room):
        return 0
    probes = commands.claim(min(BATCH, room))
    if probes:
        prober.submit(probes)
    return len(probes)


def _forget_due() -> datetime | None:
    oldest = soonest(CheckResult, "at")()
    return oldest + RESULTS_KEPT + timedelta(hours=1) if oldest else None


def forget_results() -> int:
    """Delete single results after a week, and days after more than a year."""
    now = clock.now()
    old = CheckResult.objects.filter(at__lt=now - RESULTS_KEPT).order_by("at").values_list("pk", flat=True)
    count, _ = CheckResult.objects.filter(pk__in=list(old[:FORGET_AT_ONCE])).delete()
    MonitorDay.objects.filter(day__lt=(now - DAYS_KEPT).date()).delete()
    return count


duties = [
    Duty("late heartbeats", soonest(Heartbeat), lambda: commands.find_late(BATCH)),
    Duty("checks", _check_due, try_checks),
    Duty("forgetting check results", _forget_due, forget_results),
]
