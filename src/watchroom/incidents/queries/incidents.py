"""Incidents: who may read them, which are looked for, which count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from django.db.models import CharField, Exists, Model, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.queries import numbers_of_team
from ...accounts.roles import Action
from ...intake.models import AlertGroup
from ...kernel.finding import one
from ...kernel.numbers import whole
from ...paging.models import Escalation
from ..models import Incident, IncidentLink, IncidentType, Phase, RoleAssignment, Triage

M = TypeVar("M", bound=Model)

HOLDERS = Prefetch(
    "roles", queryset=RoleAssignment.objects.filter(ended_at__isnull=True).select_related("person"), to_attr="holders"
)


def seen_by(actor: Actor, of: str = "") -> Q:
    """What an incident must be for ``actor`` to read it. A private one: they hold a role in it, declared it, manage its team,
    or administrate. ``of`` leads from other rows to the incident ("incident__"): a condition on the row that is joined, since
    ``incident__in`` would have the database begin with all incidents there are."""
    if not actor.may(Action.SEE):
        return Q(pk__in=())
    if actor.is_system or actor.may(Action.ADMINISTER):
        return Q(**{f"{of}pk__isnull": False})
    seen = Q(**{f"{of}private": False}) | Q(**{f"{of}team__in": actor.teams_where(Action.MANAGE)})
    if actor.may(Action.MANAGE):
        seen |= Q(**{f"{of}pk__isnull": False, f"{of}team__isnull": True})
    if actor.person is not None:
        held = RoleAssignment.objects.filter(person=actor.person, ended_at__isnull=True).values("incident_id")
        seen |= Q(**{f"{of}declared_by": actor.person}) | Q(**{f"{of}pk__in": held})
    return seen


def visible_to(actor: Actor) -> QuerySet[Incident]:
    """Incidents that ``actor`` may read."""
    return Incident.objects.filter(seen_by(actor))


def sees(actor: Actor, incident: Incident, *, holds: bool) -> bool:
    """What :func:`visible_to` says, for an incident that is at hand and somebody who has a role in it (``holds``) or not;
    for many who read the same one. A test holds the two together."""
    if not actor.may(Action.SEE):
        return False
    if not incident.private or actor.is_system or actor.may(Action.ADMINISTER):
        return True
    declared = actor.person is not None and incident.declared_by_id == actor.person.pk
    return holds or declared or actor.may(Action.MANAGE, incident.team_id)


def listed_for(actor: Actor) -> QuerySet[Incident]:
    """:func:`visible_to` with what a line of a list shows (``incident.holders``: the present role holders)."""
    return (
        visible_to(actor).select_related("team", "type", "state", "declared_by").prefetch_related("services", HOLDERS)
    )


def filtered(incidents: QuerySet[Incident], filters: Mapping[str, str]) -> QuerySet[Incident]:
    """Narrowed by ``status`` (also ``open``, ``closed``, and ``triage`` for what waits for it), ``severity``,
    ``state`` (slug), ``team`` (slug), ``service`` (slug), ``type`` (slug),
    ``field.KEY`` (the answer to a field; a person by id or e-mail address) and ``q`` (words or a number). What makes no
    sense finds nothing."""
    status, severity, words = filters.get("status", ""), filters.get("severity", ""), filters.get("q", "").strip()
    if status == "open":
        incidents = incidents.exclude(status=Incident.Status.RESOLVED)
    elif status == "triage":
        incidents = incidents.filter(triage=Triage.WAITING).exclude(status=Incident.Status.RESOLVED)
    elif status == Phase.CLOSED:
        incidents = incidents.filter(status=Incident.Status.RESOLVED, state__phase=status)
    elif status:
        incidents = incidents.filter(status=status)
    if state := filters.get("state", ""):
        incidents = incidents.filter(state__slug=state)
    if severity:
        level = whole(severity.lower().removeprefix("sev"), 1)
        incidents = incidents.none() if level is None else incidents.filter(severity=level)
    if team := filters.get("team", ""):
        incidents = incidents.filter(team__in=numbers_of_team(team))
    if service := filters.get("service", ""):
        incidents = incidents.filter(services__slug=service)
    if type := filters.get("type", ""):
        incidents = incidents.filter(type__slug=type)
    for name, value in filters.items():
        if name.startswith("field.") and value:
            key = name.removeprefix("field.")
            said = Cast(KeyTextTransform(key, "custom"), CharField())
            meant = Q(Exact(said, Value(value)))
            if "@" in value and (person := _person_meant(key, value.strip())) is not None:
                meant |= Q(Exact(said, Value(str(person))))
            incidents = incidents.filter(meant)
    if words:
        number = whole(words.removeprefix("#"))
        found = Q(title__icontains=words) | Q(summary__icontains=words)
        incidents = incidents.filter(found if number is None else found | Q(pk=number))
    return incidents


def _person_meant(key: str, address: str) -> int | None:
    """Whose number is kept where a field that asks for a person is answered with this address; None: no such field."""
    asked = (each for fields in IncidentType.objects.values_list("fields", flat=True) for each in fields)
    if not any(each["key"] == key and each["kind"] == "person" for each in asked):
        return None
    return Person.objects.filter(email__iexact=address).values_list("pk", flat=True).first()


def incident_for(actor: Actor, pk: int) -> Incident:
    """One incident.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    return one(visible_to(actor).select_related("team", "type", "state", "declared_by"), "incident", pk=pk)


def needed_to_act(actor: Actor, incident: Incident, *, holds: bool) -> Action:
    """What ``actor`` needs to act in ``incident``: to be a responder of its team. It is enough to hold a role in it
    (``holds``), to have declared it, or, where no team owns it, to be a responder of any."""
    if holds or (actor.person is not None and incident.declared_by_id == actor.person.pk):
        return Action.DECLARE
    if incident.team_id is None and actor.may_somewhere(Action.RESPOND):
        return Action.DECLARE
    return Action.RESPOND


def one_in(rows: QuerySet[M], actor: Actor, pk: int, what: str) -> M:
    """One of what belongs to incidents that ``actor`` may see; ``what`` it is, for whoever asked for another.

    :raises NotFound: there is none.
    """
    return one(rows.filter(incident__in=visible_to(actor)), what, pk=pk)


def open_incident_of(actor: Actor, groups: Iterable[AlertGroup]) -> Incident | None:
    """The open incident that one of ``groups`` already belongs to, as far as ``actor`` may see it."""
    return visible_to(actor).exclude(status=Incident.Status.RESOLVED).filter(alert_groups__in=groups).first()


def that_count(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Only those that count in numbers: no drill, no test, no duplicate of another, nothing that waits for triage or was
    declined in it."""
    duplicates = IncidentLink.objects.filter(incident=OuterRef("pk"), kind=IncidentLink.Kind.DUPLICATE)
    return incidents.filter(~Exists(duplicates), drill=False, triage="")


def incidents_about(escalations: Collection[Escalation]) -> list[int]:
    """The numbers of the incidents that escalations are about: those of their alerts, or in which they ask for a role;
    whoever may see them."""
    found: set[int] = set()
    for kind, link in ((Escalation.Kind.ALERT_GROUP, "alert_groups__in"), (Escalation.Kind.ROLE, "roles__in")):
        subjects = {each.subject_id for each in escalations if each.kind == kind and each.subject_id}
        if subjects:
            found |= set(Incident.objects.filter(**{link: subjects}).values_list("pk", flat=True))
    return sorted(found)
