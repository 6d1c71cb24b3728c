"""Pure decisions of status pages: what a component's state is, what the banner says, and the bars of the last days.

What people assert of a component and what incidents do to it are kept apart: incidents are laid over and never written
into it, so nothing has to be set back when one ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ORDER = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
WORDS = {
    "operational": "Operational",
    "under_maintenance": "Under maintenance",
    "degraded_performance": "Degraded performance",
    "partial_outage": "Partial outage",
    "major_outage": "Major outage",
}


def effective(asserted: str, impacts: Iterable[str]) -> str:
    """The state that is shown: the worst of what is asserted and what incidents do."""
    return max((asserted, *impacts), key=ORDER.index)


def banner(states: Sequence[str], open_incidents: int) -> tuple[str, str]:
    """The first sentence of the page and its state. Never "all is well" while an incident is open."""
    worst = max(states, key=ORDER.index, default="operational")
    if worst == "operational":
        return (
            ("We are looking into a problem", "degraded_performance") if open_incidents else ("All systems work", worst)
        )
    return {
        "under_maintenance": "Maintenance is under way",
        "degraded_performance": "Some systems are slower than usual",
        "partial_outage": "Some systems do not work",
        "major_outage": "A major outage",
    }[worst], worst


def indicator(state: str) -> str:
    """The same in the words of Statuspage's public API: none, minor, major, critical."""
    return {"major_outage": "critical", "partial_outage": "major", "degraded_performance": "minor"}.get(state, "none")


def impact_of(severity: int) -> str:
    """What an incident of this severity does to the components of its services, where nobody says otherwise."""
    return {1: "major_outage", 2: "partial_outage"}.get(severity, "degraded_performance")


def public_title(components: Iterable[str]) -> str:
    """What an incident is called where nobody says otherwise: by what customers know, never by its internal title."""
    names = list(components)
    if not names:
        return "We are looking into a problem"
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"Problems with {listed}" if len(listed) < 150 else f"Problems with {len(names)} components"


@dataclass(frozen=True)
class Spell:
    """A time during which something was in a state; ``end`` None: it still is."""

    start: datetime
    end: datetime | None
    state: str


@dataclass(frozen=True)
class Day:
    """One bar: the worst state of a day (UTC) and for how many minutes it was not operational."""

    day: date
    state: str
    minutes: int


def days(spells: Sequence[Spell], now: datetime, count: int = 90) -> list[Day]:
    """The last ``count`` days, oldest first; today is counted up to ``now``."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for back in range(count - 1, -1, -1):
        start = midnight - timedelta(days=back)
        end = min(start + timedelta(days=1), now)
        worst, covered = "operational", []
        for spell in spells:
            began, ended = max(spell.start, start), min(spell.end or now, end)
            if began < ended:
                worst = max(worst, spell.state, key=ORDER.index)
                if spell.state not in {"operational", "under_maintenance"}:
                    covered.append((began, ended))
        found.append(Day(start.date(), worst, round(_length(covered).total_seconds() / 60)))
    return found


def _length(parts: list[tuple[datetime, datetime]]) -> timedelta:
    """The time covered by intervals that may overlap."""
    total, until = timedelta(0), None
    for start, end in sorted(parts):
        begin = start if until is None or start > until else until
        if end > begin:
            total += end - begin
            until = end
    return total


def uptime_percent(bars: Sequence[Day], now: datetime) -> float:
    """The share of the time of these days in which it was operational (or under maintenance), in percent."""
    if not bars:
        return 100.0
    today = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = (len(bars) - 1) * 1440 + today.total_seconds() / 60
    down = sum(bar.minutes for bar in bars)
    # Whoever sees an outage believes no "100.00 %": what is not whole is never rounded to it.
    return min(99.99, 100.0 * (1 - min(1.0, down / whole))) if whole and down else 100.0
