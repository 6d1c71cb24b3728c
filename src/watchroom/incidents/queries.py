"""Reads about incidents. Everything goes through :func:`visible_to`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import CharField, Exists, Min, Model, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..accounts.roles import Action
from ..intake.models import AlertGroup
from ..kernel.errors import NotFound
from ..kernel.numbers import whole
from . import rules
from .guidance import all_rules, fitted
from .models import (
    Attachment,
    GuidanceSetting,
    Incident,
    IncidentLink,
    IncidentType,
    KeyTime,
    LogEntry,
    Nudge,
    ParkedItem,
    Phase,
    RoleAssignment,
    RoleRotation,
    Task,
    Triage,
    Update,
    UpdateTemplate,
)
from .severities import all_severities

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
        incidents = incidents.filter(team__slug=team)
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
    incident = visible_to(actor).select_related("team", "type", "state", "declared_by").filter(pk=pk).first()
    if incident is None:
        raise NotFound(f"There is no incident #{pk}, or you may not see it.", field="incident", value=pk)
    return incident


def needed_to_act(actor: Actor, incident: Incident, *, holds: bool) -> Action:
    """What ``actor`` needs to act in ``incident``: to be a responder of its team. It is enough to hold a role in it
    (``holds``), to have declared it, or, where no team owns it, to be a responder of any."""
    if holds or (actor.person is not None and incident.declared_by_id == actor.person.pk):
        return Action.DECLARE
    if incident.team_id is None and actor.may_somewhere(Action.RESPOND):
        return Action.DECLARE
    return Action.RESPOND


def entry_for(actor: Actor, pk: int) -> LogEntry:
    """One log entry of an incident that ``actor`` may see.

    :raises NotFound: there is none.
    """
    entry = (
        LogEntry.objects.select_related("incident__team", "author")
        .filter(pk=pk, incident__in=visible_to(actor))
        .first()
    )
    if entry is None:
        raise NotFound(f"There is no log entry {pk}, or you may not see it.", field="entry", value=pk)
    return entry


def assignment_for(actor: Actor, pk: int) -> RoleAssignment:
    """One role assignment of an incident that ``actor`` may see. Whoever it is for may always see it.

    :raises NotFound: there is none.
    """
    seen = Q(incident__in=visible_to(actor))
    if actor.person is not None:
        seen |= Q(person=actor.person)
    found = RoleAssignment.objects.select_related("incident__team", "person", "assigned_by").filter(seen, pk=pk).first()
    if found is None:
        raise NotFound(f"There is no role assignment {pk}, or you may not see it.", field="role", value=pk)
    return found


def log_of(incident: Incident) -> QuerySet[LogEntry]:
    """The running log, oldest first."""
    return LogEntry.objects.filter(incident=incident).select_related("author", "tester", "parent").order_by("at", "id")


_SHOWN = ("author", "tester", "parent")
LOG_PAGE = 100
_OVERLAP = timedelta(seconds=30)  # what was being committed while somebody read is read again


def log_page(
    incident: Incident, *, before: LogEntry | None = None, limit: int = LOG_PAGE
) -> tuple[list[LogEntry], bool]:
    """The newest ``limit`` entries, or those older than ``before``, the newest first; and whether there are older ones."""
    rows = LogEntry.objects.filter(incident=incident)
    if before is not None:
        rows = rows.filter(Q(at__lt=before.at) | Q(at=before.at, pk__lt=before.pk))
    found = list(_for_lines(rows.order_by("-at", "-id"))[: limit + 1])
    return found[:limit], len(found) > limit


def log_since(incident: Incident, since: datetime, *, limit: int = LOG_PAGE * 2) -> list[LogEntry] | None:
    """What was written or became another line since ``since`` (a time of ours that a page was given), some of it perhaps
    once more; None when it is so much that the page had better be read anew."""
    rows = LogEntry.objects.filter(incident=incident, changed_at__gte=since - _OVERLAP)
    found = list(_for_lines(rows.order_by("-at", "-id"))[: limit + 1])
    return found if len(found) <= limit else None


def _for_lines(rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    return rows.select_related(*_SHOWN).prefetch_related("attachments")


def ideas_of(incident: Incident) -> list[LogEntry]:
    """The hypotheses, the oldest first, each with the actions and results under it as ``under``."""
    under = Prefetch(
        "children", queryset=LogEntry.objects.select_related("author").order_by("at", "id"), to_attr="under"
    )
    rows = LogEntry.objects.filter(incident=incident, kind=LogEntry.Kind.HYPOTHESIS)
    return list(rows.select_related("author", "tester").prefetch_related(under).order_by("at", "id"))


def open_questions(incident: Incident) -> list[LogEntry]:
    """What nobody has answered yet, the oldest first."""
    rows = LogEntry.objects.filter(incident=incident, kind=LogEntry.Kind.QUESTION, standing__in=("", "open"))
    return list(rows.select_related("author").order_by("at", "id")[:50])


def tasks_of(incident: Incident) -> list[Task]:
    """The tasks: those that are open first."""
    rows = Task.objects.filter(incident=incident).select_related("assignee", "created_by")
    return sorted(rows.order_by("id"), key=lambda task: (task.ended_at is not None, task.pk))


def parked_in(incident: Incident) -> list[ParkedItem]:
    """What was parked, as it came."""
    return list(ParkedItem.objects.filter(incident=incident).select_related("by").order_by("id"))


def _one(rows: QuerySet[M], actor: Actor, pk: int, what: str, field: str) -> M:
    found = rows.filter(pk=pk, incident__in=visible_to(actor)).first()
    if found is None:
        raise NotFound(f"There is no {what} {pk}, or you may not see it.", field=field, value=pk)
    return found


def task_for(actor: Actor, pk: int) -> Task:
    """One task of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return _one(Task.objects.select_related("incident__team", "assignee", "created_by"), actor, pk, "task", "task")


