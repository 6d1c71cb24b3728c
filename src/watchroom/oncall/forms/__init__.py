"""Forms about who is on call. They work without JavaScript."""

from __future__ import annotations

from .others import AbsenceForm, CorrectionForm, HolidayForm, OverrideForm, PlanForm, TemporaryForm
from .rotations import RotationForm, RotationFormSet, ScheduleForm
from .sun import RegionForm, RegionFormSet, SunForm
from .turns import Offered, offered

__all__ = [
    "AbsenceForm",
    "CorrectionForm",
    "HolidayForm",
    "Offered",
    "OverrideForm",
    "PlanForm",
    "RegionForm",
    "RegionFormSet",
    "RotationForm",
    "RotationFormSet",
    "ScheduleForm",
    "SunForm",
    "TemporaryForm",
    "offered",
]
