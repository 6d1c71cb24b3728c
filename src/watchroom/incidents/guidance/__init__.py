"""Guards against the traps of an incident: what to say to whom, and when to keep quiet. Pure.

A rule is a function of a :class:`Situation`: one small file in `rules/`, found by its folder. The same functions watch
live incidents and replay old ones.
"""

from .engine import Given, Said, due, replay
from .rule import Rule, Tuning, all_rules, fitted, heard_since, tuned
from .situation import Fired, Held, History, Line, Mentions, Shown, Situation, Told, Tried

__all__ = [
    "Fired",
    "Given",
    "Held",
    "History",
    "Line",
    "Mentions",
    "Rule",
    "Said",
    "Shown",
    "Situation",
    "Told",
    "Tried",
    "Tuning",
    "all_rules",
    "due",
    "fitted",
    "heard_since",
    "replay",
    "tuned",
]
