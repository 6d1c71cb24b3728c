"""Ideas multiply, and nothing is tried against the harm."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """Nothing was tried for so long, while people think about causes."""
    if now.is_mitigated or now.tried or now.age < limit:
        return ""
    ideas = len(now.hypotheses)
    also = f", while {ideas} ideas about the cause are open" if ideas > 1 else ""
    return f"Nothing has been tried to stop the harm in {minutes(now.age)}{also}."


rule = Rule(
    "analysis_paralysis", "Roll back, switch off, fail over or scale first. The cause can wait.", check,
    {1: 15, 2: 20, 3: 45}, way_out="mitigations",
)  # fmt: skip
