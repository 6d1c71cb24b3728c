"""Scenarios, and who may read what is in one."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from django.db.models import Max, Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.finding import one
from .. import rules
from ..models import Drill, Scenario
from .drills import AHEAD, run_by, visible_to


# --- Scenarios -------------------------------------------------------------------------------------------------------
def scenarios_visible_to(actor: Actor) -> QuerySet[Scenario]:
    """Scenarios; everybody who is signed in may know that there are any. What is in one: :func:`reads_inside`."""
    rows = Scenario.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def scenario_by(actor: Actor, slug: str) -> Scenario:
    """One scenario. :raises NotFound: there is none."""
    return one(scenarios_visible_to(actor), "scenario", slug=slug)


def reads_inside(actor: Actor, scenario: Scenario) -> bool:
    """Whether ``actor`` may read the story: whoever responds for its team, except who is about to practise it."""
    return scenario.pk in read_inside_by(actor, [scenario])


def read_inside_by(actor: Actor, scenarios: Iterable[Scenario]) -> set[int]:
    """Of which of ``scenarios`` ``actor`` may read the story (:func:`reads_inside`), by number. One statement."""
    may = {each.pk for each in scenarios if actor.may(Action.RESPOND, each.team_id)}
    if actor.person is None or not may:
        return may
    return may - set(_to_practise(actor.person).filter(scenario__in=may).values_list("scenario", flat=True))


def _to_practise(person: Person) -> QuerySet[Drill]:
    """What somebody is about to practise."""
    return Drill.objects.filter(state__in=AHEAD, participants=person).exclude(facilitator=person).order_by()


def why_hidden(actor: Actor, scenario: Scenario) -> str:
    """Why ``actor`` does not read what is in a scenario. A surprise is not given away: until it has begun whoever will
    practise it is told what everybody is told who does not respond for the team."""
    if actor.person is not None and actor.may(Action.RESPOND, scenario.team):
        told = _to_practise(actor.person).filter(scenario=scenario)
        if told.exclude(surprise=True, state=Drill.State.PLANNED).exists():
            return "You are about to practise this: what happens in it you will see then."
    return f"What happens in it is read by whoever prepares the practice of {scenario.team}."


def content_of(scenario: Scenario) -> tuple[tuple[rules.Inject, ...], tuple[rules.Expectation, ...]]:
    """What is in a scenario. :raises Refused: it makes no sense as it was saved by an older version; says what to change."""
    try:
        return rules.injects_of(scenario.injects), rules.expectations_of(scenario.expectations)
    except rules.Wrong as wrong:
        raise Refused(
            f"The scenario “{scenario}” can't be practised as it is: {wrong.message}",
            field=wrong.field,
            value=wrong.value,
            fix=f"{wrong.fix} Change it at /drills/scenarios/{scenario.slug}/edit and save it.",
        ) from None


def practices_shown(actor: Actor, scenario: Scenario, most: int = 30) -> list[Drill]:
    """The drills that its page names, the newest first: what has ended, and what ``actor`` runs. Any other would say what
    those who take part are about to practise."""
    rows = visible_to(actor).filter(scenario=scenario).exclude(state=Drill.State.CALLED_OFF).order_by("-id")
    if not actor.is_system:
        rows = rows.filter(Q(state=Drill.State.ENDED) | Q(pk__in=run_by(actor)))
    return list(rows[:most])


def by_chance(scenarios: QuerySet[Scenario], chance: Random) -> Scenario | None:
    """The wheel of misfortune: one of those that were practised least recently, by chance; never the last one again where
    there is another."""
    last = Max("drills__ended_at", filter=Q(drills__state=Drill.State.ENDED))
    rows = list(scenarios.annotate(last=last).order_by("id")[:500])
    never = [row for row in rows if row.last is None]
    if not never:
        newest = max((row.last for row in rows), default=None)
        never = [row for row in rows if row.last != newest] or rows
    return chance.choice(never) if never else None
