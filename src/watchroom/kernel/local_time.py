"""The field of a form that asks for a time."""

from __future__ import annotations

from typing import Any

from django import forms


class LocalTime(forms.DateTimeField):
    """A time by the reader's clock, as a browser asks for it: to the minute, or to the second."""

    def __init__(self, label: str, help_text: str = "", *, seconds: bool = False, **options: Any) -> None:
        attrs = {"type": "datetime-local", **({"step": "1"} if seconds else {})}
        widget = forms.DateTimeInput(attrs=attrs, format="%Y-%m-%dT%H:%M:%S" if seconds else "%Y-%m-%dT%H:%M")
        super().__init__(label=label, help_text=help_text, widget=widget, **options)
