"""Stakeholders have heard nothing."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """No update at all for so long."""
    if now.age < limit or now.updates:
        return ""
    who = "Customers are affected and have" if now.customers else "Nobody outside this room has"
    end = "heard nothing" if now.customers else "heard anything"
    return f"{who} {end} in {minutes(now.age)}."


rule = Rule(
    "nobody_told", "Publish what you know, even if it is little: what, for whom, and when you speak next.", check,
    {1: 15, 2: 30, 3: 60}, urgent=True, to="communications", way_out="update", by_updates=True,
)  # fmt: skip