def parked_for(actor: Actor, pk: int) -> ParkedItem:
    """One parked thing of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return _one(ParkedItem.objects.select_related("incident__team", "by"), actor, pk, "parked item", "parked")


def attachment_for(actor: Actor, pk: int) -> Attachment:
    """One attachment of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return _one(Attachment.objects.select_related("incident"), actor, pk, "attachment", "attachment")


def open_incident_of(actor: Actor, groups: Iterable[AlertGroup]) -> Incident | None:
    """The open incident that one of ``groups`` already belongs to, as far as ``actor`` may see it."""
    return visible_to(actor).exclude(status=Incident.Status.RESOLVED).filter(alert_groups__in=groups).first()


def facts_of(incidents: Iterable[Incident]) -> dict[int, rules.Facts]:
    """What was seen of each incident, for :func:`rules.key_times`; two queries, however many incidents."""
    incidents = list(incidents)
    ids = [incident.pk for incident in incidents]
    alerts = {
        row["pk"]: row
        for row in Incident.objects.filter(pk__in=ids)
        .order_by()
        .values("pk", "status", "state__phase")
        .annotate(
            started=Min("alert_groups__alerts__starts_at"),
            seen=Min("alert_groups__alerts__first_seen_at"),
            acknowledged=Min("alert_groups__acknowledged_at"),
            opened=Min("alert_groups__opened_at"),
        )
    }
    accepted = dict(
        RoleAssignment.objects.filter(incident_id__in=ids, accepted_at__isnull=False)
        .values("incident_id")
        .annotate(first=Min("accepted_at"))
        .order_by()
        .values_list("incident_id", "first")
    )
    facts = {}
    for incident in incidents:
        row: dict[str, Any] = dict(alerts.get(incident.pk, {}))
        facts[incident.pk] = rules.Facts(
            declared_at=incident.declared_at,
            phase=_phase(incident.status, row.get("state__phase")),
            alert_started=row.get("started"),
            alert_seen=row.get("seen") or row.get("opened"),
            acknowledged=row.get("acknowledged"),
            role_accepted=accepted.get(incident.pk),
        )
    return facts


def _phase(status: str, of_state: str | None) -> str:
    """As :attr:`Incident.phase`, of what was read."""
    return of_state if of_state and status == Incident.Status.RESOLVED else status


def times_of_many(incidents: Iterable[Incident]) -> dict[int, dict[str, rules.Row]]:
    """The key times of each incident by its id, as they stand now."""
    incidents = list(incidents)
    rows: dict[int, list[rules.Row]] = {incident.pk: [] for incident in incidents}
    for row in KeyTime.objects.filter(incident__in=incidents).select_related("corrected_by").order_by("id"):
        rows[row.incident_id].append(
            rules.Row(row.moment, row.at, row.provenance, row.reason, str(row.corrected_by or ""))
        )
    return {pk: rules.key_times(facts, rows[pk]) for pk, facts in facts_of(incidents).items()}


