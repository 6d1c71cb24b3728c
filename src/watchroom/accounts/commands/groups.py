"""What groups of an identity provider give, and giving it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import IntegrityError, transaction

from ...kernel.errors import Conflict, Refused
from ..actors import Actor
from ..changes import change
from ..models import GroupGrant, Membership, Person, Team
from ..queries import grants
from ..roles import Action, Role
from ..vouched import decide, same_group
from .people import change_person, checked_role
from .teams import remove_member, set_member


def save_grant(by: Actor, grant: GroupGrant | None, *, group: str, role: int | str, team: Team | None) -> GroupGrant:
    """Say what being in a group gives: a role everywhere, or one in ``team``. It holds from each person's next sign-in on.

    :raises Conflict: something is said of this group and team already.
    """
    text = " ".join(group.split())
    if not text or len(text) > 250:
        raise Refused(
            "This needs the name of a group.",
            field="group",
            value=group[:80],
            fix="Write it as your identity provider sends it; Try it shows the groups that it sends of you.",
        )
    wanted = checked_role(role)
    if team is not None and wanted > Role.MANAGER:
        raise Refused(
            "A team has no administrators.", field="role", value=wanted.word, fix="Use viewer, responder or manager."
        )
    row = grant or GroupGrant()
    with change(by, f"group_grant.{'changed' if row.pk else 'made'}", row, needs=Action.ADMINISTER) as made:
        row.group, row.role, row.team = text, wanted, team
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Conflict(
                f"What the group {text!r} gives there is said already.",
                field="group",
                value=text,
                fix="Change or delete that line.",
            ) from None
        made.note(group=text, role=wanted.word, team=team.slug if team else None)
    return row


def delete_grant(by: Actor, grant: GroupGrant) -> None:
    """The group gives this no more. What it gave stays until somebody takes it away, or another line decides about it."""
    with change(by, "group_grant.deleted", grant, needs=Action.ADMINISTER) as made:
        made.note(group=grant.group, role=Role(grant.role).word, team=grant.team.slug if grant.team else None)
        made.subject = None
        grant.delete()


def apply_groups(by: Actor, person: Person, groups: Iterable[str] | None, among: Collection[str] | None = None) -> None:
    """Give ``person`` what their groups give, and take away what groups decide about and theirs do not give. The last administrator
    stays one. ``among``: all groups that there are; what another one would give is not decided yet."""
    teams = {team: Role(role) for team, role in Membership.objects.filter(person=person).values_list("team_id", "role")}
    known = [each for each in grants() if among is None or any(same_group(each.group, name) for name in among)]
    decided = decide(known, groups, role=Role(person.role), teams=teams)
    if decided.nothing:
        return
    with transaction.atomic():
        if decided.role is not None:
            try:
                change_person(by, person, role=decided.role)
            except Conflict:  # nobody would be left to mend a wrong line
                pass
        rows = Team.objects.in_bulk([*decided.joins, *decided.leaves])
        for team, role in decided.joins.items():
            set_member(by, rows[team], person, role)
        for team in decided.leaves:
            remove_member(by, rows[team], person)
