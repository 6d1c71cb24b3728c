"""Nothing has been written for long."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """The log has been still for so long."""
    last = max((line.at for line in now.lines), default=now.history.declared_at)
    if now.since(last) < limit:
        return ""
    return f"Nothing has been written for {minutes(now.since(last))}."


rule = Rule(
    "quiet", "Write what you wait for, or resolve it if it is over.", check, {1: 20, 2: 30, 3: 60, 4: 240},
    way_out="compose",
)  # fmt: skip
