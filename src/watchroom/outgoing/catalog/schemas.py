"""The JSON Schema of events, made of the catalog."""

from __future__ import annotations

from .type import ANY, NUMBER, TEXT, TIME, YES, Schema, Type, is_practice, maybe

OBJECTS: dict[str, Schema] = {
    "incident": {
        "type": "object",
        "description": "The incident after it happened.",
        "properties": {
            "id": NUMBER,
            "title": TEXT,
            "severity": {"type": "integer", "minimum": 1, "maximum": 5},
            "status": {"enum": ["active", "mitigated", "resolved"]},
            "phase": {"enum": ["active", "mitigated", "resolved", "closed"]},
            "state": maybe({"type": "object", "properties": {"slug": TEXT, "name": TEXT}}),
            "team": maybe(TEXT),
            "impact": TEXT,
            "summary": TEXT,
            "private": YES,
            "drill": YES,
            "declared_at": TIME,
            "next_update_at": maybe(TIME),
        },
    },
    "alertgroup": {
        "type": "object",
        "description": "The alert group after it happened.",
        "properties": {
            "id": NUMBER,
            "title": TEXT,
            "severity": {"enum": ["critical", "error", "warning", "info"]},
            "urgency": {"enum": ["high", "low"]},
            "state": {"enum": ["firing", "acknowledged", "resolved"]},
            "team": maybe(TEXT),
            "labels": {"type": "object", "additionalProperties": TEXT},
            "firing": NUMBER,
            "opened_at": TIME,
            "drill": YES,
        },
    },
}
for _each in OBJECTS.values():
    _each["required"] = list(_each["properties"])


def schema_of(type: Type) -> Schema:
    """The JSON Schema (draft 2020-12) of an event as it is posted."""
    said = OBJECTS.get(type.about)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type.name,
        "description": type.text,
        "type": "object",
        "required": ["schema", "id", "number", "type", "at", "url", "drill", "test", "team", "actor", "subject", "data",
                     "object"],
        "properties": {
            "schema": {"const": 1},
            "id": {"type": "string", "format": "uuid"},
            "number": NUMBER,
            "type": {"const": type.name},
            "at": TIME,
            "url": TEXT,
            "drill": {"const": True} if is_practice(type.name) else YES,
            "test": YES,
            "team": maybe(TEXT),
            "actor": {
                "type": "object",
                "required": ["kind", "name", "id"],
                "properties": {
                    "kind": {"enum": ["person", "token", "link", "system", "integration"]},
                    "name": TEXT,
                    "id": maybe(NUMBER),
                },
            },
            "subject": {
                "type": "object",
                "required": ["kind", "id", "name"],
                "properties": {"kind": TEXT, "id": maybe(NUMBER), "name": TEXT},
            },
            "data": {"type": "object", "properties": dict(type.facts), "additionalProperties": False},
            "object": maybe(said) if said else ANY,
        },
    }  # fmt: skip
