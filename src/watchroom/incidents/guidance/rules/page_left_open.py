"""It is resolved, and the status page says that it goes on."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """For so long since it was resolved, the last word on a page is another one."""
    at = now.history.resolved_at
    last = {each.page: each.stage for each in now.shown}
    still = sorted(page for page, stage in last.items() if stage != "resolved")
    if at is None or now.since(at) < limit or not still:
        return ""
    return f"It was resolved {minutes(now.since(at))} ago, and the status page “{still[0]}” still shows it."


rule = Rule(
    "page_left_open", "Publish that it is over, on the page too.", check, {1: 5, 2: 10, 3: 15, 4: 30},
    to="communications", way_out="update", when_resolved=True, urgent=True,
)  # fmt: skip
