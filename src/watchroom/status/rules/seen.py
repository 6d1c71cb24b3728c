"""What a service's incidents and checks say of a component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .states import ORDER, impact_of

# What a check that is down means, by the severity of its alert.
_DOWN = {"critical": "major_outage", "error": "partial_outage", "warning": "degraded_performance"}


@dataclass(frozen=True)
class Seen:
    """A state, and what it was taken from: in words for colleagues, never for strangers."""

    state: str = "operational"
    reason: str = ""


def seen_of(incidents: Sequence[tuple[int, int]], down: Sequence[tuple[str, str]]) -> Seen:
    """The worst of open incidents ``(number, severity)`` and of checks that are down ``(name, severity)``.

    A check of severity "info" is a hint for colleagues and says nothing of customers.
    """
    found = [Seen(impact_of(severity), f"Incident #{number}") for number, severity in incidents]
    found += [Seen(_DOWN[severity], f"“{name}” is down") for name, severity in down if severity in _DOWN]
    return max(found, key=lambda each: ORDER.index(each.state), default=Seen())
