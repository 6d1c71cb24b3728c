"""What changed from one version of a runbook to another. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Literal

from .steps import Step

Verb = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class Changed:
    """A step that differs. ``what``: field, before and after."""

    verb: Verb
    key: str
    title: str
    what: tuple[tuple[str, str, str], ...] = ()


def compared(before: Sequence[Step], after: Sequence[Step]) -> tuple[Changed, ...]:
    """What was done to ``before`` to make it ``after``: in the order of ``after``, and what was removed at the end. A step is the
    same one while its key is."""
    old = {step.key: step for step in before}
    keys = [[step.key for step in each if step.key in old] for each in (before, after)]
    common = set(keys[1])
    stayed = {
        key
        for match in SequenceMatcher(
            None, [k for k in keys[0] if k in common], keys[1], autojunk=False
        ).get_matching_blocks()
        for key in keys[1][match.b : match.b + match.size]
    }
    found = []
    for step in after:
        if step.key not in old:
            found.append(Changed("added", step.key, step.title))
        elif what := _fields(old[step.key], step):
            found.append(Changed("changed", step.key, step.title, what))
        elif step.key not in stayed:
            found.append(Changed("moved", step.key, step.title))
    gone = [Changed("removed", step.key, step.title) for step in before if step.key not in common]
    return (*found, *gone)


def _fields(before: Step, after: Step) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (each.name, _said(before, each.name), _said(after, each.name))
        for each in fields(Step)
        if getattr(before, each.name) != getattr(after, each.name)
    )


def _said(step: Step, name: str) -> str:
    if name == "answers":
        return "; ".join(f"{each.text} → {each.go_to or 'next step'}" for each in step.answers)
    return str(value) if (value := getattr(step, name)) is not None else ""
