"""Nobody leads."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """For so long since it was declared, nobody has taken the lead."""
    held = now.holder("commander")
    if now.age < limit or (held is not None and held.accepted_at is not None):
        return ""
    return f"Nobody has taken the lead in {minutes(now.age)}."


rule = Rule(
    "no_commander", "Take the lead, or ask somebody to: one person decides, the others are free to look.", check,
    {1: 5, 2: 10, 3: 20}, urgent=True, to="everybody", way_out="take:commander",
)  # fmt: skip
