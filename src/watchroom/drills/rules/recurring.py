"""When practice comes again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def after(at: datetime, weeks: int, zone: str, now: datetime) -> datetime:
    """The first time after ``now`` that lies some times ``weeks`` weeks after ``at``, at the same time on the wall of ``zone``."""
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    step = timedelta(weeks=weeks)
    missed = max(0, (now - at) // step)
    for times in range(max(1, missed), missed + 3):
        found = (wall + times * step).replace(tzinfo=ZoneInfo(zone)).astimezone(at.tzinfo)
        if found > now:
            return found
    raise AssertionError("one of three lies ahead")
