"""Incident types, and what an incident answers to its type's fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...intake.models import Route
from ...kernel.checks import written
from ...kernel.errors import Conflict, Refused
from ...kernel.names import only_one, short_name
from .. import hooks, queries
from ..models import Incident, IncidentType
from ..rules import custom_fields as custom
from ._shared import acting_in, follow, write_system


def save_type(
    by: Actor,
    row: IncidentType | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str = "",
    private: bool = False,
    offered: bool = True,
    fields: Iterable[Mapping[str, Any]] = (),
) -> IncidentType:
    """Make an incident type or change it. Answers that incidents have given stay theirs.

    :raises Refused: no name, a slug that is none, or a field that can't be asked.
    :raises Conflict: another type has this slug.
    """
    name, description = " ".join(name.split()), description.strip()
    name = written(name, "An incident type needs a name", 80, field="name", fix="Write 1 to 80 characters.")
    before = row.slug if row else ""
    slug = short_name(slug, before=before, name=name, otherwise="type", among=IncidentType.objects)
    asked = custom.read(fields)
    if row is not None:
        by.require(Action.MANAGE, row.team)
    action = "incident_type.changed" if row else "incident_type.created"
    with change(by, action, row, needs=Action.MANAGE, team=team) as made:
        row = row or IncidentType()
        made.subject = row
        row.team, row.name, row.slug, row.description = team, name, slug, description
        row.private, row.offered, row.fields = private, offered, custom.kept(asked)
        with only_one("incident type", slug=slug):
            row.save()
        made.note(fields=[each.key for each in asked])
        made.touch("incident-types")
    return row


def delete_type(by: Actor, row: IncidentType) -> None:
    """Delete a type that no incident has.

    :raises Conflict: incidents are of this type, or a route declares such.
    """
    with change(by, "incident_type.deleted", None, needs=Action.MANAGE, team=row.team) as made:
        if Incident.objects.filter(type=row).exists():
            raise Conflict(
                f"Incidents are of the type {row}.",
                field="slug",
                value=row.slug,
                fix="Let it no longer be offered; the incidents keep what they have answered.",
            )
        if (state := row.states.first()) is not None:
            raise Conflict(
                f"The state {state} is for this type.", field="slug", value=row.slug, fix="Change that state first."
            )
        if (route := Route.objects.filter(declares__type=row.slug).first()) is not None:
            raise Conflict(
                f"The route {route} declares incidents of this type.",
                field="slug",
                value=row.slug,
                fix="Change that route first.",
            )
        made.note(name=row.name, slug=row.slug)
        made.touch("incident-types")
        row.delete()


def answers(row: IncidentType | None, before: Mapping[str, Any], given: Mapping[str, object]) -> custom.Answers:
    """``before`` with what is given; people may be named by id or e-mail address.

    :raises Refused: the type asks no such thing, or an answer does not fit.
    :raises NotFound: there is no such person.
    """
    asked = custom.read(row.fields) if row else ()
    people = {each.key for each in asked if each.kind == "person"}
    found = {
        key: person_by(value).pk if key in people and value not in (None, "") else value  # type: ignore[arg-type]
        for key, value in given.items()
    }
    return custom.answered(asked, before, found)


def must_say(row: IncidentType | None, values: Mapping[str, Any], moment: str) -> None:
    """:raises Refused: the type wants something said by ``moment`` that nobody has said."""
    asked = custom.read(row.fields) if row else ()
    if (lacks := custom.missing(asked, values, moment)) is not None:
        raise Refused(
            f"{lacks.label} is missing.",
            field=f"fields.{lacks.key}",
            value=None,
            fix=f"An incident of the type {row} says it before it is {moment}.",
        )


def set_type(
    by: Actor, incident: Incident, type: IncidentType | None, given: Mapping[str, object] | None = None
) -> Incident:
    """Say of which type an incident is, and answer what the type asks (``given``: only what changes; None or empty
    clears). What it was stays in the log.

    :raises Refused: an answer does not fit, or one is missing that the type wants by now.
    """
    with acting_in(by, "incident.type_changed", incident) as (made, row):
        if type is not None and type.pk != row.type_id and not type.offered:
            raise Refused(f"{type} is no longer offered.", field="type", value=type.slug, fix="Choose another type.")
        result = answers(type, row.custom, given or {})
        must_say(type, result.values, "declared" if row.is_open else "resolved")
        before = row.type
        said = [] if before == type else [f"the type: {before or 'none'} → {type or 'none'}"]
        names = queries.names_of(result.changed)
        said += [
            f"{each.field.label}: {names[each.field.key][0] or 'nothing'} → {names[each.field.key][1] or 'nothing'}"
            for each in result.changed
        ]
        row.type, row.custom = type, result.values
        if type is not None and type != before and type.private and not row.private:
            row.private = True
            said.append("it is private now")
            hooks.privacy_changed(made, row)
        if said:
            row.save(update_fields=["type", "custom", "private"])
            facts = {each.field.key: [each.before, each.after] for each in result.changed}
            write_system(
                row,
                "incident.changed",
                f"{by.name} changed " + "; ".join(said),
                {
                    "changed": ["type"] * (before != type) + [f"fields.{key}" for key in facts],
                    "type": [before.slug if before else None, type.slug if type else None],
                    "fields": facts,
                },
                made.at,
                by=by,
            )
            made.note(type=type.slug if type else None, fields=sorted(facts))
        follow(incident, row, "type", "custom", "private")
    return row
