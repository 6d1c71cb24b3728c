"""Forms of limits."""

from __future__ import annotations

from typing import Any

from django import forms

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
