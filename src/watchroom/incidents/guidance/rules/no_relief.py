"""Somebody has been in for hours."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """A role has been with the same person for so long."""
    long = [each for each in now.roles if each.accepted_at is not None and now.since(each.accepted_at) >= limit]
    if not long:
        return ""
    first = min(long, key=lambda each: each.accepted_at or now.now)
    return (
        f"The role of {first.called} has been with one person for {minutes(now.since(first.accepted_at or now.now))}."
    )


rule = Rule(
    "no_relief", "Hand over to somebody who is rested, with a written hand-off.", check, {1: 240, 2: 240, 3: 360, 4: 480},
    way_out="assign", urgent=True, asks_for_help=True,
)  # fmt: skip
