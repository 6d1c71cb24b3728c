"""What has to be done so that what is there becomes what is wanted. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]
State = dict[str, dict[str, Fields]]  # kind → key → fields


@dataclass(frozen=True)
class Step:
    """One thing to create, change or delete; ``changes`` are (before, after) by field."""

    verb: str  # create, change, delete
    kind: str
    key: str
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        what = f"{self.kind} {self.key}"
        if self.verb != "change":
            return f"{'+' if self.verb == 'create' else '-'} {what}"
        return f"~ {what}: " + ", ".join(
            f"{name} {_plain(before)} → {_plain(after)}" for name, (before, after) in self.changes.items()
        )


def _plain(value: Any) -> str:
    """A value as a file would say it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def plan(
    current: State, wanted: State, *, prune: bool = False, may_go: Callable[[str, str], bool] = lambda kind, key: True
) -> list[Step]:
    """The steps, creations and changes in the order of ``wanted``, then deletions in the opposite order.

    Only what ``wanted`` names is touched. With ``prune``, what it does not name goes where it ``may_go``, but only of the kinds
    that it has: a file without "services" never deletes a service.
    """
    steps, gone = [], []
    for kind, things in wanted.items():
        there = current.get(kind, {})
        for key, fields in things.items():
            if key not in there:
                steps.append(Step("create", kind, key, {name: (None, value) for name, value in fields.items()}))
                continue
            changes = {
                name: (there[key].get(name), value) for name, value in fields.items() if there[key].get(name) != value
            }
            if changes:
                steps.append(Step("change", kind, key, changes))
        if prune:
            gone += [Step("delete", kind, key) for key in there if key not in things and may_go(kind, key)]
    return steps + gone[::-1]
