"""Forms of limits."""

from __future__ import annotations

from typing import Any

from django import forms

from ..kernel.local_time import LocalDay
from .rules.limits import MOST, Limits

_WORDS = {
    "pages_per_shift": ("Pages in a shift", "Within twelve hours. 0, here and below: no limit."),
    "nights_per_week": ("Nights with a page in a week", "By the clock of whoever is woken, 22:00 to 07:00."),
    "hours_per_month": ("Hours on call in four weeks", "Four weeks have 672."),
    "weeks_in_a_row": ("Weeks on call without a break", ""),
    "share_percent": ("Share of the team's pages, in percent", "Counts from ten pages in four weeks on."),
}


class LimitsForm(forms.Form):
    """What a team bears."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, help_text) in _WORDS.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                help_text=help_text,
                min_value=0,
                max_value=MOST[name],
                initial=getattr(limits, name),
            )


class PayForm(forms.Form):
    """By which rules a team pays. Numbers are read by the rules themselves, which say what is wrong with them."""

    unit = forms.CharField(max_length=12, label="Paid in", help_text="A currency such as EUR, or hours.")
    work = forms.CharField(label="An hour on call in working time")
    weekday = forms.CharField(label="Any other hour of a weekday")
    night = forms.CharField(label="An hour at night")
    weekend = forms.CharField(label="An hour at a weekend")
    holiday = forms.CharField(label="An hour on a public holiday")
    page_out_of_hours = forms.CharField(label="A page out of working time")
    page_at_night = forms.CharField(label="A page at night")
    off_per_night = forms.CharField(label="Hours off for a night with a page")
    off_per_weekend_day = forms.CharField(label="Hours off for a weekend day on call")
    off_per_holiday = forms.CharField(label="Hours off for a public holiday on call")
    night_from = forms.CharField(label="Night begins", help_text="By the clock of the schedule, as all of these.")
    night_to = forms.CharField(label="Night ends")
    work_from = forms.CharField(label="Working time begins")
    work_to = forms.CharField(label="Working time ends")
    valid_from = LocalDay(
        required=False,
        label="Holds from",
        help_text="What was counted before that day stays. Empty: a team's first rules always, others from the first of this month, or from when the present ones began.",
    )
    reason = forms.CharField(
        required=False, max_length=200, label="Why", help_text="Only where months that are over have to change."
    )
