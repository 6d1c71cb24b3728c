"""One person does nearly everything."""

from collections import Counter
from datetime import datetime, timedelta

from ..rule import Rule
from ..situation import Situation, minutes

_LINES, _RUNS, _SHARE = 10, 4, 0.8


def check(now: Situation, limit: timedelta) -> str:
    """One person holds several roles, has written most of the log, or has run most of the mitigations, for so long."""
    if now.age < limit:
        return ""
    roles: dict[int, list[datetime]] = {}
    for each in now.roles:
        if each.accepted_at is not None:
            roles.setdefault(each.person, []).append(each.accepted_at)
    most = max(map(sorted, roles.values()), key=len, default=[])
    if len(most) >= 2 and now.since(most[1]) >= limit:
        return f"One person has held {len(most)} roles for {minutes(now.since(most[1]))}."
    recent = Counter(line.author for line in now.lines if line.author and now.since(line.at) <= 2 * limit)
    if recent.total() >= _LINES and recent.most_common(1)[0][1] >= _SHARE * recent.total():
        return f"One person has written {recent.most_common(1)[0][1]} of the last {recent.total()} lines."
    done = Counter(
        line.author for line in now.history.lines if line.type == "mitigation.started" and line.at <= now.now
    )
    if done.total() >= _RUNS and done.most_common(1)[0][1] >= _SHARE * done.total():
        return f"One person has run {done.most_common(1)[0][1]} of the {done.total()} mitigations."
    return ""


rule = Rule(
    "hero", "Ask one more person in, and hand a role over: nobody carries this alone.", check, {1: 30, 2: 45, 3: 90},
    way_out="assign", asks_for_help=True,
)  # fmt: skip
