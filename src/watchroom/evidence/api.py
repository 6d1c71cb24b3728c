"""The API of evidence."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from ..accounts.actors import Actor
from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..catalog.queries import service_by
from ..kernel.errors import Refused, WatchroomError
from . import commands, items, queries
from .asking import desk
from .items import View
from .schemas import (
    BIGGEST,
    ChangeIn,
    ChangeKind,
    ChangeOut,
    ConnectionIn,
    ConnectionOut,
    ConnectionTriedOut,
    EvidenceOut,
    IndicatorIn,
    IndicatorOut,
    ItemOut,
    SeenOut,
    SnapshotIn,
    SnapshotOut,
)
from .views.looking import place_for, view_of

router = Router(tags=["Evidence"])
_SECONDS = 12.0


@router.get("/connections", response=Page[ConnectionOut], summary="List connections")
def list_connections(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[ConnectionOut]:
    """Without their secrets."""
    rows, more = page(queries.connections_visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[ConnectionOut.of(row) for row in rows], next_cursor=more)


@router.post("/connections", response={201: ConnectionOut}, summary="Make a connection")
def create_connection(request: HttpRequest, body: ConnectionIn) -> Status[ConnectionOut]:
    """Nothing is asked yet; see `/connections/{slug}/try`."""
    row = commands.save_connection(
        actor_of(request),
        None,
        team=team_by(body.team),
        kind=body.kind,
        name=body.name,
        slug=body.slug,
        settings=dict(body.settings),
    )
    return Status(201, ConnectionOut.of(row))


@router.get("/connections/{slug}", response=ConnectionOut, summary="One connection")
def get_connection(request: HttpRequest, slug: str) -> ConnectionOut:
    """Without its secrets."""
    return ConnectionOut.of(queries.connection_by(actor_of(request), slug))


@router.put("/connections/{slug}", response=ConnectionOut, summary="Change a connection")
def change_connection(request: HttpRequest, slug: str, body: ConnectionIn) -> ConnectionOut:
    """With a new address, secrets must be given again."""
    by = actor_of(request)
    row = commands.save_connection(
        by,
        queries.connection_by(by, slug),
        team=team_by(body.team),
        kind=body.kind,
        name=body.name,
        slug=body.slug,
        settings=dict(body.settings),
    )
    return ConnectionOut.of(row)


@router.delete("/connections/{slug}", response={204: None}, summary="Delete a connection")
def delete_connection(request: HttpRequest, slug: str) -> Status[None]:
    """With its indicators; what was kept stays."""
    by = actor_of(request)
    commands.delete_connection(by, queries.connection_by(by, slug))
    return Status(204, None)


@router.post("/connections/{slug}/try", response=ConnectionTriedOut, summary="Try a connection")
def try_connection(request: HttpRequest, slug: str) -> ConnectionTriedOut:
    """Asks the server something small, with the saved settings."""
    by = actor_of(request)
    row = queries.connection_by(by, slug)
    try:
        text = commands.try_settings(by, team=row.team, kind=row.kind, settings=dict(row.settings), before=row)
    except WatchroomError as error:
        if error.status < 500:
            raise
        return ConnectionTriedOut(ok=False, text=str(error))
    return ConnectionTriedOut(ok=True, text=text)


@router.get("/indicators", response=Page[IndicatorOut], summary="List indicators")
def list_indicators(
    request: HttpRequest,
    service: str = Query("", description="Only those of the service with this slug."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IndicatorOut]:
    """What services are judged by."""
    rows = queries.indicators_visible_to(actor_of(request))
    found, more = page(rows.filter(service__slug=service) if service else rows, cursor=cursor, limit=limit, key="id")
    return Page(items=[IndicatorOut.of(row) for row in found], next_cursor=more)


def _indicator_fields(by: Actor, body: IndicatorIn) -> dict[str, object]:
    return body.dict() | {
        "service": service_by(by, body.service),
        "connection": queries.connection_by(by, body.connection),
    }


@router.post("/indicators", response={201: IndicatorOut}, summary="Make an indicator")
def create_indicator(request: HttpRequest, body: IndicatorIn) -> Status[IndicatorOut]:
    """It is shown with every alert of the service from here on."""
    by = actor_of(request)
    row = commands.save_indicator(by, None, **_indicator_fields(by, body))  # type: ignore[arg-type]
    return Status(201, IndicatorOut.of(row))


@router.put("/indicators/{int:id}", response=IndicatorOut, summary="Change an indicator")
def change_indicator(request: HttpRequest, id: int, body: IndicatorIn) -> IndicatorOut:
    """All of it."""
    by = actor_of(request)
    row = commands.save_indicator(by, queries.indicator_for(by, id), **_indicator_fields(by, body))  # type: ignore[arg-type]
    return IndicatorOut.of(row)


@router.delete("/indicators/{int:id}", response={204: None}, summary="Delete an indicator")
def delete_indicator(request: HttpRequest, id: int) -> Status[None]:
    """What was kept stays."""
    by = actor_of(request)
    commands.delete_indicator(by, queries.indicator_for(by, id))
    return Status(204, None)


@router.get("/changes", response=Page[ChangeOut], summary="List changes")
def list_changes(
    request: HttpRequest,
    service: str = Query("", description="Only those of the service with this slug."),
    kind: ChangeKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ChangeOut]:
    """The newest first."""
    rows = queries.changes_visible_to(actor_of(request))
    rows = rows.filter(service__slug=service) if service else rows
    rows = rows.filter(kind=kind) if kind else rows
    found, more = page(rows, cursor=cursor, limit=limit, key="-at")
    return Page(items=[ChangeOut.of(row) for row in found], next_cursor=more)


@router.post("/changes", response={201: ChangeOut}, summary="Record a change")
def create_change(request: HttpRequest, body: ChangeIn) -> Status[ChangeOut]:
    """A deploy, a configuration, a flag. It stands on the charts of alerts and incidents."""
    by = actor_of(request)
    fields = body.dict()
    row = commands.record_change(by, service_by(by, fields.pop("service")), **fields)
    return Status(201, ChangeOut.of(row))


def _evidence(view: View) -> EvidenceOut:
    return EvidenceOut(
        start=view.window.start,
        end=view.window.end,
        items=[
            ItemOut(
                key=each.key,
                kind=each.kind,
                title=each.title,
                connection=each.connection.slug,
                expression=each.expression,
                unit=each.unit,
            )
            for each in view.items
        ],
        changes=[ChangeOut.of(each) for each in view.changes],
    )


def _seen(view: View, key: str) -> SeenOut:
    item = view.item(key)
    answer = desk.ask(
        items.key_of(item, view),
        item.connection.pk,
        items.question_of(item, view),
        about=items.about(item, view),
        wait_seconds=_SECONDS,
    )
    error = "It did not answer in time." if answer is None else answer.error
    return SeenOut(key=key, kind=item.kind, data=answer.data if answer else None, error=error)


@router.get("/alert-groups/{int:id}/evidence", response=EvidenceOut, summary="What there is to see for an alert group")
def list_evidence_of_group(request: HttpRequest, id: int) -> EvidenceOut:
    """Its items; ask for each by its key."""
    return _evidence(view_of(actor_of(request), "groups", id))


@router.get("/alert-groups/{int:id}/evidence/{key}", response=SeenOut, summary="Look at an item of an alert group")
def look_at_group(request: HttpRequest, id: int, key: str) -> SeenOut:
    """Asks the connection, within its time-out."""
    return _seen(view_of(actor_of(request), "groups", id), key)


@router.get("/incidents/{int:id}/evidence", response=EvidenceOut, summary="What there is to see for an incident")
def list_evidence_of_incident(request: HttpRequest, id: int) -> EvidenceOut:
    """Its items; ask for each by its key."""
    return _evidence(view_of(actor_of(request), "incidents", id))


@router.get("/incidents/{int:id}/evidence/{key}", response=SeenOut, summary="Look at an item of an incident")
def look_at_incident(request: HttpRequest, id: int, key: str) -> SeenOut:
    """Asks the connection, within its time-out."""
    return _seen(view_of(actor_of(request), "incidents", id), key)


@router.get("/snapshots", response=Page[SnapshotOut], summary="List snapshots")
def list_snapshots(
    request: HttpRequest,
    incident: int | None = Query(None, ge=1, le=BIGGEST),
    alert_group: int | None = Query(None, ge=1, le=BIGGEST),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SnapshotOut]:
    """What was kept, the newest first, without the data."""
    rows = queries.snapshots_visible_to(actor_of(request)).defer("data")
    rows = rows.filter(incident=incident) if incident is not None else rows
    rows = rows.filter(group=alert_group) if alert_group is not None else rows
    found, more = page(rows, cursor=cursor, limit=limit)
    return Page(items=[SnapshotOut.of(row) for row in found], next_cursor=more)


@router.post("/snapshots", response={201: SnapshotOut}, summary="Keep an item of evidence")
def keep_snapshot(request: HttpRequest, body: SnapshotIn) -> Status[SnapshotOut]:
    """Asks for it and keeps it with the incident (or the alert group), as “Keep” does."""
    by = actor_of(request)
    if (body.incident is None) == (body.alert_group is None):
        raise Refused("Say where to keep it.", field="incident", fix="Give either incident or alert_group.")
    about, pk = ("incidents", body.incident) if body.incident is not None else ("groups", body.alert_group)
    view = view_of(by, about, int(pk or 0))
    item = view.item(body.item)
    seen = _seen(view, item.key)
    if seen.data is None:
        raise WatchroomError(seen.error, fix="Try again.")
    row = commands.keep(
        by,
        place_for(by, view.subject),
        kind=item.kind,
        title=item.title,
        data=seen.data,
        query=item.expression,
        source=item.connection.name,
        link=str(seen.data.get("link") or ""),
        client_key=items.key_of(item, view),
    )
    return Status(201, SnapshotOut.of(row, whole=True))


@router.get("/snapshots/{int:id}", response=SnapshotOut, summary="One snapshot")
def get_snapshot(request: HttpRequest, id: int) -> SnapshotOut:
    """With its data."""
    return SnapshotOut.of(queries.snapshot_for(actor_of(request), id), whole=True)


@router.delete("/snapshots/{int:id}", response={204: None}, summary="Delete a snapshot")
def delete_snapshot(request: HttpRequest, id: int) -> Status[None]:
    """The line in the running log stays."""
    by = actor_of(request)
    commands.delete_snapshot(by, queries.snapshot_for(by, id))
    return Status(204, None)
