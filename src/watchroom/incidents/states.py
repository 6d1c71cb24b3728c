"""Reads about the states that incidents can be in."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel.finding import one
from .models import Incident, IncidentState, Phase


def states_visible_to(actor: Actor) -> QuerySet[IncidentState]:
    """All states, by phase: everybody who is signed in may see them."""
    rows = IncidentState.objects.select_related("team").prefetch_related("types")
    return rows if actor.may(Action.SEE) else rows.none()


def state_by(actor: Actor, slug: str) -> IncidentState:
    """:raises NotFound: there is no such state."""
    return one(states_visible_to(actor), "incident state", slug=slug)


def by_phase(states: QuerySet[IncidentState] | list[IncidentState]) -> list[IncidentState]:
    """In the order of an incident's life."""
    place = {phase: number for number, phase in enumerate(Phase.values)}
    return sorted(states, key=lambda each: (place[each.phase], each.order, each.pk))


def offered_to(incident: Incident) -> list[IncidentState]:
    """The states that ``incident`` can enter, in the order of its life: those of the organisation and of its team, for
    its type. One query."""
    rows = IncidentState.objects.filter(
        Q(team__isnull=True) | Q(team=incident.team_id),
        Q(types__isnull=True) | Q(types=incident.type_id),
        retired_at__isnull=True,
    )
    return by_phase(list(rows.order_by("order", "id").distinct()))


def first_in(incident: Incident, phase: str) -> IncidentState | None:
    """The state in which ``incident`` is when it enters a phase and nobody says more; None: the phase has none."""
    return next((each for each in offered_to(incident) if each.phase == phase), None)
