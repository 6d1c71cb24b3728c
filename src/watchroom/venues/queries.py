"""Reads about venues, their plans and bridges."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..incidents.models import Incident, RoleAssignment
from ..incidents.queries import needed_to_act, seen_by, visible_to
from ..kernel.finding import one
from ..paging.models import Approval, Escalation
from . import rules
from .models import Bridge, Venue, VenuePlan


def needed_for(thing: Bridge | VenuePlan) -> Action:
    """What is needed to change it: a team's is its managers' business, everybody's is the administrators'."""
    return Action.MANAGE if thing.team_id else Action.ADMINISTER


def bridges_visible_to(actor: Actor) -> QuerySet[Bridge]:
    """Bridges; everybody who is signed in may know of them."""
    rows = Bridge.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def plans_visible_to(actor: Actor) -> QuerySet[VenuePlan]:
    """Plans; everybody who is signed in may know of them."""
    rows = VenuePlan.objects.select_related("team", "workspace", "bridge")
    return rows if actor.may(Action.SEE) else rows.none()


def bridge_by(actor: Actor, slug: str) -> Bridge:
    """One bridge. :raises NotFound: there is none."""
    return one(bridges_visible_to(actor), "bridge", slug=slug)


def plan_by(actor: Actor, slug: str) -> VenuePlan:
    """One plan. :raises NotFound: there is none."""
    return one(plans_visible_to(actor), "venue plan", slug=slug)


def venue_for(actor: Actor, pk: int) -> Venue:
    """One venue of an incident that ``actor`` may see. :raises NotFound: there is none."""
    rows = Venue.objects.filter(seen_by(actor, "incident__"))
    return one(rows.select_related("incident__team", "workspace", "bridge"), "venue", pk=pk)


def may_act(by: Actor, incident: Incident) -> bool:
    """Whether ``by`` sees it and may act in it; the commands decide."""
    if not visible_to(by).filter(pk=incident.pk).exists():
        return False
    held = RoleAssignment.objects.filter(incident=incident, person=by.person, ended_at__isnull=True)
    return by.may(needed_to_act(by, incident, holds=by.person is not None and held.exists()), incident.team)


def of_incident(incident: Incident) -> list[Venue]:
    """Its venues."""
    return list(Venue.objects.filter(incident=incident).select_related("workspace", "bridge"))


def open_proposals(incident: Incident) -> list[int]:
    """The numbers of what is proposed about an incident and not decided, in their order."""
    alerts = Q(
        escalation__kind=Escalation.Kind.ALERT_GROUP, escalation__subject_id__in=incident.alert_groups.values("pk")
    )
    asked = Q(escalation__kind=Escalation.Kind.ROLE, escalation__subject_id__in=incident.roles.values("pk"))
    rows = Approval.objects.filter(alerts | asked, state=Approval.State.OPEN)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def plan_for(incident: Incident, kind: str, *, by_itself: bool) -> VenuePlan | None:
    """The plan by which a venue of this kind is made for it (see ``rules.plan_for``)."""
    rows = {each.pk: each for each in VenuePlan.objects.filter(Q(team=None) | Q(team=incident.team_id))}
    facts = rules.Facts(
        team=incident.team_id,
        severity=incident.severity,
        type=incident.type.slug if incident.type else "",
        private=incident.private,
        drill=incident.drill or bool(getattr(incident, "test", False)),
    )
    plans = [
        rules.Plan(
            id=each.pk,
            team=each.team_id,
            least_severity=each.least_severity,
            types=tuple(each.types),
            private=each.private,
            drills=each.drills,
            chat=each.workspace_id is not None,
            call=each.bridge_id is not None,
        )
        for each in rows.values()
    ]
    found = rules.plan_for(plans, facts, kind, by_itself=by_itself)
    return rows[found] if found is not None else None
