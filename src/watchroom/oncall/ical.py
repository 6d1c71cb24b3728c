"""iCalendar texts: read into entries, and shifts written out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Calendar as Text
from icalendar import Event, vText
from recurring_ical_events import of

from . import rules

MOST_ENTRIES = 5000
_LEVEL = re.compile(r"\s*\[L(\d{1,3})\]\s*", re.IGNORECASE)


class NotACalendar(ValueError):
    """The text can't be read as iCalendar, or has nothing in it."""


@dataclass(frozen=True)
class Entry:
    """Something in a calendar. ``names``: whom it may mean, the likeliest first; ``level`` as written in [L1]."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    names: tuple[str, ...]
    level: int | None


def read(text: str, start: datetime, end: datetime, zone: str = "UTC") -> list[Entry]:
    """The entries of a calendar between ``start`` and ``end``, repetitions written out, cancelled ones left out.

    The summary names the person, by user name or e-mail address, after an optional level such as ``[L2]`` (the form of
    Grafana OnCall); otherwise lines of the description or the attendees do (as in Google Calendar, and in PagerDuty's feed of a
    schedule, where an attendee is an address without ``mailto:``), else a part of a summary such as PagerDuty's
    ``On Call - Anna Berg - Payments``. Days without a
    time are days of ``zone``.

    :raises NotACalendar: it can't be read, or holds no event at all.
    """
    if not text.strip():
        raise NotACalendar("The answer is empty.")
    if "BEGIN:VCALENDAR" not in text.upper():
        raise NotACalendar(f"The answer is no calendar: it begins with “{' '.join(text[:60].split())}”.")
    try:
        parsed = Text.from_ical(text)
        if not any(True for _ in parsed.walk("VEVENT")):
            raise NotACalendar("There is no event in it.")
        events = of(parsed).between(start, end)
        found = [entry for event in events if (entry := _entry(event, zone)) is not None]
    except NotACalendar:
        raise
    except Exception as error:  # both libraries raise many kinds; any of them means: not readable
        raise NotACalendar(f"It can't be read as iCalendar: {str(error)[:150] or type(error).__name__}.") from error
    if len(found) > MOST_ENTRIES:
        raise NotACalendar(f"It has more than {MOST_ENTRIES} entries in half a year.")
    return sorted(found, key=lambda entry: (entry.starts_at, entry.ends_at, entry.summary))


def _entry(event: Any, zone: str) -> Entry | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or "DTSTART" not in event:
        return None
    starts_at = _instant(event["DTSTART"].dt, zone)
    ends_at = _instant(event["DTEND"].dt, zone) if "DTEND" in event else starts_at + timedelta(days=1)
    if ends_at <= starts_at:
        return None
    summary = str(event.get("SUMMARY", ""))
    match = _LEVEL.match(summary)
    plain = _LEVEL.sub("", summary, count=1) if match else summary
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    names = [plain, *str(event.get("DESCRIPTION", "")).splitlines()]
    names += [str(each).removeprefix("mailto:").removeprefix("MAILTO:") for each in attendees]
    names += plain.split(" - ")[1:]  # last, because the others name somebody for certain
    names = [name.strip() for name in names if name.strip()]
    return Entry(
        starts_at, ends_at, summary.strip()[:200], tuple(dict.fromkeys(names)), int(match[1]) if match else None
    )


def _instant(value: date | datetime, zone: str) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        return rules.to_utc(value, rules.check_zone(zone))
    return value.astimezone(UTC)


@dataclass(frozen=True)
class Written:
    """A shift for a calendar program."""

    key: str  # stays the same as long as the shift does
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    url: str


def write(name: str, entries: Iterable[Written], at: datetime) -> bytes:
    """``entries`` as a calendar (RFC 5545)."""
    calendar = Text()
    calendar.add("prodid", "-//Watchroom//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar["X-WR-CALNAME"] = vText(name)
    calendar["REFRESH-INTERVAL;VALUE=DURATION"] = vText("PT1H")
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@watchroom")
        event.add("dtstamp", at)
        event.add("dtstart", entry.starts_at)
        event.add("dtend", entry.ends_at)
        event.add("summary", entry.summary)
        event.add("description", entry.description)
        event.add("url", entry.url)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
