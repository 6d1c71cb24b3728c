"""What the engine does for schedules: reads calendars, and writes down what was worked."""

from __future__ import annotations

from ..kernel.duty import Duty
from .commands import calendars, worked

duties = [
    Duty("read calendars", calendars.due_at, calendars.refresh_calendars),
    Duty("write down what was worked", worked.due_at, worked.write_down, apart=True),
]
