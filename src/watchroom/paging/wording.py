"""What a page says, in words. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LATE_BEGINS = "Late by "  # how the text of a message begins that could not be sent earlier
# The narrow space, which no sender writes there, tells our own moments from those in the texts of others.
_UTC = "\u202fUTC"
_STAMP = re.compile(rf"(?<![\d:T])(?:(\d{{4}}-\d\d-\d\d) )?(\d\d:\d\d){_UTC}\b")


def headline(title: str, severity: str) -> str:
    """The first line of a page: how bad it is, where, and what. It has to do alone, on a lock screen and in a call."""
    return f"{severity.capitalize()} – {title}" if severity else title


def code_said(body: str) -> tuple[str, str]:
    """Subject and text of a message with a code, of which a notification keeps only the code, in the last line of its body.
    No list says it: whoever could read it there could confirm a way that is not theirs."""
    line = body.rpartition("\n")[2]
    found = re.search(r"\d+", line)  # earlier releases kept the whole sentence
    code = found[0] if found else line
    text = f"Enter {code} within ten minutes, where you added this way to be reached. You did not? Then ignore it."
    return f"{code} is your code for Watchroom", text


def stamp(at: datetime) -> str:
    """A moment in a text that different people will read; :func:`on_clock_of` turns it into the reader's own time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}{_UTC}"


def time_stamp(at: datetime) -> str:
    """A moment of the day on which it is read, as :func:`stamp`."""
    return f"{at.astimezone(UTC):%H:%M}{_UTC}"


def on_clock_of(text: str, zone: str, now: datetime) -> str:
    """``text`` with the moments that :func:`stamp` wrote into it as the clock on the reader's wall shows them: ``03:02 CET``, with the day where it
    is not today; one that is said without a day is of today. What others wrote comes through letter by letter. In a time
    zone that nobody knows moments stay in UTC: a text is better than none."""
    try:
        own = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return text.replace(_UTC, " UTC")
    today = now.astimezone(own).date()

    def local(found: re.Match[str]) -> str:
        try:
            day = found[1] or f"{now.astimezone(UTC):%Y-%m-%d}"
            at = datetime.strptime(f"{day} {found[2]}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC).astimezone(own)
        except (ValueError, OverflowError):
            return found[0]
        return f"{at:%H:%M %Z}" if not found[1] or at.date() == today else f"{at:%a} {at.day} {at:%b %H:%M %Z}"

    return _STAMP.sub(local, text)


def clock_of(at: datetime, zone: str) -> str:
    """A moment on the clock of ``zone``, such as ``03:02 CET``; in UTC where nobody knows that zone."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        local = at.astimezone(UTC)
    return f"{local:%H:%M %Z}"


def late_of(text: str) -> str:
    """``Late by 2 h`` of a message that could not be sent earlier; empty otherwise."""
    return text.partition(":")[0] if text.startswith(LATE_BEGINS) else ""
