"""The same thing is tried or thought again, although it did not work."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation


def check(now: Situation, limit: timedelta) -> str:
    """Something was started within the limit that had been tried before in vain, or an idea came back that is ruled out."""
    failed: dict[str, int] = {}
    for each in now.tried:
        name = " ".join(each.title.lower().split())
        if name in failed and now.since(each.started_at) < limit:
            return f"“{each.title}” has been tried before and did not work."
        if each.worked is False and each.ended_at is not None and each.ended_at <= now.now:
            failed[name] = failed.get(name, 0) + 1
    ruled_out: set[str] = set()
    for line in now.lines:
        if line.kind == "hypothesis":
            name = " ".join(line.text.lower().split())
            if name in ruled_out and now.since(line.at) < limit:
                return f"“{line.text[:80]}” has been ruled out before."
            if line.standing == "ruled_out" and line.settled_at is not None and line.settled_at <= now.now:
                ruled_out.add(name)
    return ""


rule = Rule(
    "tried_again", "What is different this time? If nothing is, try something else.", check, {1: 10, 2: 10, 3: 10},
    way_out="mitigations",
)  # fmt: skip
