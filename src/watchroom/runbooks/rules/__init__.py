"""Decisions about runbooks: what steps must hold, what changed between two versions, what one lacks. Pure."""

from .check import MOST_STEPS, checked, tidy_text, with_keys
from .difference import Changed, compared
from .fits import fit
from .quality import CODES, Known, Lack, lacks, links_in
from .steps import END, KINDS, PART_WORDS, PARTS, Answer, Kind, Part, Step, steps_of

__all__ = [
    "CODES",
    "END",
    "KINDS",
    "MOST_STEPS",
    "PARTS",
    "PART_WORDS",
    "Answer",
    "Changed",
    "Kind",
    "Known",
    "Lack",
    "Part",
    "Step",
    "checked",
    "compared",
    "fit",
    "lacks",
    "links_in",
    "steps_of",
    "tidy_text",
    "with_keys",
]
