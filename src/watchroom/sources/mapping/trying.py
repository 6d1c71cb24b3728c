"""Trying a mapping: on payloads that really came, and on the tests that are kept beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..base import Draft, Inbound, Problem
from .drafts import read
from .form import EXPECTED

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What a payload becomes."""

    alerts: tuple[dict[str, Any], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Tested:
    """What came of one test: ``differences`` is empty when it holds."""

    name: str
    differences: tuple[str, ...]


def try_on(mapping: dict[str, Any], payload: Any, at: datetime = _MOMENT) -> Outcome:
    """What a payload becomes by a mapping."""
    parsed = read(mapping, payload, Inbound(path="", body=b"", content_type="application/json", received_at=at))
    return Outcome(tuple(map(shown, parsed.drafts)), parsed.problems)


def shown(draft: Draft) -> dict[str, Any]:
    """A draft in the words of a test's ``expect``."""
    state = {"end": "resolved", "acknowledge": "acknowledged"}.get(draft.act, "firing")
    texts = dict(draft.annotations)
    said = {
        "key": draft.dedup_key,
        "title": draft.title,
        "state": state,
        "severity": draft.severity,
        "labels": dict(draft.labels),
        "link": draft.link,
        "description": texts.pop("description", ""),
        "annotations": texts,
    }
    return {name: value for name, value in said.items() if value not in ("", {})}


def run_tests(mapping: dict[str, Any]) -> list[Tested]:
    """What comes of each test of a mapping. A test says only what it cares about."""
    return [Tested(test["name"], tuple(_differences(mapping, test))) for test in mapping.get("tests", [])]


def _differences(mapping: dict[str, Any], test: dict[str, Any]) -> list[str]:
    outcome = try_on(mapping, test["payload"])
    if outcome.problems:
        return [str(each) for each in outcome.problems]
    if len(outcome.alerts) != len(test["expect"]):
        return [f"it becomes {len(outcome.alerts)} alerts, not {len(test['expect'])}"]
    found = []
    for number, (wanted, got) in enumerate(zip(test["expect"], outcome.alerts, strict=True), 1):
        for name in EXPECTED:
            if name not in wanted:
                continue
            pairs = [(name, wanted[name], got.get(name, ""))]
            if isinstance(wanted[name], dict):
                pairs = [
                    (f"{name}.{each}", value, got.get(name, {}).get(each, "")) for each, value in wanted[name].items()
                ]
            found += [
                f"alert {number}: {place} is {is_!r}, not {expected!r}"
                for place, expected, is_ in pairs
                if str(is_) != str(expected)
            ]
    return found
