"""What the engine does for schedules: reads calendars, and ends offers that nobody took."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from .commands import calendars, swaps
from .models import Swap


def _next_expiry() -> datetime | None:
    rows = Swap.objects.filter(state=Swap.State.OFFERED).order_by("expires_at")
    return rows.values_list("expires_at", flat=True).first()


duties = [
    Duty("read calendars", calendars.due_at, calendars.refresh_calendars),
    Duty("expire swaps", _next_expiry, swaps.expire_swaps),
]
