"""The components: ``{% load ui %}``. What there is, with an example of each: ``web/COMPONENTS.md`` and the style guide.

Short ones are made here, longer ones have a template in ``templates/components``. Whatever comes from a caller is escaped.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.contrib.messages import get_messages
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from watchroom.kernel.clock import now
from watchroom.kernel.durations import duration as in_words
from watchroom.paging.wording import on_clock_of

from ...kernel.errors import WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...kernel.times import rfc3339
from ..markdown import plain_text
from . import _badges, _charts, _lanes, _lists, _navigation, _words

register = template.Library()


def _part(name: str, /, **values: object) -> SafeString:
    return render_to_string(f"components/{name}.html", values)


# --- Signs -----------------------------------------------------------------------------------------------------------


@cache
def _icon(name: str, label: str) -> SafeString:
    said = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return mark_safe(lucide(name, size=18, **{"class": "icon"}, **said))  # noqa: S308 - made of a packaged drawing


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Lucide icon; decorative unless ``label`` says what it means."""
    return _icon(str(name), str(label))


@register.simple_tag
def badge(text: object, tone: str = "", icon: str = "") -> SafeString:
    """A small sign with a tone, an icon and a word."""
    drawn = _icon(icon, "") if icon else ""
    return format_html(
        '<span class="badge{}" data-tone="{}">{}{}</span>', "" if tone else " plain", tone or "note", drawn, text
    )


@register.simple_tag
def severity(level: object, word: str = "") -> SafeString:
    """``{% severity 1 %}``, ``{% severity "sev2" "Major" %}``."""
    look = _badges.severity(level)
    return badge(f"{look.word} {word}".strip(), look.tone, look.icon)


@register.simple_tag
def state(name: object, word: str = "") -> SafeString:
    """``{% state "firing" %}``; any state of alerts, incidents, postmortems, actions, notifications and components."""
    look = _badges.state(name)
    return badge(word or look.word, look.tone, look.icon)


@register.simple_tag
def incident_state(incident: Any) -> SafeString:
    """``{% incident_state incident %}``: where it stands, or that nobody has said yet whether it is one."""
    if incident.is_waiting:
        return badge("Waits for triage", "warning", "search")
    return badge("Declined") if incident.triage == "declined" else state(incident.phase, incident.state_name)


register.filter("plain_text", plain_text)


