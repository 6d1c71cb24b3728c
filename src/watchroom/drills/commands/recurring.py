"""Practice that comes again: every so many weeks a drill is planned by itself, with the next one facilitating."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.checks import chosen, within
from ...kernel.db import claimable
from ...kernel.errors import NotFound, Refused, WatchroomError
from ...oncall.rules.zones import check_zone
from .. import queries, rules
from ..models import Drill, PracticePlan, Scenario
from .planning import members_to_practise, plan

AHEAD = timedelta(days=6)  # so long before it is planned, and those who take part are told
MOST_WEEKS = 26


def save_practice(
    by: Actor,
    team: Team,
    *,
    weeks: int,
    next_at: datetime,
    facilitators: Iterable[Person],
    scenario: Scenario | None = None,
    pages: str = Drill.Pages.PARTICIPANTS,
    timezone: str = "UTC",
) -> PracticePlan:
    """Have a team practise every ``weeks`` weeks, from ``next_at`` on, by the clock of ``timezone``; the ``facilitators`` take
    turns. Without a ``scenario`` it is one by chance, of those not practised for long.

    :raises Refused: something is not accepted.
    """
    people = list({each.pk: each for each in facilitators}.values())
    within(weeks, 1, MOST_WEEKS, "rhythm", field="weeks", unit="weeks")
    if next_at.tzinfo is None or not timedelta(0) < next_at - clock.now() <= timedelta(days=366):
        raise Refused("That is no time for a drill.", field="next_at", value=next_at.isoformat(), fix="Use a time, with its zone, that lies ahead and within a year.")  # fmt: skip
    if not people:
        raise Refused("Nobody facilitates.", field="facilitators", value=[], fix="Name one, or several who take turns.")
    for person in people:
        if not person.is_active:
            raise Refused(
                f"{person} has left.", field="facilitators", value=person.email, fix="Name somebody who is here."
            )
    chosen(pages, Drill.Pages.values, "way to page", field="pages")
    if scenario is not None and scenario.team_id != team.pk:
        raise Refused(
            "That scenario is another team's.", field="scenario", value=scenario.slug, fix="Choose one of its own."
        )
    try:
        check_zone(timezone)
    except ValueError:
        raise Refused(
            "There is no such time zone.", field="timezone", value=timezone, fix="Such as Europe/Berlin."
        ) from None
    with change(by, "practice.changed", None, needs=Action.MANAGE, team=team) as made:
        row = PracticePlan.objects.filter(team=team).first() or PracticePlan(team=team)
        row.weeks, row.next_at, row.scenario, row.pages, row.timezone = weeks, next_at, scenario, pages, timezone
        row.facilitators, row.problem = [each.pk for each in people], ""
        row.due_at = max(made.at, next_at - AHEAD)
        row.save()
        made.note(weeks=weeks, next_at=next_at.isoformat())
        made.touch("drills")
        made.due()
    return row


def end_practice_plan(by: Actor, team: Team) -> None:
    """No drill is planned by itself any more; what is planned stays. :raises NotFound: there is none."""
    with change(by, "practice.ended", None, needs=Action.MANAGE, team=team) as made:
        if not PracticePlan.objects.filter(team=team).delete()[0]:
            raise NotFound("The team practises by no plan.", field="team", value=team.slug)
        made.touch("drills")


def plan_next() -> bool:
    """Plan one drill that is due to be planned, and say whether there was one. What stands against it is kept with the plan,
    and the next one comes all the same."""
    with transaction.atomic():
        now = clock.now()
        rows = PracticePlan.objects.select_related("team", "scenario__team").filter(due_at__lte=now)
        row = claimable(rows.order_by("due_at", "pk")).first()
        if row is None:
            return False
        row.problem = _plan(row)
        row.next_at = rules.after(row.next_at, row.weeks, row.timezone, now)
        row.due_at = max(now, row.next_at - AHEAD)
        row.save(update_fields=["problem", "next_at", "due_at", "turn"])
    return True


def _plan(row: PracticePlan) -> str:
    """Plan its next drill. Returns why not; empty: it is planned."""
    here = {each.pk: each for each in Person.objects.filter(pk__in=row.facilitators, is_active=True)}
    order = [here[pk] for pk in row.facilitators if pk in here]
    if not order:
        return "Nobody who facilitates is here any more."
    scenario = row.scenario or queries.by_chance(
        queries.scenarios_visible_to(SYSTEM).filter(team=row.team), Random(row.turn)
    )
    if scenario is None:
        return "The team has no scenario."
    leads = order[row.turn % len(order)]
    row.turn += 1
    if row.next_at < clock.now():
        return "Its time had passed when it was to be planned."
    try:
        with transaction.atomic():
            people = members_to_practise(row.team, leads)
            plan(SYSTEM, scenario, facilitator=leads, participants=people, planned_for=row.next_at, pages=row.pages)
    except WatchroomError as error:
        return str(error)[:300]
    return ""
