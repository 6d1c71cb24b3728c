"""What the packages above lend to paging: facts about what is escalated, and how an incident is declared.

Paging lies below alerts and incidents and may not import them. They register here when Django starts (their apps.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .conditions import Facts
from .models import Escalation

FactsOf = Callable[[int, datetime], Facts | None]
Declare = Callable[[Escalation, int], str]

_facts: dict[str, FactsOf] = {}
_declare: list[Declare] = []


def facts_come_from(kind: str, source: FactsOf) -> None:
    """Ask ``source`` about the subjects of escalations of ``kind``."""
    _facts[kind] = source


def incidents_are_declared_by(declare: Declare) -> None:
    """``declare(escalation, severity)`` declares an incident (0: the severity of the alerts), or finds the one that is
    already open, inside the caller's transaction, and says in words what it did."""
    _declare[:] = [declare]


def facts_of(escalation: Escalation, at: datetime) -> Facts:
    """What is known of it at ``at``; without a source only its urgency."""
    source = _facts.get(escalation.kind)
    found = source(escalation.subject_id, at) if source and escalation.subject_id else None
    return found or Facts(urgency=escalation.urgency)


def declare_incident(escalation: Escalation, severity: int) -> str:
    """Declare an incident from what is escalated. Says in words what came of it."""
    return _declare[0](escalation, severity)
