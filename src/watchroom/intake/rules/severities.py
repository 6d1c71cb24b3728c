"""How bad alerts are, and how loud that makes their group."""

from __future__ import annotations

from collections.abc import Iterable

SEVERITY_ORDER = ("critical", "error", "warning", "info")


def worst(severities: Iterable[str]) -> str:
    """The most severe of these; ``info`` of none."""
    return min(severities, key=SEVERITY_ORDER.index, default="info")


def urgency_of(severity: str, stated: str) -> str:
    """How loud a group is: what its route says, else high for critical and error, low for the rest."""
    return stated or ("high" if severity in {"critical", "error"} else "low")
