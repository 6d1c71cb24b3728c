"""Configuration files: read, refused with file, field, value and fix, and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..kernel.errors import Refused
from ..kernel.known import known_at, suggestion
from ..kernel.yamls import WRONG, lines_of, why
from .difference import State
from .schema import KEYS, Document

_MOST_TOLD = 20  # of what is wrong in one file


def load(path: Path) -> Document:
    """A file, or every .yaml and .yml of a directory taken together.

    :raises Refused: it can't be read, says something that is not accepted, or two of a directory name different sources.
    """
    files = sorted(each for each in path.rglob("*") if each.suffix in {".yaml", ".yml"}) if path.is_dir() else [path]
    whole: dict[str, Any] = {"version": 1}
    for file in files:
        try:
            text = file.read_text()
            said = yaml.safe_load(text) or {}
        except OSError as error:
            raise Refused(f"{file} can't be read.", field=str(file), value=str(file), fix=str(error)) from None
        except WRONG as error:
            raise Refused(f"{file} is not YAML.", field=str(file), value=str(file), fix=why(error)) from None
        source = parse(said, str(file), lines_of(text)).source  # here, so that what is wrong is told with its own file
        if source and whole.setdefault("source", source) != source:
            raise Refused(
                f"{file} names another source than the files before it.",
                field="source",
                value=source,
                fix=f"Let all files of {path} say {whole['source']}, or apply them one by one.",
            )
        for kind, things in said.items():
            if kind in KEYS:
                whole.setdefault(kind, []).extend(things or [])
    return parse(whole, str(path))


def parse(said: Any, name: str, line: Callable[[Sequence[str | int]], int] | None = None) -> Document:
    """What a file says. ``line`` says in which of its lines something stands.

    :raises Refused: names the first thing that is not accepted, with all others in its ``fix``, each with its own.
    """
    try:
        return Document.model_validate(said)
    except ValidationError as error:
        # What is misspelt is missing elsewhere: it is told first.
        wrong = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        told = [_told(each, name, line) for each in wrong[:_MOST_TOLD]]
        more = len(wrong) - len(told)
        where, fix = told[0]
        raise Refused(
            f"{where} is not accepted.",
            field=".".join(str(part) for part in wrong[0]["loc"]),
            value=None if wrong[0]["type"] == "missing" else str(wrong[0].get("input"))[:100],
            fix="\n".join([fix, *(": ".join(each) for each in told[1:]), *([f"And {more} more."] if more else [])]),
        ) from None


def _told(wrong: ErrorDetails, name: str, line: Callable[[Sequence[str | int]], int] | None) -> tuple[str, str]:
    """Where something wrong stands, and what to do about it."""
    place = wrong["loc"]
    where = (
        f"{name}{f', line {line(place)}' if line else ''}: {'.'.join(str(part) for part in place) or 'the document'}"
    )
    if wrong["type"] == "extra_forbidden":
        return where, suggestion(str(place[-1]), known_at(Document, place))
    return where, "It is missing." if wrong["type"] == "missing" else f"{wrong['msg']}."


def dump(state: State) -> str:
    """A state as a file."""
    body = {"version": 1, **{kind: list(things.values()) for kind, things in state.items()}}
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
