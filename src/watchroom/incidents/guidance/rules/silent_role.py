"""Somebody was asked to take a role, and has not answered."""

from datetime import timedelta

from ..rule import Rule
from ..situation import Situation, minutes


def check(now: Situation, limit: timedelta) -> str:
    """A role has been waiting for its answer for so long."""
    waiting = [each for each in now.roles if each.accepted_at is None and now.since(each.assigned_at) >= limit]
    if not waiting:
        return ""
    longest = min(waiting, key=lambda each: each.assigned_at)
    return f"The role of {longest.called} has been waiting {minutes(now.since(longest.assigned_at))} for an answer."


rule = Rule("silent_role", "Ask somebody else.", check, {1: 10, 2: 15, 3: 30}, urgent=True, way_out="assign")
