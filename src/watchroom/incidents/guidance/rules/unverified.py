"""Mitigated, it is said; nobody has checked."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """It counts as mitigated for so long, alerts still fire, and nobody has written a result since."""
    at = now.history.mitigated_at
    if at is None or not now.is_mitigated or now.since(at) < limit or not now.firing:
        return ""
    if any(line.kind == "result" and line.at > at for line in now.lines):
        return ""
    return f"It counts as mitigated for {minutes(now.since(at))}, but {now.firing} of its alerts still fire."


rule = Rule(
    "unverified", "Look at what users feel, and write the result down.", check, {1: 10, 2: 15, 3: 30}, way_out="compose"
)
