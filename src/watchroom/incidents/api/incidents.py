"""Incidents, their roles, updates and key times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.actors import Actor
from ...accounts.queries import person_by, team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.models import Service
from ...catalog.queries import service_by
from ...intake.models import AlertGroup
from ...intake.queries import groups_visible_to
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused
from ...kernel.finding import one
from .. import commands, queries
from ..models import Update
from ..views import _room as room
from ..views._publishing import publish
from .schemas import (
    AlertGroupOut,
    DeclareIn,
    IncidentDetailOut,
    IncidentOut,
    IncidentPatch,
    NextStepOut,
    PublishedOut,
    RoleIn,
    RoleOut,
    TimeIn,
    TimeOut,
    TimesOut,
    UpdateIn,
    UpdateOut,
    UpdatesOut,
    WordingOut,
)

router = Router(tags=["Incidents"])
_ANSWERS = Query([], description="An answer to a field, as `region=eu`; several narrow further.")


def _services(by: Actor, slugs: Iterable[str]) -> list[Service]:
    return [service_by(by, slug) for slug in slugs]


def _groups(by: Actor, ids: Iterable[int]) -> list[AlertGroup]:
    found = {group.pk: group for group in groups_visible_to(by).filter(pk__in=list(ids))}
    missing = next((pk for pk in ids if pk not in found), None)
    if missing is not None:
        raise NotFound(
            f"There is no alert group {missing}.", field="alert_groups", value=missing, fix="See `watchroom alerts`."
        )
    return [found[pk] for pk in ids]


def detail(by: Actor, pk: int) -> IncidentDetailOut:
    """An incident as the API answers it."""
    incident = one(queries.listed_for(by), "incident", pk=pk)
    groups, holders = room.groups_of(incident), incident.holders  # type: ignore[attr-defined]
    return IncidentDetailOut(
        **IncidentOut.of(incident, queries.people_answered([incident])[incident.pk]).model_dump(),
        next_steps=[
            NextStepOut(key=step.key, title=step.title, text=step.text) for step in room.steps_for(incident, holders)
        ],
        alert_groups=[
            AlertGroupOut(id=group.pk, title=group.title, state=group.state, severity=group.severity)
            for group in groups
        ],
        times=TimeOut.all_of(queries.times_of(incident)),
    )


@router.get("/incidents", response=Page[IncidentOut], summary="List incidents")
def list_incidents(
    request: HttpRequest,
    status: str = Query(
        "",
        description="active, mitigated, resolved, closed, open for all that are not resolved, or triage for what waits for it.",
    ),
    severity: str = Query("", description="1 to 5."),
    team: str = Query("", description="Slug."),
    service: str = Query("", description="Slug."),
    type: str = Query("", description="Slug of an incident type."),
    state: str = Query("", description="Slug of a state."),
    field: list[str] = _ANSWERS,
    q: str = Query("", description="Words of title or summary, or a number."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IncidentOut]:
    """Newest first. Private incidents appear only to those who may see them."""
    filters = {
        "status": status,
        "severity": severity,
        "team": team,
        "service": service,
        "type": type,
        "q": q,
        "state": state,
    }
    filters |= {f"field.{key}": value for key, _, value in (each.partition("=") for each in field)}
    items, following = page(
        queries.filtered(queries.listed_for(actor_of(request)), filters), cursor=cursor, limit=limit
    )
    people = queries.people_answered(items)
    return Page[IncidentOut](
        items=[IncidentOut.of(incident, people[incident.pk]) for incident in items], next_cursor=following
    )


@router.post("/incidents", response={201: IncidentDetailOut}, summary="Declare an incident")
def declare_incident(request: HttpRequest, body: DeclareIn) -> Status[IncidentDetailOut]:
    """A title is enough. Whoever is named commander or communications lead, and is not yourself, is paged for it."""
    by = actor_of(request)
    incident = commands.declare(
        by,
        title=body.title,
        severity=body.severity,
        team=team_by(body.team) if body.team else None,
        services=_services(by, body.services),
        alert_groups=_groups(by, body.alert_groups),
        impact=body.impact,
        summary=body.summary,
        commander=person_by(body.commander) if body.commander else None,
        communications=person_by(body.communications) if body.communications else None,
        private=body.private,
        drill=body.drill,
        test=body.test,
        triage=body.triage,
        type=queries.type_by(by, body.type) if body.type else None,
        fields=body.fields,
    )
    return Status(201, detail(by, incident.pk))


@router.get("/incidents/{int:id}", response=IncidentDetailOut, summary="One incident")
def get_incident(request: HttpRequest, id: int) -> IncidentDetailOut:
    """With its roles, linked alerts, key times, and what to do next."""
    return detail(actor_of(request), id)


@router.patch("/incidents/{int:id}", response=IncidentDetailOut, summary="Change an incident")
def patch_incident(request: HttpRequest, id: int, body: IncidentPatch) -> IncidentDetailOut:
    """Only what is given changes; each change is written to the log."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    given = body.model_dump(exclude_unset=True)
    if body.severity is not None:
        commands.change_severity(by, incident, body.severity, reason=body.severity_reason)
    if {"title", "impact", "summary", "team", "services", "private"} & given.keys():
        commands.edit(
            by,
            incident,
            title=body.title,
            impact=body.impact,
            summary=body.summary,
            private=body.private,
            team=team_by(body.team) if body.team else None,
            services=None if body.services is None else _services(by, body.services),
        )
    if {"type", "fields"} & given.keys():
        if "type" not in given:
            kind = incident.type
        else:
            kind = queries.type_by(by, body.type) if body.type else None
        commands.set_type(by, incident, kind, body.fields)
    if body.add_alert_groups:
        commands.link_groups(by, incident, _groups(by, body.add_alert_groups))
    for group in _groups(by, body.remove_alert_groups):
        commands.unlink_group(by, incident, group)
    return detail(by, id)


