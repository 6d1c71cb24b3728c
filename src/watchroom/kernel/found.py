"""Choices that are looked for as somebody types, where there may be thousands: a page holds only what is chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar, cast

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .numbers import wholes

T = TypeVar("T")
MOST = 30  # choices that are offered at once
LONGEST = 100  # choices that a page still holds; of more it holds what is chosen
# Who finds what is typed, by kind; `?by=slug` answers with short names instead of numbers (web/views/choices.py).
_FINDERS = {
    "accounts.Person": "choices-people",
    "accounts.Team": "choices-teams",
    "catalog.Service": "choices-services",
    "evidence.Indicator": "choices-indicators",
    "oncall.Schedule": "choices-schedules",
    "paging.EscalationPolicy": "choices-policies",
}
_WORDS = 8  # of what is typed; more would only make the question long


def fitting(rows: QuerySet[Any, Any], typed: str, *fields: str) -> QuerySet[Any, Any]:
    """Those of which each word that is typed stands somewhere in these fields."""
    for word in typed[:200].split()[:_WORDS]:
        wanted = Q()
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(wanted)
    return rows


def counted(rows: QuerySet[Any, Any], most: int = 1_000) -> str:
    """How many there are, as a page says it: of very many only that there are more, because nobody waits for their counting."""
    number = rows.order_by()[: most + 1].count()
    return f"{most:,}+" if number > most else str(number)


def shared(lists: Sequence[Sequence[T]]) -> list[T]:
    """Of several lists as many as can be offered, in their order; what there is little of is all shown."""
    shares: dict[int, Sequence[T]] = {}
    left = MOST
    for at, each in sorted(enumerate(lists), key=lambda pair: len(pair[1])):
        shares[at] = each[: left // (len(lists) - len(shares))]
        left -= len(shares[at])
    return [one for at in range(len(lists)) for one in shares[at]]


def held(rows: Any, chosen: Collection[str], key: str = "pk", whole: bool = False) -> tuple[list[Any], str]:
    """What a select of these rows holds, and the address that finds the others: nothing while they are few, or where ``whole``
    is asked for. Of many it holds those whose ``key`` is ``chosen``. Of what nobody finds, and of lists, it holds all."""
    finder = _FINDERS.get(rows.model._meta.label) if isinstance(rows, QuerySet) else None
    if whole or finder is None:
        return list(rows), ""
    first = getattr(rows, "_first_of_them", None)
    if first is None:  # several selects of one page hold the same
        first = rows._first_of_them = list(rows[: LONGEST + 1])
    if len(first) <= LONGEST:
        return first, ""
    wanted: Collection[Any] = wholes(chosen) if key in ("pk", "id") else [each for each in chosen if each]
    return list(rows.filter(**{f"{key}__in": wanted})) if wanted else [], f"{reverse(finder)}?by={key}"


class _Found(forms.Select):
    """A select with only those of its choices that are chosen; ``address`` answers ``?q=`` with ``[{value, label, hint}]``
    (see `web/views/choices.py` and `js/pick.js`). Without a script a link leads to the page with all of them (``?choices=all``),
    which a form asks for by ``whole``."""

    whole = False

    def __init__(self, address: Any, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"data-find": address, **(attrs or {})})

    def use_required_attribute(self, initial: Any) -> bool:
        if self.allow_multiple_selected or not isinstance(self.choices, forms.models.ModelChoiceIterator):
            return super().use_required_attribute(initial)
        return (
            self.choices.field.empty_label is not None
        )  # Django would read rows to see whether the first one is empty

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
        return with_way_out(drawn)


class FoundSelect(_Found):
    """One of many."""


class FoundSelectMultiple(_Found, forms.SelectMultiple):
    """Several of many."""


class _Few(_Found):
    """All choices while they are few; then as :class:`_Found`."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        forms.Select.__init__(self, attrs)
        self._held: list[Any] | None = None
        self.also = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        self._held = None
        if isinstance(self.choices, forms.models.ModelChoiceIterator) and not self.whole:
            key = self.choices.field.to_field_name or "pk"
            self._held, address = held(self.choices.queryset, set(self.format_value(value)), key)
            if address:
                self.attrs = {**self.attrs, "data-find": address + self.also}
        return super().get_context(name, value, attrs)

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> Any:
        if self._held is None:
            return forms.Select.optgroups(self, name, value, attrs)
        field = cast("Any", self.choices).field
        chosen = {each for each in value if each}
        offered = [("", str(field.empty_label))] if field.empty_label is not None else []
        offered += [(str(field.prepare_value(row)), field.label_from_instance(row)) for row in self._held]
        return [
            (None, [self.create_option(name, key, label, key in chosen or not (key or chosen), at, attrs=attrs)], at)
            for at, (key, label) in enumerate(offered)
        ]

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        drawn = forms.Select.render(self, name, value, attrs, renderer)
        return with_way_out(drawn) if "data-find" in self.attrs else drawn


class _FewSelect(_Few):
    """One of what may be many."""


class _FewSelectMultiple(_Few, forms.SelectMultiple):
    """Several of what may be many."""


class OneOf(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A row of what may be thousands. ``also``: what else the address that finds them is asked, such as ``&left=too``."""

    widget = _FewSelect

    def __init__(self, *args: Any, also: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.widget.also = also


class SomeOf(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Rows of what may be thousands."""

    widget = _FewSelectMultiple


def with_way_out(drawn: SafeString) -> SafeString:
    """A select that finds what is typed, with a link for whoever has no scripts."""
    return format_html('{}<noscript><a href="?choices=all">Choose from a list of all</a></noscript>', drawn)


def show_all(form: forms.BaseForm, whole: bool) -> None:
    """Whether the selects of ``form`` hold all their choices."""
    for field in form.fields.values():
        if isinstance(field.widget, _Found):
            field.widget.whole = whole
