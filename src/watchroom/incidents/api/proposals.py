"""What is proposed to whoever declares."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from ...accounts.roles import Action
from ...api.auth import actor_of
from ...intake.queries import groups_visible_to
from ..proposals import Alike, propose

router = Router(tags=["Incidents"])


class AlikeOut(Schema):
    """An incident that looks alike."""

    id: int
    title: str
    severity: int
    status: str
    declared_at: datetime
    shared: list[str] = Field(description="Words that both say.")

    @staticmethod
    def of(found: Alike) -> AlikeOut:
        row = found.incident
        names = ("title", "severity", "status", "declared_at")
        return AlikeOut(id=row.pk, shared=list(found.shared), **{name: getattr(row, name) for name in names})


class ProposalOut(Schema):
    """What fits; nothing is done by it."""

    open: list[AlikeOut] = Field(description="Open incidents that look alike: join one rather than declare another.")
    before: list[AlikeOut]
    services: list[str] = Field(description="Slugs.")
    alert_groups: list[int] = Field(description="That fire now and belong to no open incident.")
    severity: int | None
    severity_why: str
    type: str | None = Field(description="Slug of the incident type that similar ones were.")


@router.get("/incidents/proposals", response=ProposalOut, operation_id="propose_incident")
def proposals(
    request: HttpRequest,
    title: str = Query("", max_length=200, description="What is wrong, in a line."),
    alert_groups: list[int] = Query([], description="Alert groups that it is about."),  # noqa: B008
) -> ProposalOut:
    """Services, alerts, severity and type that fit a title, and incidents that look alike."""
    by = actor_of(request)
    by.require(Action.DECLARE)
    known = [each for each in alert_groups if abs(each) < 2**63]
    found = propose(by, title, list(groups_visible_to(by).filter(pk__in=known)) if known else [])
    return ProposalOut(
        open=[AlikeOut.of(each) for each in found.open],
        before=[AlikeOut.of(each) for each in found.before],
        services=[each.slug for each in found.services],
        alert_groups=[each.pk for each in found.alert_groups],
        severity=found.severity,
        severity_why=found.severity_why,
        type=found.type.slug if found.type else None,
    )
