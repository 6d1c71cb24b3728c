"""Lists: what narrows them, and their pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.forms.utils import flatatt
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ...kernel.found import held, with_way_out

_CURSORS = ("after", "before", "page")


def _query(context: Context, **changes: object) -> str:
    """The current query with changes, without the cursor of the page that it was on."""
    query = context["request"].GET.copy()
    for name in _CURSORS:
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in {None, ""}:
            query[name] = str(value)
    return "?" + query.urlencode()


def filter_bar(context: Context, content: str, search: str = "") -> SafeString:
    """Chips and selects of a list; ``search="Search alerts"`` adds a box that sends ``q``. Everything is in the address."""
    query = context["request"].GET
    kept = [(name, value) for name in query if name not in {*_CURSORS, "q"} for value in query.getlist(name)]
    kept = [(name, value) for name, value in kept if f'name="{name}"' not in content]
    shown = {"content": content, "search": search, "q": query.get("q", ""), "kept": kept}
    return render_to_string("components/filter_bar.html", shown)


def chip(context: Context, name: str, value: object, label: str, count: object = None) -> SafeString:
    """A filter as a link; an empty value is the choice "all"."""
    chosen = context["request"].GET.get(name, "") == str(value or "")
    number = format_html(' <span class="number">{}</span>', count) if count is not None else ""
    mark = mark_safe(' aria-current="true"') if chosen else ""
    return format_html('<a class="chip" href="{}"{}>{}{}</a>', _query(context, **{name: value}), mark, label, number)


def asks_for_all(context: Context) -> bool:
    """Somebody without scripts wants the choices that would be found as they type."""
    request = context.get("request")
    return request is not None and request.GET.get("choices") == "all"


def choose(
    context: Context,
    name: str,
    label: str,
    every: str,
    choices: Iterable[Any],
    key: str = "slug",
    find: str = "",
    mine: str = "",
) -> SafeString:
    """A select of a filter bar. ``every`` is the choice of all; ``choices`` are (value, word), or things, known by ``key``. Of
    many things (`kernel/found.py`) only the chosen one is there, and what is typed is found.
    ``find``: the address that finds what is typed, where ``choices`` is only what is chosen already. ``mine``: the word for a
    choice "mine" before them."""
    chosen = context["request"].GET.get(name, "")
    rows, address = held(choices, [chosen], key, whole=asks_for_all(context))
    attrs = {"class": "input", "name": name, "aria-label": label, "data-autosubmit": True}
    own = [("mine", mine)] if mine else []
    return _select(attrs, name, [*own, *rows], key, [chosen], every, find or address)


def select_of(
    context: Context,
    name: str,
    rows: Iterable[Any],
    chosen: Any = "",
    key: str = "slug",
    empty: str | None = None,
    find: str = "",
    **attrs: Any,
) -> SafeString:
    """The ``<select id=name>`` of a form that no Django field draws: things known by ``key``, of which there may be many (as
    for :func:`choose`). ``chosen`` is one of the keys, or some; ``empty`` the word for none; ``find`` the address that finds
    what is typed where they are many and not every one of their kind can be chosen."""
    picked = [str(each) for each in ([chosen] if isinstance(chosen, str | int) else chosen or ())]
    shown, address = held(rows, picked, key, whole=asks_for_all(context))
    named = {each.replace("_", "-"): value for each, value in attrs.items()}
    drawn = _select(
        {"class": "input", "id": name, "name": name, **named},
        name,
        shown,
        key,
        picked,
        empty,
        address and (find or address),
    )
    return with_way_out(drawn) if address else drawn


def _select(
    attrs: dict[str, Any], name: str, rows: Iterable[Any], key: str, chosen: Sequence[str], empty: str | None, find: str
) -> SafeString:
    pairs = [each if isinstance(each, tuple) else (getattr(each, key), each) for each in rows]
    if find:
        attrs = {"id": f"filter-{name}", **attrs, "data-find": find}
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, mark_safe(" selected") if str(value) in chosen else "", word) for value, word in pairs),
    )
    none = format_html('<option value="">{}</option>', empty) if empty is not None else ""
    return format_html("<select{}>{}{}</select>", flatatt(attrs), none, options)


def pager(context: Context, before: object = None, after: object = None, next: str = "Older") -> SafeString:
    """Newer and older by cursor (``?before=``, ``?after=``), keeping the filters; ``next`` names a list's other order."""
    if not before and not after:
        return SafeString()
    links = {"newer": before and _query(context, before=before), "older": after and _query(context, after=after)}
    return render_to_string("components/pager.html", {**links, "next": next})
