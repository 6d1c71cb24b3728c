"""When somebody has to look whether a runbook is still right. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOST_DAYS = 1_000
USUAL_DAYS = 180
AT = time(9)  # nobody is told of it at night


def due(since: datetime, days: int | None) -> datetime | None:
    """When the next review is due, where the last one (or the runbook's first day) was at ``since``."""
    return since + timedelta(days=days) if days else None


def morning(at: datetime, zone: str) -> datetime:
    """The first nine o'clock in ``zone`` that is not before ``at``, in UTC."""
    try:
        here = ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        here = ZoneInfo("UTC")
    day = at.astimezone(here).date()
    then = datetime.combine(day, AT, here)
    if then.astimezone(UTC) < at:
        then = datetime.combine(day + timedelta(days=1), AT, here)
    return then.astimezone(UTC)
