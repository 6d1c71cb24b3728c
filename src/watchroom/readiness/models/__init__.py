"""The tables of readiness, a file for each noun."""

from .process import ProcessReminder, ProcessVersion, Reading
from .turns import Turn

__all__ = ["ProcessReminder", "ProcessVersion", "Reading", "Turn"]
