"""Lists: what narrows them, and their pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

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


def choose(
    context: Context, name: str, label: str, every: str, choices: Iterable[Any], key: str = "slug", find: str = ""
) -> SafeString:
    """A select of a filter bar. ``every`` is the choice of all; ``choices`` are (value, word), or things, known by ``key``.
    ``find``: the address that finds what is typed, where there may be thousands and ``choices`` is only what is chosen."""
    chosen = context["request"].GET.get(name, "")
    pairs = (each if isinstance(each, tuple) else (getattr(each, key), each) for each in choices)
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, mark_safe(" selected") if str(value) == chosen else "", word) for value, word in pairs),
    )
    return format_html(
        '<select class="input" name="{}" aria-label="{}" data-autosubmit{}><option value="">{}</option>{}</select>',
        name,
        label,
        format_html(' id="filter-{}" data-find="{}"', name, find) if find else "",
        every,
        options,
    )


def pager(context: Context, before: object = None, after: object = None, next: str = "Older") -> SafeString:
    """Newer and older by cursor (``?before=``, ``?after=``), keeping the filters; ``next`` names a list's other order."""
    if not before and not after:
        return SafeString()
    links = {"newer": before and _query(context, before=before), "older": after and _query(context, after=after)}
    return render_to_string("components/pager.html", {**links, "next": next})
