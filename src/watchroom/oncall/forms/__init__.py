"""Forms about who is on call. They work without JavaScript."""

from __future__ import annotations

from .others import AbsenceForm, CorrectionForm, HolidayForm, OverrideForm, PlanForm, TemporaryForm
from .rotations import RotationForm, RotationFormSet, ScheduleForm

__all__ = [
    "AbsenceForm",
    "CorrectionForm",
    "HolidayForm",
    "OverrideForm",
    "PlanForm",
    "RotationForm",
    "RotationFormSet",
    "ScheduleForm",
    "TemporaryForm",
]
