"""The events that there are: what each means, and the facts that it carries. A fact that is not named here is not told.

The schema of each, and the reference page, are made of these tables.
"""

from __future__ import annotations

from typing import Any

from .alert_groups import ALERT_GROUPS
from .incidents import INCIDENTS
from .others import OTHERS
from .schemas import OBJECTS, schema_of
from .type import Type, is_practice

TYPES: dict[str, Type] = {each.name: each for each in (*INCIDENTS, *ALERT_GROUPS, *OTHERS)}

# Of these the name is told; others' names may hold what not everybody may read.
NAMED = {
    "incident", "alertgroup", "service", "schedule", "team", "person", "actionitem", "component", "maintenance",
    "escalationpolicy", "integration", "silence", "maintenancewindow", "webhook", "statuspage",
}  # fmt: skip


def facts_told(type: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Of the facts of the audit trail those that an event of this type tells."""
    known = TYPES.get(type)
    return {name: value for name, value in facts.items() if known and name in known.facts}


__all__ = ["NAMED", "OBJECTS", "TYPES", "Type", "facts_told", "is_practice", "schema_of"]
