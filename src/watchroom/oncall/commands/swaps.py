"""Swaps: somebody asks to be covered, and whoever takes the shift has it at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.db import claimable, locked
from ...kernel.errors import Conflict, NotAllowed, Refused
from .. import queries
from ..models import Override, Schedule, Swap
from .overrides import add_override
from .worked import LONGEST

BATCH = 200


def offer_swap(
    by: Actor,
    schedule: Schedule,
    *,
    starts_at: datetime,
    ends_at: datetime,
    to: Sequence[Person] | None = None,
    reason: str = "",
    expires_at: datetime | None = None,
    person: Person | None = None,
) -> Swap:
    """``by`` asks to be covered from ``starts_at`` to ``ends_at``; ``to`` None asks everybody who could. A manager of the
    team may ask for another ``person``.

    It expires when the time begins, or when it ends if it has begun already.

    :raises Refused: they aren't on call then, the time is over, or there is nobody to ask.
    """
    now = clock.now()
    needs = Action.SEE if person is None or (by.person and by.person.pk == person.pk) else Action.MANAGE
    person = person or _person(by)
    who = "You are" if needs == Action.SEE else f"{person} is"
    if ends_at <= max(starts_at, now) or ends_at - starts_at > LONGEST:
        raise Refused(
            "That time is over, or ends before it begins, or is longer than a year.",
            field="ends_at",
            value=ends_at,
            fix="Choose a time ahead.",
        )
    expires_at = expires_at or (starts_at if starts_at > now else ends_at)
    if not now < expires_at <= ends_at:
        raise Refused(
            "An offer expires in the future, and before its time is over.",
            field="expires_at",
            value=expires_at,
            fix="Leave it empty, or choose an earlier time.",
        )
    with change(by, "swap.offered", schedule, needs=needs, team=schedule.team_id) as made:
        locked(Schedule.objects.filter(pk=schedule.pk)).get()
        if not any(shift.person == person.pk for shift in queries.shifts(schedule, max(starts_at, now), ends_at)):
            raise Refused(
                f"{who} not on call then, so there is nothing to hand over.",
                field="starts_at",
                value=starts_at,
                fix="Choose one of their shifts." if needs == Action.MANAGE else "Choose one of your own shifts.",
            )
        if Swap.objects.filter(
            schedule=schedule,
            offered_by=person,
            state=Swap.State.OFFERED,
            starts_at__lt=ends_at,
            ends_at__gt=starts_at,
        ).exists():
            raise Conflict(
                "Cover in this time has been asked for already.", field="starts_at", fix="Withdraw that offer first."
            )
        asked = [each for each in (to if to is not None else queries.candidates(schedule)) if each.pk != person.pk]
        asked = [each for each in asked if each.is_active]
        if not asked:
            raise Refused(
                "There is nobody to ask.", field="to", value=[], fix="Add people to the team, or name somebody."
            )
        row = Swap.objects.create(
            schedule=schedule,
            starts_at=starts_at,
            ends_at=ends_at,
            offered_by=person,
            reason=reason.strip()[:200],
            expires_at=expires_at,
            created_at=made.at,
        )
        row.offered_to.set(asked)
        made.note(swap=row.pk, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat(), asked=len(asked))
        made.touch("schedules", f"schedule:{schedule.pk}", *(f"person:{each.pk}" for each in asked))
        made.due()
    return row


def take_swap(by: Actor, swap: Swap) -> Override:
    """``by`` takes the shift: the swap is taken and the override written in one transaction.

    :raises Conflict: somebody else was faster, or it is no longer offered.
    """
    person = _person(by)
    with change(by, "swap.taken", swap.schedule, needs=Action.RESPOND, team=swap.schedule.team_id) as made:
        row = _open(swap)
        if row.offered_by_id == person.pk:
            raise Refused("This is your own shift.", field="swap", value=row.pk, fix="Withdraw the offer instead.")
        override = add_override(
            by,
            row.schedule,
            person=person,
            replaces=row.offered_by,
            starts_at=max(row.starts_at, made.at),
            ends_at=row.ends_at,
            reason=f"Swap: {row.reason}" if row.reason else "Swap",
            kind=Override.Kind.SWAP,
        )
        row.state, row.taken_by, row.override, row.ended_at = Swap.State.TAKEN, person, override, made.at
        row.save(update_fields=["state", "taken_by", "override", "ended_at"])
        made.note(swap=row.pk, offered_by=str(row.offered_by), override=override.pk)
        made.touch("schedules", f"schedule:{row.schedule_id}", f"person:{row.offered_by_id}")
    swap.refresh_from_db()
    return override


def decline_swap(by: Actor, swap: Swap) -> bool:
    """``by``, who was asked, can't cover; the others still may. Gives whether anybody who was asked is left that has not
    declined.

    :raises NotAllowed: they were not asked.
    """
    person = _person(by)
    with change(by, "swap.declined", swap.schedule, needs=Action.SEE) as made:
        row = _open(swap)
        if row.offered_by_id == person.pk:
            raise Refused("This is your own offer.", field="swap", value=row.pk, fix="Withdraw it instead.")
        if not row.offered_to.filter(pk=person.pk).exists():
            raise NotAllowed("You were not asked to cover this shift.", fix="Those who were asked can say no.")
        row.declined_by.add(person)
        made.note(swap=row.pk)
        made.touch(f"schedule:{row.schedule_id}", f"person:{person.pk}", f"person:{row.offered_by_id}")
        refused = row.declined_by.values("pk")
        return row.offered_to.filter(is_active=True).exclude(pk__in=refused).exists()


def withdraw_swap(by: Actor, swap: Swap) -> None:
    """Nobody need cover any more. For whoever asked, and for managers of the team."""
    with change(by, "swap.withdrawn", swap.schedule, needs=Action.SEE) as made:
        row = _open(swap)
        if (by.person is None or by.person.pk != row.offered_by_id) and not by.may(Action.MANAGE, row.schedule.team):
            raise NotAllowed("This is somebody else's offer.", fix="Ask them, or a manager of the team.")
        row.state, row.ended_at = Swap.State.WITHDRAWN, made.at
        row.save(update_fields=["state", "ended_at"])
        made.note(swap=row.pk)
        made.touch("schedules", f"schedule:{row.schedule_id}")


def expire_swaps() -> list[Swap]:
    """End the offers whose time has come, and give those that ended."""
    with change(SYSTEM, "swap.expired", None, needs=Action.SEE) as made:
        rows = list(
            claimable(
                Swap.objects.filter(state=Swap.State.OFFERED, expires_at__lte=made.at)
                .select_related("schedule", "offered_by")
                .order_by("id")
            )[:BATCH]
        )
        for row in rows:
            row.state, row.ended_at = Swap.State.EXPIRED, made.at
            row.save(update_fields=["state", "ended_at"])
            made.touch("schedules", f"schedule:{row.schedule_id}", f"person:{row.offered_by_id}")
        made.note(swaps=[row.pk for row in rows])
    return rows


def take_shift(
    by: Actor,
    schedule: Schedule,
    *,
    person: Person | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Override:
    """``by`` takes over ``person``'s shift without being asked, from now on where it has begun. Without a person it is the one
    who is on call at ``starts_at`` (left out: now); without an end, to the end of their shift.

    :raises Refused: nobody, or several people, or not this person, is on call then.
    """
    me = _person(by)
    starts_at = max(starts_at or clock.now(), clock.now())
    if person is None:
        there = [each for each in queries.who(schedule, starts_at) if each.pk != me.pk]
        if len(there) != 1:
            raise Refused(
                "Nobody else is on call then." if not there else "Several people are on call then.",
                field="person",
                value=[str(each) for each in there],
                fix="Choose another time." if not there else "Say from whom you take over.",
            )
        person = there[0]
    if ends_at is None:
        ends_at = queries.until(schedule, person, starts_at)
        if ends_at is None:
            raise Refused(
                f"{person} is not on call then.", field="person", value=person.pk, fix="See who is on call, and when."
            )
    return add_override(
        by,
        schedule,
        person=me,
        replaces=person,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="Took the shift",
        kind=Override.Kind.TAKEN,
    )


def cover(by: Actor, schedule: Schedule, *, person: Person, length: timedelta | None = timedelta(hours=1)) -> Override:
    """``person`` covers for ``by`` from now for a while, at most for the rest of the shift; with ``length`` None until its end.

    :raises Refused: ``by`` isn't on call now.
    """
    me, now = _person(by), clock.now()
    until = queries.until(schedule, me, now)
    if until is None:
        raise Refused(
            "You are not on call in this schedule now.",
            field="schedule",
            value=schedule.slug,
            fix="Ask for cover of a shift ahead instead.",
        )
    return add_override(
        by,
        schedule,
        person=person,
        replaces=me,
        starts_at=now,
        ends_at=until if length is None else min(until, now + length),
        reason="Cover for a while" if length else "Cover for the rest of the shift",
        kind=Override.Kind.COVER,
    )


def _person(by: Actor) -> Person:
    if by.person is None:
        raise NotAllowed("Only a person can do this.", fix="Sign in, or use a person's token.")
    return by.person


def _open(swap: Swap) -> Swap:
    row = locked(Swap.objects.filter(pk=swap.pk)).select_related("schedule__team", "offered_by").get()
    if row.state != Swap.State.OFFERED or row.expires_at <= clock.now():
        word = Swap.State(row.state).label.lower() if row.state != Swap.State.OFFERED else "expired"
        raise Conflict(
            f"This offer is no longer open: it is {word}.", field="swap", value=row.pk, fix="See the schedule."
        )
    return row