@router.post("/incidents/{int:id}/mitigate", response=IncidentDetailOut, summary="Mark as mitigated")
def mitigate_incident(request: HttpRequest, id: int) -> IncidentDetailOut:
    """Nobody is hurt any more, though it is not over."""
    by = actor_of(request)
    commands.mitigate(by, queries.incident_for(by, id))
    return detail(by, id)


@router.post("/incidents/{int:id}/resolve", response=IncidentDetailOut, summary="Resolve")
def resolve_incident(request: HttpRequest, id: int) -> IncidentDetailOut:
    """It is over."""
    by = actor_of(request)
    commands.resolve(by, queries.incident_for(by, id))
    return detail(by, id)


@router.post("/incidents/{int:id}/reopen", response=IncidentDetailOut, summary="Reopen")
def reopen_incident(request: HttpRequest, id: int) -> IncidentDetailOut:
    """It is not over after all."""
    by = actor_of(request)
    commands.reopen(by, queries.incident_for(by, id))
    return detail(by, id)


@router.post("/incidents/{int:id}/roles", response={201: RoleOut}, summary="Give or take a role")
def give_role(request: HttpRequest, id: int, body: RoleIn) -> Status[RoleOut]:
    """The one who had it is relieved. Anyone but yourself is paged until they answer."""
    by = actor_of(request)
    person = person_by(body.person) if body.person else by.person
    if person is None:
        raise Refused("Name a person.", field="person", value=None, fix="Give an id or an e-mail address.")
    return Status(201, RoleOut.of(commands.assign_role(by, queries.incident_for(by, id), body.role, person)))


@router.post("/roles/{int:id}/accept", response=RoleOut, summary="Accept a role")
def accept_role(request: HttpRequest, id: int) -> RoleOut:
    """Stops the paging for it."""
    by = actor_of(request)
    return RoleOut.of(commands.accept_role(by, queries.assignment_for(by, id)))


@router.delete("/roles/{int:id}", response={204: None}, summary="End a role")
def end_role(request: HttpRequest, id: int) -> Status[None]:
    """Without a successor."""
    by = actor_of(request)
    commands.end_role(by, queries.assignment_for(by, id))
    return Status(204, None)


@router.get("/incidents/{int:id}/updates", response=UpdatesOut, summary="Published updates")
def list_updates(request: HttpRequest, id: int) -> UpdatesOut:
    """What stakeholders were told, newest first."""
    incident = queries.incident_for(actor_of(request), id)
    return UpdatesOut(items=[UpdateOut.of(row) for row in incident.updates.select_related("published_by")])


def _corrected(by: Actor, id: int, number: int | None) -> Update | None:
    if number is None:
        return None
    found = queries.incident_for(by, id).updates.filter(pk=number).first()
    if found is None:
        raise NotFound("There is no such update.", field="corrects", value=number, fix="See the incident's updates.")
    return found


@router.post("/incidents/{int:id}/updates", response={201: PublishedOut}, summary="Publish an update")
def publish_update(request: HttpRequest, id: int, body: UpdateIn) -> Status[PublishedOut]:
    """It can't be changed afterwards. The communications lead is reminded when the promised next one is due."""
    by = actor_of(request)
    if body.next_update_at and body.next_update_in_minutes:
        raise Conflict(
            "Promise either a time or a number of minutes.",
            field="next_update_in_minutes",
            value=body.next_update_in_minutes,
            fix="Leave one out.",
        )
    promised = (
        clock.now() + timedelta(minutes=body.next_update_in_minutes)
        if body.next_update_in_minutes
        else body.next_update_at
    )
    update = publish(
        by,
        queries.incident_for(by, id),
        pages=body.pages,
        stage=body.stage,
        happening=body.happening,
        impact=body.impact,
        doing=body.doing,
        next_update_at=promised,
        title=body.title,
        impacts=body.impacts,
        wordings=body.wordings,
        lists=body.lists,
        corrects=_corrected(by, id, body.corrects),
        draft_version=body.draft_version,
    )
    said = (
        body.happening,
        body.impact,
        body.doing,
        *(text for parts in body.wordings.values() for text in parts.values()),
    )
    return Status(201, PublishedOut(**UpdateOut.of(update).model_dump(), wording=WordingOut.of(*said)))


@router.get("/incidents/{int:id}/times", response=TimesOut, summary="Key times")
def list_key_times(request: HttpRequest, id: int) -> TimesOut:
    """Computed from what was seen, corrected by people."""
    return TimesOut(items=TimeOut.all_of(queries.times_of(queries.incident_for(actor_of(request), id))))


@router.put("/incidents/{int:id}/times/{moment}", response=TimesOut, summary="Correct a key time")
def correct_key_time(request: HttpRequest, id: int, moment: str, body: TimeIn) -> TimesOut:
    """What was computed stays in the record beneath."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    commands.correct_time(by, incident, moment, body.at, body.reason)
    return TimesOut(items=TimeOut.all_of(queries.times_of(incident)))
