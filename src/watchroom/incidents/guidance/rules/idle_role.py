"""Who holds a role has not been heard from for long."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes

_OTHERS = 3  # lines by others meanwhile: it is not simply quiet


def check(now: Situation, limit: timedelta) -> str:
    """Somebody who took a role has neither written nor done anything for so long, while others have."""
    if now.is_mitigated:
        return ""
    for held in now.roles:
        if held.accepted_at is None or held.role == "expert":
            continue
        last = max(held.accepted_at, now.heard_of(held.person) or held.accepted_at)
        others = sum(line.at > last and line.author != held.person for line in now.lines)
        if now.since(last) >= limit and others >= _OTHERS:
            return f"The {held.called} has not been heard from for {minutes(now.since(last))}."
    return ""


rule = Rule(
    "idle_role", "Ask them; if they do not answer, give the role to somebody who is here.", check, {1: 30, 2: 45, 3: 90},
    to="everybody", way_out="roles", urgent=True,
)  # fmt: skip
