"""What a kind of event is, and the words in which the catalog says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
LIST: Schema = {"type": "array"}
ANY: Schema = {}
TIME: Schema = {"type": "string", "format": "date-time"}


def maybe(schema: Schema) -> Schema:
    """Or null."""
    return {"anyOf": [schema, {"type": "null"}]}


@dataclass(frozen=True)
class Type:
    """A kind of event. ``about``: what it happens to, ``incident`` or ``alertgroup`` where that is told in full."""

    name: str
    text: str
    about: str
    facts: dict[str, Schema]


def incident(name: str, text: str, /, **facts: Schema) -> Type:
    """What happens in an incident."""
    return Type(name, text, "incident", facts)


def group(name: str, text: str, /, **facts: Schema) -> Type:
    """What happens to an alert group."""
    return Type(name, text, "alertgroup", facts)


def other(name: str, text: str, /, **facts: Schema) -> Type:
    """What happens to anything else; that is not told in full."""
    return Type(name, text, "", facts)


SLUGS = {"name": TEXT, "slug": TEXT}
TIMES = {"starts_at": TEXT, "ends_at": TEXT}


# What is about practice itself: marked as a drill, like all that happens in one, and told only to who wants to hear of drills.
_PRACTICE = ("drill.", "scenario.", "practice.", "route.drilled")


def is_practice(type: str) -> bool:
    """Whether events of this type are always those of a drill."""
    return type.startswith(_PRACTICE)
