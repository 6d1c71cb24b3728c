"""Configuration files: read, refused with file, field, value and fix, and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..kernel.errors import Refused
from ..kernel.yamls import WRONG, why
from .difference import State
from .schema import KEYS, Document


def load(path: Path) -> Document:
    """A file, or every .yaml and .yml of a directory taken together.

    :raises Refused: it can't be read, says something that is not accepted, or two of a directory name different sources.
    """
    files = sorted(each for each in path.rglob("*") if each.suffix in {".yaml", ".yml"}) if path.is_dir() else [path]
    whole: dict[str, Any] = {"version": 1}
    for file in files:
        try:
            said = yaml.safe_load(file.read_text()) or {}
        except OSError as error:
            raise Refused(f"{file} can't be read.", field=str(file), value=str(file), fix=str(error)) from None
        except WRONG as error:
            raise Refused(f"{file} is not YAML.", field=str(file), value=str(file), fix=why(error)) from None
        source = parse(said, str(file)).source  # here, so that what is wrong is told with its own file
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


def parse(said: Any, name: str) -> Document:
    """What a file says.

    :raises Refused: the first thing that is not accepted.
    """
    try:
        return Document.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused(
            f"{name}: {where or 'the document'} is not accepted.",
            field=where,
            value=str(first.get("input"))[:100],
            fix=f"{first['msg']}.",
        ) from None


def dump(state: State) -> str:
    """A state as a file."""
    body = {"version": 1, **{kind: list(things.values()) for kind, things in state.items()}}
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
