"""A lack is put off until a day, with a reason, or taken up again; and from when on something counts as lacking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.db import locked
from ...kernel.errors import NotFound, Refused
from ..models import Lack, ReadinessThresholds, Standing, Turn
from ..rules.facts import MOST, Thresholds
from .looking import count, look_at

LONGEST = timedelta(days=180)


def put_off(by: Actor, team: Team | None, key: str, *, until: date, reason: str) -> Lack:
    """Leave something that is lacking until a day; it stays in the list, and comes back. ``team`` None: of the installation,
    which takes an administrator.

    :raises NotFound: nothing of that key is lacking.
    :raises Refused: no reason, or no day within half a year.
    """
    reason, today = " ".join(reason.split()), clock.now().date()
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    by.require(needs, team)
    if not reason or len(reason) > 300:
        raise Refused(
            "It is put off for a reason.",
            field="reason",
            value=reason[:40],
            fix="Say in 300 characters why it can wait.",
        )
    if not today < until <= today + LONGEST:
        raise Refused(
            "It can't be put off for good.",
            field="until",
            value=until.isoformat(),
            fix=f"Use a day after today and within {LONGEST.days} days.",
        )
    with change(by, "lack.put_off", team, needs=needs, team=team) as made:
        row = _open(team, key)
        row.put_off_until, row.put_off_reason, row.put_off_at, row.put_off_by = until, reason, made.at, by.person
        row.save()
        made.note(key=row.key, until=until.isoformat(), reason=reason)
        _count(team)
    return row


def take_up(by: Actor, team: Team | None, key: str) -> Lack:
    """What was put off is to be mended now after all.

    :raises NotFound: nothing of that key is lacking.
    """
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    with change(by, "lack.taken_up", team, needs=needs, team=team) as made:
        row = _open(team, key)
        row.put_off_until, row.put_off_reason, row.put_off_at, row.put_off_by = None, "", None, None
        row.save()
        made.note(key=row.key)
        _count(team)
    return row


def set_thresholds(by: Actor, given: Mapping[str, int] | None) -> Thresholds:
    """From when on something counts as lacking; what is left out keeps its value. None: all as Watchroom comes.

    :raises Refused: no such threshold, or not a number that it can have.
    """
    for name, value in (given or {}).items():
        if name not in MOST:
            raise Refused("There is no such threshold.", field=name, value=value, fix=f"Use {', '.join(MOST)}.")
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST[name]:
            raise Refused(
                "That threshold is not accepted.",
                field=name,
                value=value,
                fix=f"Use a whole number from 0 (not looked at) to {MOST[name]}.",
            )
    with change(by, "readiness.thresholds_set", needs=Action.ADMINISTER) as made:
        row = ReadinessThresholds.objects.filter(pk=1).first() or ReadinessThresholds(pk=1)
        row.values = {} if given is None else asdict(row.said) | dict(given)
        row.save()
        made.note(**asdict(row.said))
        Standing.objects.update(looked_at=None)  # all are looked at anew
        Turn.objects.update_or_create(what=Turn.What.LOOK, defaults={"due_at": made.at})
        made.due()
    return row.said


def _open(team: Team | None, key: str) -> Lack:
    look_at([team])  # what was seen on a page may not have been written down yet
    row = locked(Lack.objects.filter(team=team, key=key, gone_at__isnull=True)).first()
    if row is None:
        raise NotFound(
            "That is not lacking.", field="key", value=key, fix="See what is, and its key: `watchroom readiness`."
        )
    return row


def _count(team: Team | None) -> None:
    count(list(locked(Standing.objects.filter(team=team))), clock.now())
