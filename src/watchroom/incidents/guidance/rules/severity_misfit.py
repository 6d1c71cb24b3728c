"""The severity no longer fits what is known of the impact."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes
from ..wordings import says_everybody, says_no_impact

_MANY = 4  # alert groups that fire at once


def check(now: Situation, limit: timedelta) -> str:
    """For so long it has been called worse, or less bad, than what people write and what fires."""
    since = max((at for at, _ in now.history.severities if at <= now.now), default=now.history.declared_at)
    if now.since(since) < limit or now.is_mitigated:
        return ""
    impact = now.history.impact
    called = now.meaning.title
    if now.meaning.customers and says_no_impact(impact):
        return f"It is called {called}, and the impact says that no customer is affected."
    if not now.meaning.urgent and says_everybody(impact):
        return f"It is called {called}, and the impact says: “{impact.strip()[:80]}”."
    if not now.meaning.urgent and now.firing >= _MANY:
        return f"It is called {called} for {minutes(now.since(since))}, and {now.firing} of its alerts fire."
    return ""


rule = Rule(
    "severity_misfit", "Say how bad it is now: who is called and who is told depends on it.", check,
    {1: 15, 2: 15, 3: 10, 4: 10}, way_out="summary",
)  # fmt: skip
