"""What is proposed to whoever declares."""

from __future__ import annotations

from collections.abc import Sequence

_OF_ALERT = {"critical": 2, "error": 3, "warning": 4, "info": 5}


def proposed_severity(alert_severities: Sequence[str]) -> int:
    """The incident severity to propose for alerts of these severities; 3 when there are none."""
    return min((_OF_ALERT.get(each, 3) for each in alert_severities), default=3)


def proposed_title(titles: Sequence[str]) -> str:
    """A title for an incident that starts from alert groups with these titles."""
    if not titles:
        return ""
    more = len(titles) - 1
    tail = f" (and {more} more)" if more else ""
    return titles[0][: 200 - len(tail)] + tail
