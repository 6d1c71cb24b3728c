"""Incidents that are one and the same, parts of a larger one, or have to do with each other."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...accounts.changes import Change
from ...kernel.again import retried
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from .. import queries
from ..models import Incident, IncidentLink
from ._shared import acting_in, needed, record_times, write_system
from .progress import end_as_duplicate

Kind = IncidentLink.Kind
_SAID = {
    Kind.DUPLICATE: ("it is a duplicate of {}: go on there", "{} is a duplicate of this and was merged into it"),
    Kind.PART: ("it is a part of {}", "{} is a part of this"),
    Kind.RELATED: ("it has to do with {}", "it has to do with {}"),
}


@retried
def link_incidents(by: Actor, incident: Incident, other: Incident, kind: str) -> IncidentLink:
    """Say what ``incident`` has to do with ``other``. A duplicate ends: its alerts and services go over to ``other``,
    where its log is shown to whoever may see it; who was being asked for a role in it is left in peace. Saying it
    twice is saying it once.

    :raises Refused: no such kind, or the incident itself.
    :raises NotFound: ``by`` may not see ``other``.
    :raises NotAllowed: ``by`` may not act in both.
    :raises Conflict: it is a duplicate or a part of another one already, or it would go round in a circle.
    """
    chosen(kind, Kind.values, "kind of link", field="kind")
    if incident.pk == other.pk:
        raise Refused("That is the incident itself.", field="other", value=other.pk, fix="Name another incident.")
    other = queries.incident_for(by, other.pk)
    by.require(needed(by, other), other.team)
    if kind == Kind.RELATED and other.pk < incident.pk:
        incident, other = other, incident
    with acting_in(by, "incident.linked", incident) as (made, row):
        locked(Incident.objects.all()).get(pk=other.pk)
        there = IncidentLink.objects.filter(incident=row, other=other, kind=kind).first()
        if there is not None:
            return there
        if kind != Kind.RELATED:
            _check(by, row, other, Kind(kind))
        link = IncidentLink.objects.create(incident=row, other=other, kind=kind, at=made.at, by=by.person)
        made.note(other=other.pk, kind=kind)
        _say(by, made, row, other, Kind(kind))
        if kind == Kind.DUPLICATE:
            _hand_over(row, other, made)
            end_as_duplicate(by, row, made.at)
            record_times(other)
    return link


def _check(by: Actor, row: Incident, other: Incident, kind: Kind) -> None:
    name = "duplicate" if kind == Kind.DUPLICATE else "part"
    taken = IncidentLink.objects.filter(incident=row, kind=kind).first()
    if taken is not None:
        raise Conflict(
            f"It is a {name} of another incident.", field="kind", value=kind, fix="Take that link away first."
        )
    above: int | None = other.pk
    seen = {row.pk}
    while above is not None:
        if above in seen:
            raise Conflict(
                f"#{other.pk} is itself a {name} of this one.",
                field="other",
                value=other.pk,
                fix="Link it the other way.",
            )
        seen.add(above)
        above = IncidentLink.objects.filter(incident=above, kind=kind).values_list("other_id", flat=True).first()
    if kind == Kind.DUPLICATE and IncidentLink.objects.filter(incident=other, kind=kind).exists():
        raise Conflict(
            f"#{other.pk} is a duplicate itself.",
            field="other",
            value=other.pk,
            fix="Merge into the incident that it was merged into.",
        )


def _hand_over(row: Incident, other: Incident, made: Change) -> None:
    groups = list(row.alert_groups.all())
    other.alert_groups.add(*groups)
    row.alert_groups.clear()
    other.services.add(*row.services.all())
    made.touch(*(f"group:{group.pk}" for group in groups))


def _say(by: Actor, made: Change, row: Incident, other: Incident, kind: Kind) -> None:
    """A line in both logs. Only the number of the other is said: the line may be read by people who may not see it, now or
    when it becomes private; the list of links shows the titles to those who may."""
    for here, there, words in ((row, other, _SAID[kind][0]), (other, row, _SAID[kind][1])):
        name = f"#{there.pk}"
        data = {"kind": str(kind), "incident": there.pk}
        write_system(here, "incident.linked", f"{by.name}: {words.format(name)}", data, made.at, by=by)
    made.touch(f"incident:{other.pk}", "incidents")


@retried
def unlink_incidents(by: Actor, link: IncidentLink) -> None:
    """It was not so. What was merged stays where it is; a duplicate can be reopened then.

    :raises NotAllowed: ``by`` may not act in it.
    """
    with acting_in(by, "incident.unlinked", link.incident) as (made, row):
        gone, _ = IncidentLink.objects.filter(pk=link.pk).delete()
        if not gone:
            return
        made.note(other=link.other_id, kind=link.kind)
        for here, there in ((row, link.other), (link.other, row)):
            said = f"{by.name}: no longer linked with #{there.pk}"
            write_system(here, "incident.unlinked", said, {"kind": link.kind, "incident": there.pk}, made.at, by=by)
        made.touch(f"incident:{link.other_id}")
