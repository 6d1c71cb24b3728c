"""Drills: who knows of them, who runs them, what they are called."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel.errors import NotFound
from ...kernel.finding import one
from ..models import Drill, DrillInject

ON = (Drill.State.RUNNING, Drill.State.PAUSED)

AHEAD = (Drill.State.PLANNED, *ON)


def run_by(actor: Actor) -> QuerySet[Drill]:
    """:func:`runs`, as a query."""
    if actor.person is None:
        return Drill.objects.none()
    own = Q(facilitator=actor.person) if actor.may(Action.DECLARE) else Q(pk__in=())
    practised = Drill.objects.filter(participants=actor.person).order_by().values("pk")
    return Drill.objects.filter(own | (Q(team__in=actor.teams_where(Action.MANAGE)) & ~Q(pk__in=practised))).order_by()


# --- Drills ----------------------------------------------------------------------------------------------------------
def visible_to(actor: Actor) -> QuerySet[Drill]:
    """Drills. A surprise that is planned is known only to whoever facilitates or planned it, and to the team's managers."""
    rows = Drill.objects.select_related("team", "scenario__team", "facilitator", "incident")
    if not actor.may(Action.SEE):
        return rows.none()
    if actor.is_system or actor.may(Action.MANAGE):
        return rows
    told = ~Q(state__in=(Drill.State.PLANNED, Drill.State.CALLED_OFF)) | Q(surprise=False)
    if actor.person is not None:
        told |= Q(facilitator=actor.person) | Q(planned_by=actor.person)
    return rows.filter(told | Q(team__in=actor.teams_where(Action.MANAGE)))


def drill_for(actor: Actor, pk: int) -> Drill:
    """One drill. :raises NotFound: there is none that ``actor`` may know of."""
    return one(visible_to(actor), "drill", pk=pk)


def inject_for(actor: Actor, pk: int) -> DrillInject:
    """One inject of a drill that ``actor`` runs. :raises NotFound: there is none."""
    found = DrillInject.objects.select_related("drill__team").filter(pk=pk).first()
    if found is None or not runs(actor, drill_for(actor, found.drill_id)):
        raise NotFound(
            f"There is no inject {pk}, or you may not know of it.", field="inject", value=pk, fix="See its drill."
        )
    return found


def takes_part(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` is one of those who practise."""
    return actor.person is not None and drill.participants.filter(pk=actor.person.pk).exists()


def runs(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` sees what comes and decides it: whoever facilitates, and the team's managers who do not take part."""
    if actor.is_system:
        return True
    if actor.person is None:
        return False
    if drill.facilitator_id == actor.person.pk:
        return actor.may(Action.DECLARE)
    return actor.may(Action.MANAGE, drill.team) and not takes_part(actor, drill)


def may_stop(actor: Actor, drill: Drill) -> bool:
    """Anybody who has to do with it: a drill that goes wrong waits for nobody."""
    return runs(actor, drill) or takes_part(actor, drill) or actor.may(Action.RESPOND, drill.team)


def reads_all(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` reads what the drill is about: whoever runs it, and everybody once it has ended."""
    return drill.is_over or runs(actor, drill)


def name_for(actor: Actor, drill: Drill) -> str:
    """What a drill is called for ``actor``: its scenario's name gives away what happens."""
    return drill.scenario.name if reads_all(actor, drill) else f"Drill of {drill.team}"
