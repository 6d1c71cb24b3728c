"""An idea that nobody tests."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """A hypothesis has been open for so long without anything under it."""
    touched = {line.parent for line in now.lines if line.parent is not None}
    old = [
        line
        for line in now.hypotheses
        if line.standing != "testing" and line.id not in touched and now.since(line.at) >= limit
    ]
    if now.is_mitigated or not old:
        return ""
    return f"Nobody has tested “{old[0].text[:80]}” for {minutes(now.since(old[0].at))}."


rule = Rule(
    "untested_idea", "Say who tests it and how it could be proven wrong, or rule it out.", check, {1: 20, 2: 30, 3: 60},
    way_out="log-card",
)  # fmt: skip
