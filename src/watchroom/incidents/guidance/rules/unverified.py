"""Mitigated, it is said; nobody has checked."""

from datetime import datetime, timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """It counts as mitigated for so long, and nobody has written a result since; where no alert fires, for twice as long."""
    at = now.history.mitigated_at
    if at is None or not now.is_mitigated or now.since(at) < (limit if now.firing else 2 * limit):
        return ""
    if any(line.kind == "result" and line.at > at for line in now.lines) or _effect_seen(now, at):
        return ""
    if not now.firing:
        return f"It counts as mitigated for {minutes(now.since(at))}, and nobody has written down how that was checked."
    return f"It counts as mitigated for {minutes(now.since(at))}, but {now.firing} of its alerts still fire."


def _effect_seen(now: Situation, since: datetime) -> bool:
    """Whether a metric was looked at after a mitigation, by Watchroom itself."""
    return any(line.type == "mitigation.effect" and since <= line.at <= now.now for line in now.history.lines)


rule = Rule(
    "unverified", "Look at what users feel, and write the result down.", check, {1: 10, 2: 15, 3: 30}, way_out="compose"
)
