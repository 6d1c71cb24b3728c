"""What a rule is, and where the rules are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..rules.severities import DEFAULTS, Severity
from . import rules
from .situation import Situation

Check = Callable[[Situation, timedelta], str]


@dataclass(frozen=True)
class Rule:
    """One trap. ``check`` gives the reason to speak, or nothing; ``after_minutes`` its threshold by severity (an absent
    severity is not watched); ``to`` whom it is for; ``way_out`` what can be done about it, as the part of the room where, `take:ROLE` or `reopen`;
    ``urgent``: it also goes to that person's own channel; ``asks_for_help``: it names whom to call. ``about_customers``:
    it watches every severity at which customers notice; ``by_updates``: its thresholds go with how often an update is due;
    ``hears_elsewhere``: it reads what was said of other services within its threshold.
    ``title`` is what its module says first."""

    name: str
    advice: str
    check: Check
    after_minutes: Mapping[int, int]
    to: str = "commander"
    way_out: str = ""
    when_resolved: bool = False
    urgent: bool = False
    asks_for_help: bool = False
    about_customers: bool = False
    by_updates: bool = False
    hears_elsewhere: bool = False
    title: str = ""

    def reason(self, situation: Situation) -> str:
        """Why to speak now; empty when there is no reason."""
        limit = self.after_minutes.get(situation.severity)
        if limit is None or situation.is_resolved != self.when_resolved:
            return ""
        return self.check(situation, timedelta(minutes=limit))


@dataclass(frozen=True)
class Tuning:
    """What an installation has set for a rule: whether it watches, and after how many minutes by severity (None: as it
    comes)."""

    enabled: bool = True
    after_minutes: Mapping[int, int] | None = None


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule in `rules/`, by name."""
    modules = [import_module(f"{rules.__name__}.{each.name}") for each in iter_modules(rules.__path__)]
    found = [replace(module.rule, title=(module.__doc__ or "").strip().rstrip(".")) for module in modules]
    return tuple(sorted(found, key=lambda rule: rule.name))


def fitted(rule: Rule, meanings: Mapping[int, Severity]) -> Mapping[int, int]:
    """The thresholds with which a rule comes where the severities have these meanings; with those that Watchroom came with,
    they are as the rule says."""
    after = dict(rule.after_minutes)
    if rule.about_customers:
        latest = max(after.values())
        after |= {level: latest for level, each in meanings.items() if each.customers and level not in after}
    if rule.by_updates:
        for level, minutes in after.items():
            after[level] = max(1, minutes * meanings[level].update_minutes // DEFAULTS[level].update_minutes)
    return after


def tuned(tunings: Mapping[str, Tuning], meanings: Mapping[int, Severity] = DEFAULTS) -> tuple[Rule, ...]:
    """The rules that watch, each with its own thresholds."""
    found = []
    for rule in all_rules():
        tuning = tunings.get(rule.name, Tuning())
        if tuning.enabled:
            after = fitted(rule, meanings) if tuning.after_minutes is None else tuning.after_minutes
            found.append(replace(rule, after_minutes=after))
    return tuple(found)


def heard_since(rules: Iterable[Rule], now: datetime) -> datetime:
    """Since when these rules have to know at ``now`` what is said of other services; ``now``, if they don't ask."""
    minutes = (each for rule in rules if rule.hears_elsewhere for each in rule.after_minutes.values())
    return now - timedelta(minutes=max(minutes, default=0))
