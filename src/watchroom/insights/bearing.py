"""All that changes limits and crossings: setting them, noticing and telling, and taking what was proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Person, Team
from ..accounts.queries import managers_of
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.db import announce, claimable, locked
from ..kernel.errors import Conflict, NotAllowed, Refused
from ..oncall.commands import add_absence
from ..oncall.models import Swap
from ..oncall.rules import span_text
from ..paging.commands import notify
from ..paging.models import Notification
from .commands import fix_alert
from .limits import Handover, limits_of, may_answer, proposals
from .models import Crossing, TeamLimits
from .offers import offer
from .queries import pages_of, spans_of
from .rules.limits import MONTH, MOST, Carried, Crossed, Limits, crossed
from .rules.load import is_night

LOOK_EVERY = timedelta(hours=1)
BACK = timedelta(days=56)  # so that a stretch on call is seen whole


def set_limits(by: Actor, team: Team, given: Mapping[str, int] | None) -> Limits:
    """What a team bears; what is left out keeps its value. From then on whoever crosses one is told. ``None``: the defaults
    warn on its page, and nobody is told.

    :raises Refused: no such limit, or not a number that it can have.
    """
    for name, value in (given or {}).items():
        if name not in MOST:
            raise Refused("There is no such limit.", field=name, value=value, fix=f"Use {', '.join(MOST)}.")
        if not isinstance(value, int) or not 0 <= value <= MOST[name]:
            raise Refused(
                "That limit is not accepted.",
                field=name,
                value=value,
                fix=f"Use a whole number from 0 (no limit) to {MOST[name]}.",
            )
    with change(
        by, "limits.set" if given is not None else "limits.removed", team, needs=Action.MANAGE, team=team
    ) as made:
        if given is None:
            TeamLimits.objects.filter(team=team).delete()
            return Limits()
        wanted = {**asdict(limits_of(team)[0]), **given}
        TeamLimits.objects.update_or_create(team=team, defaults={**wanted, "due_at": made.at})
        made.note(**wanted)
        made.due()
    return Limits(**wanted)


def look() -> int:
    """Look whether somebody of the team that is due has crossed a limit, and tell them and its managers, once."""
    now = clock.now()
    with transaction.atomic():
        due = TeamLimits.objects.filter(due_at__lte=now).select_related("team").order_by("due_at", "id")
        row = claimable(due).first()
        if row is None:
            return 0
        row.due_at = now + LOOK_EVERY
        row.save(update_fields=["due_at"])
        _look_at(row.team, now)
    return 1


def _look_at(team: Team, now: datetime) -> None:
    limits, _ = limits_of(team)
    pages, spans = pages_of(team, now - MONTH, now), spans_of(team, now - BACK, now)
    by_person: dict[int, list[datetime]] = {}
    for page in sorted(pages, key=lambda each: each.at):
        by_person.setdefault(page.person, []).append(page.at)
    known: dict[int, dict[str, datetime]] = {}
    for number, kind, at in Crossing.objects.filter(team=team, noticed_at__gt=now - MONTH).values_list(
        "person_id", "kind", "noticed_at"
    ):
        known.setdefault(number, {}).setdefault(kind, at)  # the latest stands first
    people = Person.objects.filter(is_active=True).in_bulk(by_person.keys() | spans.keys())
    for pk, person in sorted(people.items()):
        own = Carried(by_person.get(pk, ()), spans.get(pk, ()), ZoneInfo(person.timezone), now, len(pages), len(people))
        for found in crossed(own, limits, is_night, known.get(pk, {})):
            _notice(team, person, found, now)


def _notice(team: Team, person: Person, found: Crossed, now: datetime) -> None:
    row = Crossing.objects.create(
        team=team,
        person=person,
        kind=found.kind,
        value=found.value,
        limit=found.limit,
        since=found.since,
        noticed_at=now,
        text=found.text,
    )
    tell = partial(notify, purpose=Notification.Purpose.REMINDER, path=f"/insights/limits/{row.pk}")
    tell(
        person,
        subject=f"That was too much on-call: {team}",
        body=f"{found.text} One press each: a rest day with cover, somebody for your next shift, the alerts to mend.",
        reason=f"limit-{row.pk}-own",
    )
    for manager in managers_of(team):
        if manager.pk != person.pk:
            tell(
                manager,
                subject=f"{person} carries too much in {team}",
                body=f"{found.text} See what would help.",
                reason=f"limit-{row.pk}-{manager.pk}",
            )
    announce({f"person:{person.pk}"})


def _open(by: Actor, row: Crossing) -> Crossing:
    if not may_answer(by, row):
        raise NotAllowed(f"This is for {row.person} and the team's managers.", fix="Ask them.")
    return locked(Crossing.objects.filter(pk=row.pk)).select_related("team", "person").get()


def accept_rest(by: Actor, row: Crossing) -> Crossing:
    """The rest day: the person is away, and for each of their shifts in it those who are rested are asked. They are still
    paged for a shift that nobody takes: whoever takes one is on call in their place.

    :raises Conflict: it has been taken already.
    """
    with change(by, "rest_day.taken", row.person, needs=Action.SEE) as made:
        own = _open(by, row)
        if own.absence_id is not None:
            raise Conflict("The rest day is entered already.", fix="See the person's absences.")
        found = proposals(own)
        (a, b), covered = found.rest, [each for each in found.rest_cover if each.candidates]
        own.absence = add_absence(
            by,
            own.person,
            starts_at=a,
            ends_at=b,
            reason="Rest day after on-call",
            paged=bool(found.rest_cover),  # others are only asked: until one of them takes it, it is theirs
        )
        own.save(update_fields=["absence"])
        own.swaps.add(*(_ask(by, own, each, "A rest day after too much on-call.") for each in covered))
        made.note(crossing=own.pk, day=a.date().isoformat(), shifts=len(found.rest_cover))
    row.refresh_from_db()
    return row


def accept_swap(by: Actor, row: Crossing) -> Crossing:
    """Ask those who are rested whether they take the person's next shift.

    :raises Conflict: there is none, nobody is free, or it has been asked already.
    """
    with change(by, "relief.asked", row.person, needs=Action.SEE) as made:
        own = _open(by, row)
        found = proposals(own).swap
        if found is None:
            raise Conflict(f"{own.person} has no shift ahead.", fix="There is nothing to hand over.")
        swap = _ask(by, own, found, "They carried too much lately.")
        own.swaps.add(swap)
        made.note(crossing=own.pk, swap=swap.pk)
    row.refresh_from_db()
    return row


def _ask(by: Actor, row: Crossing, what: Handover, reason: str) -> Swap:
    if not what.candidates:
        window = span_text(what.starts_at, what.ends_at, row.person.timezone)
        raise Conflict(
            f"Nobody is free for {what.schedule}, {window}.", fix="Add people to the schedule or its team, or override."
        )
    return offer(
        by,
        what.schedule,
        person=row.person,
        starts_at=what.starts_at,
        ends_at=what.ends_at,
        to=[each.person for each in what.candidates],
        reason=reason,
    )


def accept_fixes(by: Actor, row: Crossing) -> Crossing:
    """Make action items of the alerts that paged the person most; they belong to whoever presses.

    :raises Conflict: no alert stands out.
    """
    with change(by, "fixes.taken", row.person, needs=Action.SEE) as made:
        own = _open(by, row)
        found = proposals(own).fix
        if not found:
            raise Conflict("No alert paged them in this time.", fix="Look at how turns are shared instead.")
        items = [fix_alert(by, rule=rule, team=own.team) for rule, _ in found]
        own.fixes.add(*items)
        made.note(crossing=own.pk, items=[item.pk for item in items])
    row.refresh_from_db()
    return row


ACCEPT = {"rest_day": accept_rest, "swap": accept_swap, "fix": accept_fixes}


def close_crossing(by: Actor, row: Crossing) -> Crossing:
    """It is dealt with, or known. A second time changes nothing."""
    with change(by, "limit.closed", row.person, needs=Action.SEE) as made:
        own = _open(by, row)
        if own.closed_at is None:
            own.closed_at, own.closed_by = made.at, by.person
            own.save(update_fields=["closed_at", "closed_by"])
        made.note(crossing=own.pk)
    row.refresh_from_db()
    return row
