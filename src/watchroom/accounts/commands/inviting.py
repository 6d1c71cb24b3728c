"""Several people at once: added, put into a team, and invited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from ...kernel.errors import Conflict
from ..actors import Actor
from ..models import Membership, Person, Team
from ..roles import Action, Role
from .invitations import Invitation, invite
from .people import checked_role, create_person
from .teams import set_member


@dataclass(frozen=True)
class Invited:
    """Somebody who was named. ``invitation`` is None for whoever has signed in before."""

    person: Person
    new: bool
    invitation: Invitation | None


def invite_several(
    by: Actor,
    named: Sequence[tuple[str, str]],
    *,
    role: int | str = Role.RESPONDER,
    timezone: str = "UTC",
    team: Team | None = None,
) -> list[Invited]:
    """Add everybody of ``named`` (names and addresses) who is not here yet, all of them or nobody; put all into ``team``, where
    nobody's role in it is changed; and make an invitation for each who has never signed in.

    :raises Conflict: one of them has left.
    """
    by.require(Action.ADMINISTER)
    wanted = checked_role(role)
    here = {each.email.lower(): each for each in Person.objects.filter(email__in=[address for _, address in named])}
    people = []
    with transaction.atomic():
        for name, address in named:
            person = here.get(address) or create_person(by, email=address, name=name, role=wanted, timezone=timezone)
            if not person.is_active:
                raise Conflict(
                    f"{person} has left.",
                    field="people",
                    value=address,
                    fix="Activate their account, or leave them out.",
                )
            if team is not None and not Membership.objects.filter(team=team, person=person).exists():
                set_member(by, team, person, min(wanted, Role.MANAGER))
            people.append(person)
    found, mail = [], True
    for person in people:
        made = None if person.last_login else invite(by, person, mail=mail)
        mail = mail and (made is None or made.mailed)  # a mail server that is away is not waited for again
        found.append(Invited(person, person.email not in here, made))
    return found
