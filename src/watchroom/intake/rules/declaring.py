"""When a route lets an incident be declared for an alert group, and of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from .severities import SEVERITY_ORDER


@dataclass(frozen=True)
class Declares:
    """What a route says of incidents. ``at_least``: how bad the group must be, empty: however bad; ``after_minutes``: how
    long it must be open with nobody having it and nothing holding it, 0: it is declared when its paging begins.

    ``severity`` is the incident's, 1 to 5, 0: as the alerts say; ``type`` the slug of its type, empty: none; ``triage``: it
    waits until somebody confirms it; ``each``: every group gets one of its own, also while an incident of the same route
    and service is open, to which it would be linked otherwise."""

    at_least: str = ""
    after_minutes: int = 0
    severity: int = 0
    type: str = ""
    private: bool = False
    triage: bool = False
    each: bool = False

    def reached(self, severity: str) -> bool:
        """Whether a group of this severity is bad enough."""
        return not self.at_least or SEVERITY_ORDER.index(severity) <= SEVERITY_ORDER.index(self.at_least)

    def due(
        self, *, severity: str, since: datetime, notify_at: datetime | None, acknowledged: bool = False
    ) -> datetime | None:
        """When an incident is declared for a group; None: not as it stands. ``since``: since when it is open and nobody has
        it. Somebody who has it in time is reason enough to declare none, unless it is to be declared at once. Nothing is declared before its paging begins (``notify_at``)."""
        if not self.reached(severity) or (acknowledged and self.after_minutes):
            return None
        at = since + timedelta(minutes=self.after_minutes)
        return max(at, notify_at) if notify_at is not None else at

    def when(self) -> str:
        """In words, when it does so."""
        bad = f"it is at least {self.at_least}" if self.at_least else ""
        long = f"nobody has it after {self.after_minutes} min" if self.after_minutes else ""
        return " and ".join(filter(None, (bad, long))) or "it begins to page"

    def __str__(self) -> str:
        how = f"of SEV{self.severity}" if self.severity else "as severe as its alerts"
        more = (
            f"of the type {self.type}" if self.type else "",
            "private" if self.private else "",
            "into triage" if self.triage else "",
            "one for each group" if self.each else "",
        )
        return f"an incident when {self.when()}: {', '.join([how, *filter(None, more)])}"


_KNOWN = frozenset(field.name for field in fields(Declares))
Said = Declares | Literal[False] | None  # None: as the parent says; False: none is declared


def stored(said: Mapping[str, Any] | Literal[False] | None) -> Said:
    """What a route has stored. What a later release may have stored besides is left out: a route that can't be read would
    keep every signal from being routed."""
    if said is None or said is False:
        return said
    return Declares(**{name: value for name, value in said.items() if name in _KNOWN})


def as_json(said: Said) -> dict[str, Any] | Literal[False] | None:
    """What a route stores."""
    return asdict(said) if isinstance(said, Declares) else said
