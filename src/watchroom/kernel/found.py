"""Choices that are looked for as somebody types, where there may be thousands: a page holds only what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .numbers import wholes

T = TypeVar("T")
MOST = 30  # choices that are offered at once
_WORDS = 8  # of what is typed; more would only make the question long


def fitting(rows: QuerySet[Any, Any], typed: str, *fields: str) -> QuerySet[Any, Any]:
    """Those of which each word that is typed stands somewhere in these fields."""
    for word in typed[:200].split()[:_WORDS]:
        wanted = Q()
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(wanted)
    return rows


def shared(lists: Sequence[Sequence[T]]) -> list[T]:
    """Of several lists as many as can be offered, in their order; what there is little of is all shown."""
    shares: dict[int, Sequence[T]] = {}
    left = MOST
    for at, each in sorted(enumerate(lists), key=lambda pair: len(pair[1])):
        shares[at] = each[: left // (len(lists) - len(shares))]
        left -= len(shares[at])
    return [one for at in range(len(lists)) for one in shares[at]]


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
