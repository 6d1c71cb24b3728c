"""The tables of readiness, a file for each noun."""

from .lacks import Lack, ReadinessDay, Standing
from .process import ProcessReminder, ProcessVersion, Reading
from .thresholds import ReadinessThresholds
from .turns import Turn

__all__ = [
    "Lack",
    "ProcessReminder",
    "ProcessVersion",
    "ReadinessDay",
    "ReadinessThresholds",
    "Reading",
    "Standing",
    "Turn",
]
