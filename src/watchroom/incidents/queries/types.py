"""Incident types, and how an incident answers their fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.finding import one
from .. import rules
from ..models import Incident, IncidentType


def types_visible_to(actor: Actor) -> QuerySet[IncidentType]:
    """Incident types: everybody who is signed in may see and use them."""
    rows = IncidentType.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def type_by(actor: Actor, slug: str) -> IncidentType:
    """:raises NotFound: there is no such type."""
    return one(types_visible_to(actor), "incident type", slug=slug)


def people_answered(incidents: Iterable[Incident]) -> dict[int, dict[str, Person]]:
    """By incident: whom its answers to fields that are a person name, by the field's key; one query for all of them."""
    answered = {
        incident.pk: {
            row["key"]: incident.custom[row["key"]]
            for row in (incident.type.fields if incident.type else ())
            if row["kind"] == "person" and row["key"] in incident.custom
        }
        for incident in incidents
    }
    people = Person.objects.in_bulk({pk for each in answered.values() for pk in each.values()})
    return {
        incident: {key: people[pk] for key, pk in each.items() if pk in people} for incident, each in answered.items()
    }


def names_of(changed: Iterable[rules.custom_fields.Changed]) -> dict[str, tuple[str, str]]:
    """What a reader reads of each answer before and after, by the field's key; one query for all people."""
    changed = list(changed)
    ids = {int(v) for each in changed if each.field.kind == "person" for v in (each.before, each.after) if v}
    people = {person.pk: str(person) for person in Person.objects.filter(pk__in=ids)} if ids else {}

    def name(each: rules.custom_fields.Changed, value: Any) -> str:
        if value is None:
            return ""
        return people.get(value, f"person {value}") if each.field.kind == "person" else str(value)

    return {each.field.key: (name(each, each.before), name(each, each.after)) for each in changed}


def answers_of(incident: Incident) -> list[tuple[rules.custom_fields.Field, str]]:
    """The fields of the incident's type, each with what a reader reads as its answer (empty: none yet)."""
    if incident.type is None:
        return []
    asked = rules.custom_fields.read(incident.type.fields)
    said = [rules.custom_fields.Changed(each, None, incident.custom.get(each.key)) for each in asked]
    names = names_of(said)
    return [(each, names[each.key][1]) for each in asked]
