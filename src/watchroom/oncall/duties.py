"""What the engine does for schedules: reads calendars."""

from __future__ import annotations

from ..kernel.duty import Duty
from .commands import calendars

duties = [
    Duty("read calendars", calendars.due_at, calendars.refresh_calendars),
]
