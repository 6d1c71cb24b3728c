"""Customers notice, and nobody speaks to them."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """Customers are affected, and nobody holds communications."""
    if not now.customers or now.age < limit or now.is_mitigated or now.holder("communications"):
        return ""
    return f"Customers have been affected for {minutes(now.age)}, and nobody leads communications."


rule = Rule(
    "no_communications", "Ask somebody to speak for you, so that those who mend are not asked.", check, {1: 10, 2: 20}, urgent=True,
    way_out="take:communications", about_customers=True,
)  # fmt: skip
