"""Two channels say different things."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes
from ..wordings import says_no_impact


def check(now: Situation, limit: timedelta) -> str:
    """For so long, stakeholders were told something else than the room or a status page says."""
    last = max(now.updates, key=lambda each: each.at, default=None)
    if last is None or now.since(last.at) < limit:
        return ""
    if last.stage == "resolved":
        return f"Stakeholders were told {minutes(now.since(last.at))} ago that it is resolved; here it is still open."
    if now.customers and not now.is_mitigated and says_no_impact(last.impact):
        return f"The last update says that no customer is affected; {now.meaning.title} says that customers are."
    pages = {each.page: each for each in now.shown}
    for page, shown in sorted(pages.items()):
        if last.stage and shown.stage != last.stage and now.since(shown.at) >= limit:
            return f"The status page “{page}” says {shown.stage}, the last update says {last.stage}."
    return ""


rule = Rule(
    "contradiction", "Find out which is true, and say it with one voice everywhere.", check, {1: 10, 2: 15, 3: 30},
    to="communications", way_out="update", urgent=True,
)  # fmt: skip
