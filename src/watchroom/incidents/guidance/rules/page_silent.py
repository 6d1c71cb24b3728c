"""The status page says nothing, and customers are affected."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """Customers have been affected for so long, and no status page that could say so does."""
    if not now.customers or now.is_mitigated or now.shown or not now.history.pages or now.age < limit:
        return ""
    page = now.history.pages[0]
    return f"Customers have been affected for {minutes(now.age)}, and the status page “{page}” says nothing."


rule = Rule(
    "page_silent", "Put the next update onto the page: that you know is what they want to hear first.", check,
    {1: 15, 2: 30}, to="communications", way_out="update", urgent=True, about_customers=True,
)  # fmt: skip
