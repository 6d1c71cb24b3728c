"""What the engine does for itself: the watchdog."""

from __future__ import annotations

from ..kernel.duty import Duty
from .watchdog import look, next_look

duties = [Duty("watchdog", next_look, look)]
