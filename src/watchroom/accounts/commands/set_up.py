"""The first run: the first administrator, and how far the walk has come."""

from __future__ import annotations

from typing import Any

from ...kernel.db import locked
from ...kernel.errors import Conflict
from ..actors import SYSTEM, Actor
from ..changes import change
from ..models import Installation, Person
from ..queries import is_set_up
from ..roles import Action, Role
from .people import create_person


def set_up(*, email: str, name: str, password: str, timezone: str = "UTC") -> Person:
    """Create the first administrator of a fresh installation.

    :raises Conflict: somebody exists already.
    :raises Refused: the address, name, password or time zone is not accepted.
    """
    with change(SYSTEM, "installation.set_up", None, needs=Action.ADMINISTER) as made:
        Installation.objects.get_or_create(pk=1, defaults={"created_at": made.at})
        row = locked(Installation.objects.filter(pk=1)).get()  # two at a time: the second waits here, and is refused
        if is_set_up():
            raise Conflict("Watchroom has been set up already.", fix="Sign in, or ask an administrator for an account.")
        person = create_person(
            SYSTEM, email=email, name=name, role=Role.ADMINISTRATOR, timezone=timezone, password=password
        )
        row.set_up_at = made.at
        row.save(update_fields=["set_up_at"])
        made.note(person=str(person))
    return person


def record_walk(by: Actor, **made_so_far: Any) -> dict[str, Any]:
    """Remember what the first-run walk has made (ids, by name), so that it can go on later."""
    with change(by, "installation.walked", None, needs=Action.ADMINISTER) as made:
        Installation.objects.get_or_create(pk=1, defaults={"created_at": made.at})
        row = locked(Installation.objects.filter(pk=1)).get()
        row.walk = row.walk | made_so_far
        row.save(update_fields=["walk"])
        made.note(**made_so_far)
    return dict(row.walk)


def finish_walk(by: Actor) -> None:
    """The walk is over; it does not come up by itself again."""
    record_walk(by, finished=True)
