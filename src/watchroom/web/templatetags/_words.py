"""Times in words. js/time.js says the same in the browser; keep both alike."""

from __future__ import annotations

from datetime import datetime


def _one_unit(seconds: int) -> str:
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172800 else f"{seconds // 86400} d"


def relative(at: datetime, now: datetime) -> str:
    """``just now``, ``5 min ago``, ``in 3 h``; a date when it is more than 30 days away."""
    seconds = round((now - at).total_seconds())
    if abs(seconds) >= 30 * 86400:
        return f"{at:%Y-%m-%d}"
    if abs(seconds) < 60:
        return "just now" if seconds >= 0 else "in under a minute"
    return f"{_one_unit(seconds)} ago" if seconds > 0 else f"in {_one_unit(-seconds)}"


def initials(name: str) -> str:
    """One or two capital letters for a name or an e-mail address."""
    words = [word for word in name.split("@")[0].replace(".", " ").replace("_", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def person_name(person: object) -> str:
    """What to call a person: a string as it is, else the first of the usual attributes that says something."""
    if isinstance(person, str):
        return person
    for attribute in ("name", "full_name", "username", "email"):
        if value := getattr(person, attribute, ""):
            return str(value)
    return str(person) if person is not None else ""
