"""Decisions about runbooks: what steps must hold, what changed between two versions, what one lacks. Pure."""

from .check import MOST_STEPS, checked, tidy_text, with_keys
from .fits import fit
from .steps import END, KINDS, PART_WORDS, PARTS, Answer, Kind, Part, Step, steps_of

__all__ = [
    "END",
    "KINDS",
    "MOST_STEPS",
    "PARTS",
    "PART_WORDS",
    "Answer",
    "Kind",
    "Part",
    "Step",
    "checked",
    "fit",
    "steps_of",
    "tidy_text",
    "with_keys",
]
