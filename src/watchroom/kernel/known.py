"""Names that nobody knows, in what was sent or written: which ones there are at that place, and which was meant. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

UNKNOWN = "There is no such setting here: check how it is written, or leave it out."


def suggestion(name: str, known: Sequence[str]) -> str:
    """What to do about a name that nobody knows."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Use {one_of(known)}, or leave it out." if 0 < len(known) <= 12 else UNKNOWN


def one_of(words: Sequence[str]) -> str:
    """Words to choose from: a, b or c."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def known_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that are known where, within a body of ``model``, something unknown stands (``place``, as Pydantic says it:
    keys, positions, and the names of those among which there is a choice)."""
    here = [model]
    for part in place[:-1]:
        fields = [each.model_fields[part] for each in here if isinstance(part, str) and part in each.model_fields]
        chosen = [each for each in here if each.__name__ == part]
        here = [schema for field in fields for schema in schemas_in(field.annotation)] or chosen or here
    return sorted({name for each in here for name in each.model_fields})


def schemas_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The schemas that stand in an annotation, however deep: a list of one, one or another, none or one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from schemas_in(part)