@register.filter
def future(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    """What of a trace is still to come."""
    return [line for line in lines if line["future"]]


@register.filter
def reached_nobody(lines: list[dict[str, object]]) -> bool:
    """Whether people were written to, and every message of a trace has failed."""
    states = [line["state"] for line in lines if line["state"] and not line["future"]]
    return bool(states) and all(state == "failed" for state in states)


@register.filter
def unsaid(line: dict[str, object]) -> str:
    """A line of a trace that lies ahead, without whose answer would keep it from happening: the heading says that."""
    return str(line["text"]).replace(f", unless {line.get('unless')}", "")


@register.filter
def local_times(text: object) -> str:
    """A text with its moments in UTC as the reader's own clock shows them."""
    return on_clock_of(str(text), timezone.get_current_timezone_name(), now())


@register.filter
def tone(value: object) -> str:
    """The tone of a state or a severity, for ``data-tone`` on a row or a card."""
    text = str(value).lower()
    look = _badges.severity(text) if whole(text) is not None or text.startswith("sev") else _badges.state(text)
    return look.tone


@register.simple_tag
def avatar(person: object, size: str = "") -> SafeString:
    """Initials on one of eight hues; decorative, so write the name beside it or use ``{% person %}``."""
    name = _words.person_name(person)
    hue = zlib.crc32(name.encode()) % 8
    return format_html(
        '<span class="avatar h{} {}" title="{}" aria-hidden="true">{}</span>', hue, size, name, _words.initials(name)
    )


@register.simple_tag
def person(who: object, nobody: str = "Nobody") -> SafeString:
    """Avatar and name, linked when the object has ``get_absolute_url``."""
    if not who:
        return format_html('<span class="soft">{}</span>', nobody)
    name, url = _words.person_name(who), getattr(who, "get_absolute_url", None)
    shown = format_html('<a href="{}">{}</a>', url(), name) if url else conditional_escape(name)
    return format_html('<span class="person">{}<span>{}</span></span>', avatar(who), shown)


@register.simple_tag
def keys(sequence: str) -> SafeString:
    """``{% keys "g h" %}``: each key as ``<kbd>``."""
    return format_html_join(" ", "<kbd>{}</kbd>", ((key,) for key in sequence.split()))


# --- Time ------------------------------------------------------------------------------------------------------------


def _absolute(at: datetime) -> str:
    """The moment in the reader's zone and in UTC, once if these are the same."""
    local, utc = timezone.localtime(at), at.astimezone(UTC)
    here, there = f"{local:%Y-%m-%d %H:%M:%S %Z}", f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    return there if local.utcoffset() == timedelta() else f"{here} · {there}"


_FORMATS = {"clock": "%H:%M", "seconds": "%H:%M:%S", "date": "%Y-%m-%d", "full": "%Y-%m-%d %H:%M %Z"}


@register.simple_tag(name="time")
def time_tag(at: datetime | None, form: str = "relative", missing: str = "–") -> SafeString:
    """``relative`` (kept fresh by the browser), ``elapsed`` (counting), ``clock``, ``seconds`` (a clock with them), ``date``, ``full``,
    or ``day`` with the day of the week, as people speak of shifts (its year only where it is another one); 24 hours."""
    if at is None:
        return format_html('<span class="soft">{}</span>', missing)
    if form == "day":
        local = timezone.localtime(at)
        text = (
            f"{local:%a %-d %b}{f' {local.year}' if local.year != timezone.localtime(now()).year else ''} {local:%H:%M}"
        )
    elif form in _FORMATS:
        text = timezone.localtime(at).strftime(_FORMATS[form])
    else:
        text = in_words(now() - at) if form == "elapsed" else _words.relative(at, now())
    return format_html(
        '<time datetime="{}" data-form="{}" title="{}">{}</time>',
        rfc3339(at, "seconds"),
        form,
        _absolute(at),
        text,
    )


@register.filter
def duration(span: timedelta | float | None) -> str:
    """``{{ seconds|duration }}`` or of a timedelta: ``3 h 20 min``."""
    return in_words(span)


# --- Arrangement of a page -------------------------------------------------------------------------------------------


@register.simple_block_tag(end_name="end_page_header")
def page_header(
    content: str, title: object, lede: str = "", back: str = "", back_url: str = "", eyebrow: str = ""
) -> SafeString:
    """The page's only ``h1``; the block's content are the actions at its right."""
    return _part(
        "page_header",
        title=title,
        lede=lede,
        back=back,
        back_url=back_url,
        eyebrow=eyebrow,
        actions=mark_safe(content.strip()),  # noqa: S308 - rendered by the template engine, escaped there
    )


@register.simple_block_tag(end_name="end_card")
def card(content: str, title: str = "", tone: str = "", link: str = "", link_url: str = "", id: str = "") -> SafeString:
    """A framed part of a page."""
    return _part("card", content=content, title=title, tone=tone, link=link, link_url=link_url, id=id)


@register.simple_tag
def stat(label: str, value: object, note: object = "", url: str = "", tone: str = "") -> SafeString:
    """One figure. Put several into ``<div class="grid stats">``."""
    return _part("stat", label=label, value=value, note=note, url=url, tone=tone)


@register.simple_block_tag(end_name="end_banner")
def banner(content: str, tone: str = "info") -> SafeString:
    """A message that stays on the page."""
    return _part("banner", content=content, tone=tone)


@register.simple_block_tag(end_name="end_table")
def table(content: str, *columns: str, caption: str = "", rows: bool = True) -> SafeString:
    """A table that becomes cards on phones. A column ``">Count"`` is right-aligned; ``rows=False`` turns j/k off."""
    heads = [(name.removeprefix(">"), name.startswith(">")) for name in columns]
    return _part("table", content=content, heads=heads, caption=caption, rows=rows)


@register.simple_block_tag(end_name="end_empty")
def empty(content: str, title: str, icon: str = "inbox", command: str = "") -> SafeString:
    """Nothing here yet: what will appear (the block's content, with its action), and a command to copy."""
    return _part("empty", content=content, title=title, icon=icon, command=command)


@register.simple_tag(name="copy")
def copy_tag(text: object, label: str = "Copy") -> SafeString:
    """Text with a button that copies it."""
    return _part("copy", text=text, label=label)


@register.simple_block_tag(end_name="end_tabs")
def tabs(content: str, label: str) -> SafeString:
    """Tabs that are links, so that each has an address. Contains ``{% tab %}``."""
    return format_html('<nav class="tabs" aria-label="{}">{}</nav>', label, content)


@register.simple_tag
def tab(url: str, label: str, current: bool = False, count: object = None) -> SafeString:
    """One tab; ``current=True`` marks the page being shown."""
    number = format_html(' <span class="count">{}</span>', count) if count is not None else ""
    return format_html(
        '<a href="{}"{}>{}{}</a>', url, mark_safe(' aria-current="page"') if current else "", label, number
    )


@register.simple_block_tag(end_name="end_dialog")
def dialog(content: str, id: str, title: str) -> SafeString:
    """A ``<dialog>`` opened by any ``<button type="button" data-dialog="ID">``."""
    return _part("dialog", content=content, id=id, title=title)


@register.simple_tag
def steps(*names: str, current: int = 1) -> SafeString:
    """Progress of a wizard, counted from 1."""
    rows = [(name, "done" if i < current else "current" if i == current else "") for i, name in enumerate(names, 1)]
    return _part("steps", rows=rows)


@register.simple_block_tag(end_name="end_log_entry")
def log_entry(
    content: str,
    kind: str,
    who: object = None,
    at: datetime | None = None,
    id: str = "",
    starred: bool = False,
    tail: str = "",
) -> SafeString:
    """One line of the running log; goes into ``<ol class="log">``."""
    look = _badges.ENTRIES.get(str(kind)) or _badges.Look("note", "circle", str(kind).replace("_", " ").capitalize())
    return _part(
        "log_entry",
        content=content,
        kind=kind,
        look=look,
        who=_words.person_name(who),
        at=at,
        id=id,
        starred=starred,
        tail=tail,
    )


@register.simple_tag
def confirm_button(
    label: str, question: str, ok: str = "", style: str = "danger", name: str = "", value: str = ""
) -> SafeString:
    """A submit button that asks first; without JavaScript it submits at once."""
    return _part("confirm_button", label=label, question=question, ok=ok or label, style=style, name=name, value=value)


# --- Lists: filters and pages ----------------------------------------------------------------------------------------

register.simple_block_tag(_lists.filter_bar, end_name="end_filter_bar", takes_context=True)
register.simple_tag(_lists.chip, takes_context=True)
register.simple_tag(_lists.choose, takes_context=True)
register.simple_tag(_lists.select_of, takes_context=True)
register.simple_tag(_lists.pager, takes_context=True)


# --- Forms -----------------------------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def field(context: Context, bound: BoundField, label: str = "", help: str = "", **attrs: str | bool) -> SafeString:
    """A bound field with label, help and errors. Further arguments become attributes of the widget."""
    if _lists.asks_for_all(context):
        show_all(bound.form, True)
    if bound.is_hidden:
        return bound.as_widget()
    widget_attrs: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attrs.items()}
    kind = "check" if isinstance(bound.field.widget, CheckboxInput) else "group" if bound.use_fieldset else "plain"
    if help:
        bound.help_text = help
    widget = bound.as_widget(attrs=widget_attrs)
    if (
        bound.field.show_hidden_initial
    ):  # what the form was opened with, so that only what somebody has changed is saved
        widget += bound.as_hidden(only_initial=True)
    return _part("field", field=bound, widget=widget, label=label or bound.label, kind=kind)


