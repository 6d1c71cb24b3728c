"""The talk drifts to services that are not this incident's."""

from collections import Counter
from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes

_AT_LEAST, _SHARE = 4, 0.4


def check(now: Situation, limit: timedelta) -> str:
    """Of the lines and tasks of the last so long, many speak of one service that is neither the incident's nor one that it
    works with."""
    recent = [each for each in now.history.elsewhere if timedelta() <= now.since(each.at) < limit]
    lines = sum(now.since(line.at) < limit for line in now.lines)
    counted = Counter(service for each in recent for service in each.services)
    if now.is_mitigated or not counted:
        return ""
    service, often = max(counted.items(), key=lambda each: (each[1], each[0]))
    if often < _AT_LEAST or often < _SHARE * lines:
        return ""
    return f"{often} lines and tasks of the last {minutes(limit)} are about “{service}”, which is not part of this."


rule = Rule(
    "scope_creep", "Park what is not this incident, for afterwards; or add the service, if it is.", check,
    {1: 20, 2: 20, 3: 30}, way_out="parking", hears_elsewhere=True,
)  # fmt: skip
