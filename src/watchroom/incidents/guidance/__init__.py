"""Guards against the traps of an incident: what to say to whom, and when to keep quiet. Pure.

A rule is a function of a :class:`Situation`: one small file in `rules/`, found by its folder. The same functions watch
live incidents and replay old ones.
"""

from .engine import Given, Said, due, replay
from .rule import Rule, all_rules
from .situation import Held, History, Line, Situation, Told

__all__ = ["Given", "Held", "History", "Line", "Rule", "Said", "Situation", "Told", "all_rules", "due", "replay"]
