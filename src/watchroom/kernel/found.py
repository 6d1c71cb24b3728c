"""Choices that are looked for as somebody types, where there may be thousands: a page holds only what is chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .numbers import wholes


class _Found(forms.Select):
    """A select with only those of its choices that are chosen; ``address`` answers ``?q=`` with ``[{value, label, hint}]``
    (see `web/views/choices.py` and `js/pick.js`). Without a script a link leads to the page with all of them (``?choices=all``),
    which a form asks for by ``whole``."""

    whole = False

    def __init__(self, address: Any, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"data-find": address, **(attrs or {})})

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> Any:
        if self.whole or not isinstance(self.choices, forms.models.ModelChoiceIterator):
            return super().optgroups(name, value, attrs)
        field: Any = self.choices.field
        chosen = {each for each in value if each}
        rows = field.queryset.filter(pk__in=wholes(chosen)) if chosen else ()
        offered = [("", str(field.empty_label))] if field.empty_label is not None else []
        offered += [(str(row.pk), field.label_from_instance(row)) for row in rows]
        return [
            (None, [self.create_option(name, key, label, key in chosen or not (key or chosen), at, attrs=attrs)], at)
            for at, (key, label) in enumerate(offered)
        ]

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        drawn = super().render(name, value, attrs, renderer)
        if self.whole:
            return drawn
        return format_html('{}<noscript><a href="?choices=all">Choose from a list of all</a></noscript>', drawn)


class FoundSelect(_Found):
    """One of many."""


class FoundSelectMultiple(_Found, forms.SelectMultiple):
    """Several of many."""


def show_all(form: forms.BaseForm, whole: bool) -> None:
    """Whether the selects of ``form`` hold all their choices."""
    for field in form.fields.values():
        if isinstance(field.widget, _Found):
            field.widget.whole = whole
