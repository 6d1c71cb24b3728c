"""Reads about roles that are handed over."""

from __future__ import annotations

from django.db.models import Q

from ..accounts.actors import Actor
from ..kernel.finding import one
from .models import Incident, RoleHandoff
from .queries import seen_by


def handoff_for(actor: Actor, pk: int) -> RoleHandoff:
    """A hand-off in an incident that ``actor`` may see; whoever it is for may always see it.

    :raises NotFound: there is none.
    """
    seen = seen_by(actor, "assignment__incident__")
    if actor.person is not None:
        seen |= Q(to=actor.person)
    rows = RoleHandoff.objects.select_related("assignment__incident__team", "assignment__person", "to", "by")
    return one(rows.filter(seen), "hand-off", pk=pk)


def open_handoffs(incident: Incident) -> list[RoleHandoff]:
    """Those that nobody has answered yet, of roles that are still held."""
    rows = RoleHandoff.objects.filter(
        assignment__incident=incident, ended_at__isnull=True, assignment__ended_at__isnull=True
    )
    return list(rows.select_related("to", "by", "assignment"))
