"""Resolved, and its alerts fire on."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """It has been resolved for so long, and alerts of it fire."""
    at = now.history.resolved_at
    if at is None or now.since(at) < limit or not now.firing:
        return ""
    return f"It was resolved {minutes(now.since(at))} ago, and {now.firing} of its alerts still fire."


rule = Rule(
    "still_firing", "Open it again, or mend the alerts.", check, {1: 5, 2: 5, 3: 10, 4: 30}, way_out="reopen",
    when_resolved=True, urgent=True,
)  # fmt: skip
