"""What a scenario of the library is, and short ways to write one down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..rules import filled


@dataclass(frozen=True)
class Story:
    """A scenario of the library. ``practises``: what it is good for, without giving away what happens; ``level`` 1: also for
    people who have never done it, up to 3."""

    key: str
    name: str
    practises: str
    level: int
    severity: int
    minutes: int
    story: str
    injects: tuple[dict[str, Any], ...]
    expectations: tuple[dict[str, Any], ...]

    @property
    def shown(self) -> str:
        """What it is called in the library."""
        return self.name.replace("{service_name}", "a service")

    def told(self, words: Mapping[str, str]) -> dict[str, Any]:
        """For :func:`save_scenario`, with the words in braces filled in."""

        def fill(value: Any) -> Any:
            if isinstance(value, str):
                return filled(value, words)
            if isinstance(value, dict):
                return {name: fill(each) for name, each in value.items()}
            return value

        return {
            "name": fill(self.name),
            "story": fill(self.story),
            "severity": self.severity,
            "minutes": self.minutes,
            "injects": [fill(each) for each in self.injects],
            "expectations": list(self.expectations),
        }


def alert(
    minutes: int, key: str, title: str, text: str, *, name: str, severity: str = "critical", of: str = "{service}"
) -> dict[str, Any]:
    """An alert of a service."""
    labels = {"alertname": name, "service": of, "severity": severity}
    return {"kind": "alert", "minutes": minutes, "key": key, "title": title, "text": text, "labels": labels}


def ends(key: str) -> dict[str, Any]:
    """An alert ends, once whoever facilitates sees that they have done what ends it."""
    return {"kind": "alert_ends", "alert": key}


def message(minutes: int, who: str, text: str) -> dict[str, Any]:
    """Somebody writes."""
    return {"kind": "message", "minutes": minutes, "title": who, "text": text}


def fact(where: str, text: str, hint: str = "") -> dict[str, Any]:
    """What somebody finds who looks there: when they say that they look, it is revealed."""
    return {"kind": "fact", "title": where, "text": text, **({"hint": hint} if hint else {})}


def leaves(minutes: int, role: str = "commander") -> dict[str, Any]:
    """Whoever has a role is called away."""
    return {"kind": "role_leaves", "minutes": minutes, "role": role}


def expect(
    *, acknowledged: int | None = 5, declared: int = 10, commander: int = 12, severity: int = 2, update: int = 20,
    mitigation: int | None = 20, resolved: int | None = None, communications: int | None = None, handoff: bool = False,
) -> tuple[dict[str, Any], ...]:  # fmt: skip
    """What is expected of a good response, within so many minutes of the first signal."""
    found: list[dict[str, Any]] = []
    if acknowledged:
        found.append({"kind": "acknowledged", "minutes": acknowledged})
    found += [
        {"kind": "declared", "minutes": declared},
        {"kind": "role", "role": "commander", "minutes": commander},
        {"kind": "severity", "severity": severity},
        {"kind": "update", "minutes": update},
        {"kind": "promises"},
        {"kind": "hypothesis"},
    ]
    if communications:
        found.append({"kind": "role", "role": "communications", "minutes": communications})
    if mitigation:
        found.append({"kind": "mitigation", "minutes": mitigation})
    if handoff:
        found.append({"kind": "handoff"})
    if resolved:
        found.append({"kind": "resolved", "minutes": resolved})
    return tuple(found)
