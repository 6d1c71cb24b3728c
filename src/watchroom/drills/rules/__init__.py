"""What a scenario says, how a practice of it went, and whose turn it is. Pure."""

from .recurring import after
from .score import Facts, Part, Result, Score, score
from .story import (
    EXPECTATIONS,
    INJECTS,
    ROLES,
    Expectation,
    Inject,
    Wrong,
    expectations_of,
    filled,
    injects_of,
    kept,
)

__all__ = [
    "EXPECTATIONS",
    "INJECTS",
    "ROLES",
    "Expectation",
    "Facts",
    "Inject",
    "Part",
    "Result",
    "Score",
    "Wrong",
    "after",
    "expectations_of",
    "filled",
    "injects_of",
    "kept",
    "score",
]
