"""The fields of a form that ask for a time or a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms

from .times import D, within_reach


class LocalTime(forms.DateTimeField):
    """A time by the reader's clock, as a browser asks for it: to the minute, or to the second."""

    def __init__(self, label: str, help_text: str = "", *, seconds: bool = False, **options: Any) -> None:
        attrs = {"type": "datetime-local", **({"step": "1"} if seconds else {})}
        widget = forms.DateTimeInput(attrs=attrs, format="%Y-%m-%dT%H:%M:%S" if seconds else "%Y-%m-%dT%H:%M")
        super().__init__(label=label, help_text=help_text, widget=widget, **options)

    def clean(self, value: Any) -> datetime | None:
        at: datetime | None = super().clean(value)
        return None if at is None else _reached(at)


class LocalDay(forms.DateField):
    """A day, as a browser asks for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        return None if day is None else _reached(day)


def _reached(at: D) -> D:
    try:
        return within_reach(at)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
