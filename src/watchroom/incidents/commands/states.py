"""The states that an organisation or a team gives the life of its incidents."""

from __future__ import annotations

from collections.abc import Iterable

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.checks import chosen, within, written
from ...kernel.errors import Conflict, Refused
from ...kernel.names import only_one, short_name
from ..models import Incident, IncidentState, IncidentType, Phase

MOST_ORDER = 999


def save_state(
    by: Actor,
    row: IncidentState | None,
    *,
    name: str,
    phase: str,
    team: Team | None = None,
    slug: str | None = None,
    description: str = "",
    order: int = 0,
    types: Iterable[IncidentType] = (),
    retired: bool = False,
) -> IncidentState:
    """Make a state or change it. A new name counts from now on: the log says what it was called then. A retired state is
    offered no longer; an incident that is in it stays there until somebody moves it.

    :raises Refused: no name, no such phase, or a slug that is none, or that of a phase.
    :raises Conflict: another state has this slug, or incidents are in it and it would come into another phase.
    """
    name = written(" ".join(name.split()), "A state needs a name", 40, field="name", fix="Write 1 to 40 characters.")
    chosen(phase, Phase.values, "phase", field="phase")
    within(order, 0, MOST_ORDER, "order", field="order")
    if slug in Phase.values and (row is None or row.slug != slug):
        raise Refused(
            "That is the name of a phase.",
            field="slug",
            value=slug,
            fix=f"Use another one, such as {_beside_phase(slug, team)}.",
        )
    before = row.slug if row else ""
    slug = short_name(slug, before=before, name=name, otherwise="state", among=IncidentState.objects)
    if row is None and slug in Phase.values:
        slug = _beside_phase(slug, team)
    if row is not None:
        by.require(_needs(row.team), row.team)
    action = "incident_state.changed" if row else "incident_state.created"
    with change(by, action, row, needs=_needs(team), team=team) as made:
        if row is not None and row.phase != phase and Incident.objects.filter(state=row).exists():
            raise Conflict(
                f"Incidents are in the state {row}.",
                field="phase",
                value=phase,
                fix="Retire it, and make another one in the other phase.",
            )
        row = row or IncidentState()
        made.subject = row
        made.note(
            phase=phase, slug=slug, retired=retired, **({"renamed": row.name} if row.name not in {"", name} else {})
        )
        row.team, row.name, row.slug, row.phase = team, name, slug, phase
        row.description, row.order = description.strip(), order
        row.retired_at = (row.retired_at or made.at) if retired else None
        with only_one("state", slug=slug):
            row.save()
        row.types.set(types)
        made.touch("incident-states", "incidents")
    return row


def delete_state(by: Actor, row: IncidentState) -> None:
    """Delete a state in which no incident is. What the log says of it stays.

    :raises Conflict: incidents are in it.
    """
    with change(by, "incident_state.deleted", None, needs=_needs(row.team), team=row.team) as made:
        if Incident.objects.filter(state=row).exists():
            raise Conflict(
                f"Incidents are in the state {row}.", field="slug", value=row.slug, fix="Retire it; they keep it."
            )
        made.note(name=row.name, slug=row.slug)
        made.touch("incident-states")
        row.delete()


def _beside_phase(slug: str, team: Team | None) -> str:
    """A slug for a state that is called like a phase."""
    return f"{team.slug if team else 'own'}-{slug}"[:64]


def _needs(team: Team | None) -> Action:
    return Action.MANAGE if team is not None else Action.ADMINISTER