def times_of(incident: Incident) -> dict[str, rules.Row]:
    """The key times of one incident: ``{"detected": Row(moment, at, provenance, reason, corrected_by), …}``."""
    return times_of_many([incident])[incident.pk]


def facts_for_templates(incident: Incident) -> dict[str, str]:
    """What templates of updates may name in braces, for `rules.filled`."""
    return {
        "title": incident.title,
        "severity": f"SEV{incident.severity}",
        "impact": incident.impact,
        "services": ", ".join(service.name for service in incident.services.all()) or "One of our services",
    }


def nudge_for(actor: Actor, incident: int, pk: int) -> Nudge:
    """Something that Watchroom said in an incident that ``actor`` may see.

    :raises NotFound: there is none.
    """
    found = Nudge.objects.select_related("incident__team").filter(
        pk=pk, incident=incident, incident__in=visible_to(actor)
    )
    nudge = found.first()
    if nudge is None:
        raise NotFound(f"There is no nudge {pk}, or you may not see it.", field="nudge", value=pk)
    return nudge


@dataclass(frozen=True)
class Watched:
    """A rule of the guards as it stands in this installation."""

    name: str
    title: str
    advice: str
    to: str
    enabled: bool
    after_minutes: Mapping[int, int]
    as_shipped: Mapping[int, int]
    urgent: bool
    changed: bool


def rules_watching(actor: Actor) -> list[Watched]:
    """Every rule of the guards: what it watches for, and its thresholds here. Everybody who is signed in may see them."""
    if not actor.may(Action.SEE):
        return []
    rows = {row.rule: row for row in GuidanceSetting.objects.all()}
    found, meanings = [], all_severities()
    for rule in all_rules():
        shipped = fitted(rule, meanings)
        row = rows.get(rule.name)
        own = row.after_minutes if row else None
        after = {int(severity): minutes for severity, minutes in own.items()} if own is not None else shipped
        found.append(
            Watched(
                rule.name, rule.title, rule.advice, rule.to, row.enabled if row else True, after, shipped,
                rule.urgent,
                row is not None and (not row.enabled or dict(after) != dict(shipped)),
            )
        )  # fmt: skip
    return found


def updates_of(incident: Incident) -> list[Update]:
    """What was published, newest first; ``is_corrected`` where a later one corrects it."""
    rows = list(incident.updates.select_related("published_by", "corrects"))
    corrected = {row.corrects_id for row in rows if row.corrects_id}
    for row in rows:
        row.is_corrected = row.pk in corrected  # type: ignore[attr-defined]
    return rows


def templates_visible_to(actor: Actor) -> QuerySet[UpdateTemplate]:
    """Beginnings of updates: everybody who is signed in may see and use them."""
    rows = UpdateTemplate.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def template_by(actor: Actor, slug: str) -> UpdateTemplate:
    """:raises NotFound: there is no such template."""
    found = templates_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such template.", field="slug", value=slug, fix="See the list of templates.")
    return found


def templates_for(incident: Incident) -> list[UpdateTemplate]:
    """The templates of its team that are for its severity; of every team where it has none."""
    rows = UpdateTemplate.objects.select_related("team")
    if incident.team_id is not None:
        rows = rows.filter(team=incident.team_id)
    return [row for row in rows if not row.severities or incident.severity in row.severities]


def types_visible_to(actor: Actor) -> QuerySet[IncidentType]:
    """Incident types: everybody who is signed in may see and use them."""
    rows = IncidentType.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def type_by(actor: Actor, slug: str) -> IncidentType:
    """:raises NotFound: there is no such type."""
    found = types_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such incident type.", field="type", value=slug, fix="See the list of types.")
    return found


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


def rotations_visible_to(actor: Actor) -> QuerySet[RoleRotation]:
    """Role rotations: everybody who is signed in sees who is asked."""
    rows = RoleRotation.objects.select_related("team", "service__team", "schedule", "person")
    return rows if actor.may(Action.SEE) else rows.none()


def rotation_by(actor: Actor, slug: str) -> RoleRotation:
    """:raises NotFound: there is no such role rotation."""
    found = rotations_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such role rotation.", field="slug", value=slug, fix="See the list of them.")
    return found


def that_count(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Only those that count in numbers: no drill, no test, no duplicate of another, nothing that waits for triage or was
    declined in it."""
    duplicates = IncidentLink.objects.filter(incident=OuterRef("pk"), kind=IncidentLink.Kind.DUPLICATE)
    return incidents.filter(~Exists(duplicates), drill=False, triage="")
