"""What incidents have to do with each other."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...api.auth import actor_of
from .. import commands, linked, queries
from ..models import Incident

router = Router(tags=["Incidents"])


class LinkIn(Schema):
    """A link from this incident to another one."""

    other: int = Field(description="The other incident.")
    kind: str = Field(description="duplicate_of (this one ends and goes on in the other), part_of, or related.")


class LinkOut(Schema):
    """A link, as it is read from one of its two incidents."""

    id: int
    kind: str = Field(description="duplicate_of, has_duplicate, part_of, has_part or related.")
    incident: int = Field(description="The other incident.")
    title: str
    status: str
    severity: int
    at: datetime

    @staticmethod
    def of(each: linked.Linked) -> LinkOut:
        other = each.other
        return LinkOut(
            id=each.id,
            kind=each.kind,
            incident=other.pk,
            title=other.title,
            status=other.status,
            severity=other.severity,
            at=each.at,
        )


def _links(request: HttpRequest, incident: Incident) -> list[LinkOut]:
    return [LinkOut.of(each) for each in linked.links_of(actor_of(request), incident)]


@router.get("/incidents/{int:id}/links", response=list[LinkOut], operation_id="list_incident_links")
def list_links(request: HttpRequest, id: int) -> list[LinkOut]:
    """The other incidents that it has to do with, as far as you may see them."""
    return _links(request, queries.incident_for(actor_of(request), id))


@router.post("/incidents/{int:id}/links", response={201: list[LinkOut]}, operation_id="link_incidents")
def link(request: HttpRequest, id: int, body: LinkIn) -> Status[list[LinkOut]]:
    """Say that it is a duplicate or a part of another incident, or has to do with it. A duplicate ends, and its alerts
    go over to the other one."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    commands.link_incidents(by, incident, queries.incident_for(by, body.other), body.kind)
    return Status(201, _links(request, incident))


@router.delete("/incidents/{int:id}/links/{int:link}", response={204: None}, operation_id="unlink_incidents")
def unlink(request: HttpRequest, id: int, link: int) -> Status[None]:
    """It was not so."""
    by = actor_of(request)
    commands.unlink_incidents(by, linked.link_for(by, queries.incident_for(by, id), link))
    return Status(204, None)