@register.simple_tag
def form_errors(form: BaseForm, heading: str = "Nothing was saved yet. Please put this right:") -> SafeString:
    """A summary of what to put right, each linked to its field; empty when the form is fine. ``heading`` is for a form that saves
    nothing."""
    fields = [(bound, error) for bound in form for error in bound.errors]
    if not form.errors:
        return SafeString()
    return _part("form_errors", fields=fields, general=form.non_field_errors(), heading=heading)


@register.simple_tag
def refusal(error: WatchroomError | None) -> SafeString:
    """What kept a form from being saved whose fields are written by hand: it is read first, and marks the field that it names."""
    return _part("refusal", error=error) if error else SafeString()


# --- Pictures --------------------------------------------------------------------------------------------------------

register.simple_tag(_charts.sparkline, name="sparkline")
register.simple_tag(_charts.bars, name="bars")
register.simple_tag(_charts.uptime, name="uptime")
register.simple_tag(_lanes.lanes, name="lanes")


# --- The shell -------------------------------------------------------------------------------------------------------

register.simple_tag(_navigation.url, name="nav_url")


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation(context: Context) -> dict[str, object]:
    """The side navigation, which is also the drawer of a phone."""
    return {"sections": _navigation.sections(context.get("request"))}


@register.inclusion_tag("components/bar.html", takes_context=True)
def bottom_bar(context: Context) -> dict[str, object]:
    """The bar at the bottom of a phone."""
    work = _navigation.sections(context.get("request"))[0][1]
    return {"entries": [entry for entry in work if entry["place"].on_bar]}


@register.inclusion_tag("components/toasts.html", takes_context=True)
def toasts(context: Context) -> dict[str, object]:
    """Django's messages in the polite live region; js/toast.js adds to the same region."""
    request = context.get("request")
    shown = [(_badges.MESSAGES.get(each.level_tag, "info"), each) for each in get_messages(request)] if request else []
    return {"toasts": shown}
