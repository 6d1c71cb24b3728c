"""The same thing is tried again, although it did not work."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation


def check(now: Situation, limit: timedelta) -> str:
    """Something was started within the limit that had been tried before in vain."""
    failed: dict[str, int] = {}
    for each in now.tried:
        name = " ".join(each.title.lower().split())
        if name in failed and now.since(each.started_at) < limit:
            return f"“{each.title}” has been tried before and did not work."
        if each.worked is False and each.ended_at is not None and each.ended_at <= now.now:
            failed[name] = failed.get(name, 0) + 1
    return ""


rule = Rule(
    "tried_again", "What is different this time? If nothing is, try something else.", check, {1: 10, 2: 10, 3: 10},
    way_out="mitigations",
)  # fmt: skip
