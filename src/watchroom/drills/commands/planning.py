"""Planning a drill: when, who facilitates, who takes part, whom it pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Membership, Person, Team
from ...accounts.roles import Action, Role
from ...intake.trying import try_labels
from ...kernel import clock
from ...kernel.checks import chosen
from ...kernel.errors import NotFound, Refused
from ...paging.wording import stamp
from .. import library, queries
from ..models import Drill, Scenario
from ._shared import labels_of, must_be, running, tell, touch

State = Drill.State
FARTHEST = timedelta(days=366)


def _checked(
    by: Actor, scenario: Scenario, facilitator: Person, people: list[Person], at: datetime, pages: str, surprise: bool
) -> None:
    team = scenario.team
    if surprise:
        by.require(Action.MANAGE, team)
    if at.tzinfo is None or not -timedelta(hours=1) <= at - clock.now() <= FARTHEST:
        raise Refused("That is no time for a drill.", field="planned_for", value=at.isoformat(), fix="Use a time, with its zone, from now on and within a year.")  # fmt: skip
    chosen(pages, Drill.Pages.values, "way to page", field="pages")
    for person in (facilitator, *people):
        if not person.is_active:
            field = "facilitator" if person == facilitator else "participants"
            raise Refused(f"{person} has left.", field=field, value=person.email, fix="Name somebody who is here.")
    if facilitator in people:
        raise Refused("Whoever facilitates knows what comes and can't take part.", field="participants", value=facilitator.email, fix="Leave them out, or let somebody else facilitate.")  # fmt: skip
    if pages == Drill.Pages.PARTICIPANTS and not people:
        raise Refused("Nobody takes part.", field="participants", value=[], fix="Name who practises, or page by the policy.")  # fmt: skip


def may_page(by: Actor, scenario: Scenario, pages: str) -> None:
    """By the policy its alerts page whoever their labels lead to: that takes somebody who responds there, as a drill through
    the routes does.

    :raises NotAllowed: they lead to a team for which ``by`` does not respond.
    :raises Refused: what is in the scenario makes no sense.
    """
    injects, _ = queries.content_of(scenario)
    if pages != Drill.Pages.POLICY:
        return
    words = library.words(scenario.team, list(scenario.services.all()))
    for inject in injects:
        if inject.kind == "alert":
            for end in try_labels(labels_of(inject, words)).ends:
                for found in (end.service, end.policy):
                    if found is not None and found.team is not None:
                        by.require(Action.RESPOND, found.team)


def plan(
    by: Actor,
    scenario: Scenario,
    *,
    facilitator: Person | None = None,
    participants: Iterable[Person] = (),
    planned_for: datetime | None = None,
    pages: str = Drill.Pages.PARTICIPANTS,
    surprise: bool = False,
) -> Drill:
    """Plan a practice of a scenario. Those who take part are told when, not what; a surprise tells nobody and takes a manager.

    :raises Refused: the time, somebody or something else is not accepted.
    """
    people, at = list({each.pk: each for each in participants}.values()), planned_for or clock.now()
    leads = facilitator or by.person
    if leads is None:
        raise Refused("Nobody facilitates.", field="facilitator", value=None, fix="Name somebody.")
    by.require(Action.RESPOND, scenario.team)
    if not queries.reads_inside(by, scenario) and leads == by.person:
        raise NotFound(queries.why_hidden(by, scenario), field="scenario", value=scenario.slug)
    _checked(by, scenario, leads, people, at, pages, surprise)
    may_page(by, scenario, pages)
    with change(by, "drill.planned", None, needs=Action.RESPOND, team=scenario.team) as made:
        drill = Drill.objects.create(
            scenario=scenario, team=scenario.team, facilitator=leads, pages=pages, surprise=surprise,
            planned_for=at, planned_by=by.person, planned_at=made.at,
        )  # fmt: skip
        drill.participants.set(people)
        made.subject = drill
        made.note(planned_for=at.isoformat(), surprise=surprise, pages=pages)
        touch(made, drill)
        _tell_of(by, drill, people)
    return drill


def members_to_practise(team: Team, facilitator: Person) -> list[Person]:
    """Who takes part when nobody says who: everybody who responds for a team, without whoever facilitates."""
    rows = Membership.objects.filter(team=team, role__gte=Role.RESPONDER, person__is_active=True)
    people = [each.person for each in rows.select_related("person").order_by("person__name")[:50]]
    return [person for person in people if person.pk != facilitator.pk]


def _tell_of(by: Actor, drill: Drill, people: list[Person]) -> None:
    when = stamp(drill.planned_for)
    soon = drill.planned_for - clock.now() < timedelta(minutes=5)
    if not drill.surprise and not soon:
        body = f"{drill.team} practises an incident at {when}. {drill.facilitator} facilitates. What happens you will see then."
        tell(drill, people, f"A drill is planned for {when}", body, once=f"planned:{when}")
    if by.person is None or drill.facilitator_id != by.person.pk:
        body = f"{by.name} has planned it: read the story, and start it when all are there."
        tell(drill, [drill.facilitator], f"You facilitate a drill at {when}", body, once=f"facilitates:{when}")


def change_plan(
    by: Actor,
    drill: Drill,
    *,
    facilitator: Person | None = None,
    participants: Iterable[Person] | None = None,
    planned_for: datetime | None = None,
    pages: str | None = None,
    surprise: bool | None = None,
) -> Drill:
    """Change what is given of a drill that has not begun.

    :raises Conflict: it has begun, or was called off.
    """
    with running(by, "drill.changed", drill) as (made, row):
        must_be(row, State.PLANNED)
        people = list(row.participants.all() if participants is None else participants)
        leads, at = facilitator or row.facilitator, planned_for or row.planned_for
        whom, hidden = pages or row.pages, row.surprise if surprise is None else surprise
        _checked(by, row.scenario, leads, people, max(at, clock.now()), whom, hidden and not row.surprise)
        if whom != row.pages:
            may_page(by, row.scenario, whom)
        moved = at != row.planned_for
        row.facilitator, row.planned_for, row.pages, row.surprise = leads, at, whom, hidden
        row.save(update_fields=["facilitator", "planned_for", "pages", "surprise"])
        row.participants.set(people)
        made.note(planned_for=at.isoformat(), surprise=hidden, pages=whom)
        if moved:
            _tell_of(by, row, people)
    return row


def call_off(by: Actor, drill: Drill) -> Drill:
    """It does not take place.

    :raises Conflict: it has begun, or was called off.
    """
    with running(by, "drill.called_off", drill) as (made, row):
        must_be(row, State.PLANNED)
        row.state, row.ended_at, row.ended_why = State.CALLED_OFF, made.at, f"called off by {by.name}"[:300]
        row.save(update_fields=["state", "ended_at", "ended_why"])
        if not row.surprise:
            tell(
                row,
                row.participants.all(),
                "The drill is called off",
                f"{by.name} has called it off.",
                once="called-off",
            )
    return row
