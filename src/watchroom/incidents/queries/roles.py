"""Who has a role in an incident, and who is asked for one by itself."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel.finding import one
from ..models import RoleAssignment, RoleRotation
from .incidents import visible_to


def assignment_for(actor: Actor, pk: int) -> RoleAssignment:
    """One role assignment of an incident that ``actor`` may see. Whoever it is for may always see it.

    :raises NotFound: there is none.
    """
    seen = Q(incident__in=visible_to(actor))
    if actor.person is not None:
        seen |= Q(person=actor.person)
    return one(
        RoleAssignment.objects.select_related("incident__team", "person", "assigned_by").filter(seen),
        "role assignment",
        pk=pk,
    )


def rotations_visible_to(actor: Actor) -> QuerySet[RoleRotation]:
    """Role rotations: everybody who is signed in sees who is asked."""
    rows = RoleRotation.objects.select_related("team", "service__team", "schedule", "person")
    return rows if actor.may(Action.SEE) else rows.none()


def rotation_by(actor: Actor, slug: str) -> RoleRotation:
    """:raises NotFound: there is no such role rotation."""
    return one(rotations_visible_to(actor), "role rotation", slug=slug)
