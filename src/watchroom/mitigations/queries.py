"""Reads about mitigations and their runs."""

from __future__ import annotations

from django.db.models import Case, Q, QuerySet, Value, When

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..incidents.models import Incident
from ..incidents.queries import visible_to as incidents_visible_to
from ..kernel.errors import NotFound
from .models import Mitigation, MitigationRun, Risk

_RISK = Case(*(When(risk=risk, then=Value(place)) for place, risk in enumerate(Risk.values)), default=Value(9))


def visible_to(actor: Actor) -> QuerySet[Mitigation]:
    """The catalog: everybody who is signed in may read it; it is for whoever is awake."""
    rows = Mitigation.objects.select_related("team", "service")
    return rows if actor.may(Action.SEE) else rows.none()


def mitigation_by(actor: Actor, slug: str) -> Mitigation:
    """One mitigation by its slug.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    found = visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no mitigation {slug!r}.", field="mitigation", value=slug, fix="See /mitigations.")
    return found


def offered_in(actor: Actor, incident: Incident) -> QuerySet[Mitigation]:
    """What can be tried in an incident: for its services, and of its team or their teams for any service. Least risk first."""
    services = incident.services.all()
    teams = Q(team__in=services.values("team")) | Q(team=incident.team_id)
    fits = Q(service__in=services) | Q(service__isnull=True) & teams
    rows = visible_to(actor).filter(fits).distinct()
    return rows.order_by(_RISK, "name", "id")


def runs_visible_to(actor: Actor) -> QuerySet[MitigationRun]:
    """Runs in incidents that ``actor`` may see."""
    return MitigationRun.objects.select_related("mitigation", "started_by", "incident__team").filter(
        incident__in=incidents_visible_to(actor)
    )


def run_for(actor: Actor, pk: int) -> MitigationRun:
    """One run.

    :raises NotFound: there is none, or ``actor`` may not see its incident.
    """
    run = runs_visible_to(actor).filter(pk=pk).first()
    if run is None:
        raise NotFound(f"There is no mitigation run {pk}, or you may not see it.", field="run", value=pk)
    return run
