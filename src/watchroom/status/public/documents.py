"""Every file that a status page is made of: its address below the page, and how it is made."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.translation import gettext
from icalendar import Calendar, Event

from ..queries import PageView, page_url
from ..rules import LANGUAGES, WORDS
from . import statuspage
from .badge import badge
from .wording import note_text, update_text

_STYLE = Path(__file__).parent.parent / "static" / "status" / "page.css"


@dataclass(frozen=True)
class Document:
    """One file as it is sent."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Place:
    """From where a document is read: ``base`` stands before the address of every other document; ``is_file``: as a file,
    so that there is nobody to subscribe with; ``language`` None: the page's own."""

    base: str = ""
    is_file: bool = False
    language: str | None = None

    def link(self, language: str) -> str:
        """The page in another language."""
        return f"{self.base}index.{language}.html" if self.is_file else f"{self.base or '.'}?lang={language}"


def make(shown: PageView, path: str, place: Place) -> Document | None:
    """The document at ``path`` below the page; None: there is none."""
    maker = _MAKERS.get(path)
    if maker is None and path.startswith("api/v2/") and path.removeprefix("api/v2/") in statuspage.DOCUMENTS:
        maker = _json
    if maker is None:
        return None
    language = place.language or shown.page.language
    with translation.override(language), timezone.override(zoneinfo.ZoneInfo(shown.page.timezone)):
        return maker(shown, path, place)


def _html(shown: PageView, path: str, place: Place) -> Document:
    language = place.language or shown.page.language
    context = {
        "view": shown,
        "page": shown.page,
        "place": place,
        "base": place.base,
        "language": language,
        "languages": [(code, name, place.link(code)) for code, name in LANGUAGES.items()],
        "has_logo": bool(shown.page.logo_type),
    }
    return Document("text/html; charset=utf-8", render_to_string("status/public/page.html", context).encode())


def _style(shown: PageView, path: str, place: Place) -> Document:
    own = f":root {{ --brand: light-dark({shown.page.colour}, {shown.page.colour_dark}); }}\n"
    return Document("text/css; charset=utf-8", (own + _STYLE.read_text()).encode())


def _json(shown: PageView, path: str, place: Place) -> Document:
    with translation.override("en"):  # programs compare words
        made = statuspage.DOCUMENTS[path.removeprefix("api/v2/")](shown)
    return Document("application/json", json.dumps(made, ensure_ascii=False).encode())


def _feed(kind: type[Atom1Feed] | type[Rss201rev2Feed]) -> Callable[[PageView, str, Place], Document]:
    def make_feed(shown: PageView, path: str, place: Place) -> Document:
        address = page_url(shown.page)
        feed = kind(
            title=shown.page.name,
            link=address,
            description=shown.page.description or shown.page.name,
            feed_url=f"{address}/{path}",
            language=place.language or shown.page.language,
        )
        for at, title, anchor, text, key in sorted(_entries(shown), reverse=True):
            feed.add_item(
                title=title,
                link=f"{address}#{anchor}",
                description=text,
                pubdate=at,
                updateddate=at,
                unique_id=f"{address}#{key}",
            )
        return Document(f"{feed.content_type.partition(';')[0]}; charset=utf-8", feed.writeString("utf-8").encode())

    return make_feed


def _entries(shown: PageView) -> list[tuple[Any, str, str, str, str]]:
    found: list[tuple[Any, str, str, str, str]] = []
    for incident in [*shown.open, *shown.past]:
        for each in incident.shown:  # type: ignore[attr-defined]
            update = each.update
            stage = gettext(update.get_stage_display())
            title, anchor = f"{incident.title}: {stage}", f"incident-{incident.pk}"
            found.append((update.published_at, title, anchor, update_text(update), f"update-{update.pk}"))
    for row in shown.announced:
        for note in row.notes.all():
            title = f"{row.title}: {gettext(note.get_stage_display())}"
            found.append((note.at, title, f"maintenance-{row.pk}", note_text(note), f"note-{note.pk}"))
    return found


def _calendar(shown: PageView, path: str, place: Place) -> Document:
    """Scheduled maintenance as iCalendar (RFC 5545); what was called off stays, marked so that calendars take it out."""
    calendar = Calendar()
    calendar.add("prodid", "-//Watchroom//Status page//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", shown.page.name)
    calendar.add("x-published-ttl", "PT1H")
    for row in shown.maintenance:
        notes = list(row.notes.all())
        event = Event()
        event.add("uid", f"maintenance-{row.pk}@{page_url(shown.page).partition('://')[2].partition('/')[0]}")
        event.add("dtstamp", notes[0].at if notes else row.created_at)
        event.add("sequence", len(notes))
        event.add("dtstart", row.starts_at)
        event.add("dtend", row.ended_at if row.stage == "completed" and row.ended_at else row.ends_at)
        event.add("summary", row.title)
        event.add("description", "\n\n".join(note_text(note) for note in notes))
        event.add("url", f"{page_url(shown.page)}#maintenance-{row.pk}")
        event.add("status", "CANCELLED" if row.stage == "cancelled" else "CONFIRMED")
        calendar.add_component(event)
        for start, end in row.following:
            again = Event()
            again.add(
                "uid",
                f"maintenance-{row.pk}-{start:%Y%m%d}@{page_url(shown.page).partition('://')[2].partition('/')[0]}",
            )
            again.add("dtstamp", notes[-1].at if notes else row.created_at)
            again.add("dtstart", start)
            again.add("dtend", end)
            again.add("summary", row.title)
            again.add("url", f"{page_url(shown.page)}#maintenance-{row.pk}")
            again.add("status", "CONFIRMED")
            calendar.add_component(again)
    return Document("text/calendar; charset=utf-8", calendar.to_ical())


def _badge(shown: PageView, path: str, place: Place) -> Document:
    return Document("image/svg+xml", badge(shown.page.name, gettext(WORDS[shown.state]), shown.state).encode())


def _logo(shown: PageView, path: str, place: Place) -> Document | None:
    return Document(shown.page.logo_type, bytes(shown.page.logo)) if shown.page.logo else None


_MAKERS: dict[str, Callable[[PageView, str, Place], Document | None]] = {
    "": _html,
    "style.css": _style,
    "feed.atom": _feed(Atom1Feed),
    "feed.rss": _feed(Rss201rev2Feed),
    "maintenance.ics": _calendar,
    "badge.svg": _badge,
    "logo": _logo,
}

# Every document of a page, below its address; the first is the page itself.
PATHS = (*_MAKERS, *(f"api/v2/{name}" for name in statuspage.DOCUMENTS))
