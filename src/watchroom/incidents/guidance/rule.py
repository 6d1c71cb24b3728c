"""What a rule is, and where the rules are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from . import rules
from .situation import Situation

Check = Callable[[Situation, timedelta], str]


@dataclass(frozen=True)
class Rule:
    """One trap. ``check`` gives the reason to speak, or nothing; ``after_minutes`` its threshold by severity (an absent
    severity is not watched); ``to`` whom it is for; ``way_out`` what can be done about it, as the part of the room where."""

    name: str
    advice: str
    check: Check
    after_minutes: Mapping[int, int]
    to: str = "commander"
    way_out: str = ""
    when_resolved: bool = False

    def reason(self, situation: Situation) -> str:
        """Why to speak now; empty when there is no reason."""
        limit = self.after_minutes.get(situation.history.severity)
        if limit is None or situation.is_resolved != self.when_resolved:
            return ""
        return self.check(situation, timedelta(minutes=limit))


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule in `rules/`, by name."""
    modules = [import_module(f"{rules.__name__}.{each.name}") for each in iter_modules(rules.__path__)]
    return tuple(sorted((module.rule for module in modules), key=lambda rule: rule.name))
