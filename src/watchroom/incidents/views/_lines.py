"""The lines of the log as HTML. A line is the same for everybody in a zone who may act, so it is drawn once and kept: a new
entry costs 200 readers 200 look-ups, not 200 drawings of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from datetime import timedelta
from threading import Lock

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join, urlize
from django.utils.safestring import SafeString, mark_safe

from ...kernel import clock
from ..models import STANDINGS, Incident, LogEntry
from ..rules import mentions

_MOST = 4_000
_RECORDED_LATER = timedelta(minutes=2)  # from here on the line says so
_kept: OrderedDict[Hashable, SafeString] = OrderedDict()
_lock = Lock()

_SIGNS = {
    "alerts": "alert",
    "update": "update",
    "incident": "status",
    "nudge": "nudge",
    "mitigation": "mitigation",
    "runbook": "mitigation",
}
_PAGES = {"role.assigned", "person.paged"}


def sign_of(entry: LogEntry) -> str:
    """The kind of sign that stands before the line."""
    if entry.type in _PAGES:
        return "page"
    if entry.kind != LogEntry.Kind.SYSTEM:
        return entry.kind
    return _SIGNS.get(entry.type.partition(".")[0], "system")


def lines(incident: Incident, entries: Iterable[LogEntry], *, acts: bool) -> list[SafeString]:
    """Each entry as its ``<li>``."""
    zone = timezone.get_current_timezone_name()
    today = timezone.localtime(clock.now()).date()
    return [_line(incident, entry, (zone, str(today)), acts) for entry in entries]


def _line(incident: Incident, entry: LogEntry, where: tuple[str, str], acts: bool) -> SafeString:
    parent = entry.parent
    # All that is drawn, so that nothing stale is ever shown, whoever wrote it by whatever way.
    key = (
        entry.pk, entry.kind, entry.type, entry.text, entry.standing, entry.pinned, entry.at, entry.edited_at,
        str(entry.author or ""), str(entry.tester or ""), parent.text if parent else None, where, acts,
        str(entry.data.get("path", "")), str(entry.data.get("source", "")), tuple(file.pk for file in entry.attachments.all()),
    )  # fmt: skip
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _draw(entry, acts, where[1])
    with _lock:
        _kept[key] = made
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return made


def _draw(entry: LogEntry, acts: bool, today: str) -> SafeString:
    local = timezone.localtime(entry.at)
    day = "" if str(local.date()) == today else f"{local:%d %b} · ".lstrip("0")
    context = {
        "entry": entry,
        "who": entry.author or entry.data.get("source", {}).get("name", ""),
        "look": sign_of(entry),
        "anchor": f"entry-{entry.pk}",
        "tail": f"{day}#{entry.pk}",
        "text": marked(entry.text),
        "recorded": _later(entry),
        "acts": acts and entry.kind != LogEntry.Kind.SYSTEM,
        "standings": [
            (value, LogEntry.Standing(value).label)
            for value in STANDINGS.get(entry.kind, ())
            if value != (entry.standing or STANDINGS[entry.kind][0])
        ],
        "standing": LogEntry.Standing(entry.standing or "open").label if entry.kind in STANDINGS else "",
    }
    return mark_safe(render_to_string("incidents/parts/line.html", context).strip())  # noqa: S308 - a template's own


def _later(entry: LogEntry) -> str:
    """How to say when a line was written down whose time is another one; empty: as it happened."""
    if abs(entry.written_at - entry.at) < _RECORDED_LATER:
        return ""
    return "clock" if entry.written_at.date() == entry.at.date() else "full"


def marked(text: str) -> SafeString:
    """``text`` in paragraphs, with links, and with mentions that can be seen."""
    paragraphs = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        rows = [_pieces(row) for row in paragraph.split("\n")]
        paragraphs.append(format_html("<p>{}</p>", mark_safe("<br>".join(rows))))  # noqa: S308 - escaped in _pieces
    return format_html_join("", "{}", ((each,) for each in paragraphs))


def _pieces(row: str) -> str:
    if "@" not in row:
        return urlize(row, nofollow=True, autoescape=True)
    return "".join(
        format_html('<span class="mention">{}</span>', piece)
        if meant
        else urlize(piece, nofollow=True, autoescape=True)
        for piece, meant in mentions.parts(row)
    )
