"""When to speak: politely, rarely, and never again what was declined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .rule import Rule, all_rules
from .situation import History, Situation

AGAIN_AFTER = timedelta(minutes=30)
AT_MOST, WITHIN = 2, timedelta(minutes=10)
STEP, LONGEST_REPLAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Given:
    """A nudge that was given. ``answer`` is done, snoozed, off, or nothing yet."""

    rule: str
    at: datetime
    answer: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Said:
    """A nudge that is to be given, or would have been."""

    rule: str
    at: datetime
    reason: str
    advice: str
    to: str
    way_out: str
    urgent: bool = False
    asks_for_help: bool = False


def due(situation: Situation, given: Sequence[Given], rules: Sequence[Rule] | None = None) -> list[Said]:
    """The nudges to give now. A rule that was switched off stays silent, one that was snoozed until then, any for half
    an hour after it has spoken; and of all together there are no more than two in ten minutes."""
    now = situation.now
    room = AT_MOST - sum(now - each.at < WITHIN for each in given if each.at <= now)
    found: list[Said] = []
    for rule in all_rules() if rules is None else rules:
        if len(found) >= room:
            break
        if not _quiet(rule.name, given, now) and (reason := rule.reason(situation)):
            found.append(
                Said(rule.name, now, reason, rule.advice, rule.to, rule.way_out, rule.urgent, rule.asks_for_help)
            )
    return found


def _quiet(rule: str, given: Sequence[Given], now: datetime) -> bool:
    for each in given:
        if each.rule == rule and each.at <= now:
            if each.answer == "off" or now - each.at < AGAIN_AFTER:
                return True
            if each.answer == "snoozed" and each.until is not None and now < each.until:
                return True
    return False


def replay(history: History, until: datetime, rules: Sequence[Rule] | None = None) -> list[Said]:
    """What would have been said, minute by minute for a day at most, had nobody ever answered."""
    said: list[Said] = []
    at = history.declared_at
    while at <= min(until, history.declared_at + LONGEST_REPLAY):
        given = [Given(each.rule, each.at) for each in said]
        said += due(Situation(history, at), given, rules)
        at += STEP
    return said
