"""Schedules and what belongs to them: calendars, absences, swaps and hand-offs, and what was worked."""

from .away import Absence, HolidayPlace
from .calendars import Calendar, CalendarShift, Feed
from .changes import Handoff, Swap
from .groups import ChatGroup
from .schedules import Override, Rotation, RotationMember, Schedule, Temporary
from .worked import Correction, WorkedShift

__all__ = [
    "Absence",
    "Calendar",
    "CalendarShift",
    "ChatGroup",
    "Correction",
    "Feed",
    "Handoff",
    "HolidayPlace",
    "Override",
    "Rotation",
    "RotationMember",
    "Schedule",
    "Swap",
    "Temporary",
    "WorkedShift",
]
