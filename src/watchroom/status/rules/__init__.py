"""Pure decisions of status pages, a file for each question."""

from .colours import contrast, readable_on
from .languages import LANGUAGES, pick
from .seen import Seen, seen_of
from .states import (
    ORDER,
    WORDS,
    Day,
    Spell,
    banner,
    days,
    effective,
    impact_of,
    indicator,
    public_title,
    uptime_percent,
)

__all__ = [
    "LANGUAGES",
    "ORDER",
    "WORDS",
    "Day",
    "Seen",
    "Spell",
    "banner",
    "contrast",
    "days",
    "effective",
    "impact_of",
    "indicator",
    "pick",
    "public_title",
    "readable_on",
    "seen_of",
    "uptime_percent",
]
