"""Teams and who is in them."""

from __future__ import annotations

from django.db.models import ProtectedError

from ...kernel.errors import Conflict, NotFound, Refused
from ..actors import Actor
from ..changes import change
from ..held import CLOSE_IT, history_of, owned_by
from ..models import Membership, Person, Team
from ..roles import Action, Role
from ..rules import checked_name, checked_slug
from .people import checked_role


def save_team(by: Actor, team: Team | None, *, name: str, slug: str | None = None, description: str = "") -> Team:
    """Create a team (administrators) or change it (its managers).

    :raises Conflict: another team has this slug.
    """
    row = team or Team()
    verb, needs = ("changed", Action.MANAGE) if team else ("created", Action.ADMINISTER)
    name = checked_name(name)
    slug = checked_slug(slug, name, row.slug)
    with change(by, f"team.{verb}", row, needs=needs, team=team) as made:
        if Team.objects.filter(slug=slug).exclude(pk=row.pk).exists():
            raise Conflict(f"There is already a team {slug!r}.", field="slug", value=slug, fix="Choose another name.")
        row.name, row.slug, row.description = name, slug, description.strip()
        row.save()
        made.note(name=name, slug=slug)
        made.touch("teams", f"team:{row.pk}")
    return row


def delete_team(by: Actor, team: Team) -> None:
    """Delete a team that owns nothing and has no history.

    :raises Conflict: it owns something, which is named; or it has alerts or incidents, also those of drills: they stay, and so
        does the team.
    """
    with change(by, "team.deleted", None, needs=Action.ADMINISTER) as made:
        made.note(name=team.name, slug=team.slug)
        made.touch("teams", f"team:{team.pk}")
        history = history_of(team)
        if history:
            raise Conflict(f"The team {team} has a history, which stays: {history}.", field="team", value=team.slug, fix=CLOSE_IT)  # fmt: skip
        owned, count = owned_by(team)
        try:
            if not count:
                team.delete()
        except ProtectedError:  # somebody has given it something meanwhile
            owned, count = owned_by(team)
            if not count:
                raise Conflict(
                    f"Something has just come to the team {team}.",
                    field="team",
                    value=team.slug,
                    fix="Look at it again.",
                ) from None
        if count:
            more = f" and {count - len(owned)} more" if count > len(owned) else ""
            raise Conflict(
                f"This team still owns {', '.join(owned)}{more}.",
                field="team",
                value=team.slug,
                fix="Delete these first, or give them to another team.",
            )


def set_member(by: Actor, team: Team, person: Person, role: int | str = Role.RESPONDER) -> Membership:
    """Put a person into a team, or change their role in it.

    :raises Refused: there is no such role in a team, or the person has left.
    """
    wanted = checked_role(role)
    if wanted > Role.MANAGER:
        raise Refused(
            "A team has no administrators.", field="role", value=wanted.word, fix="Use viewer, responder or manager."
        )
    if not person.is_active:
        raise Refused(f"{person} has left.", field="person", value=person.pk, fix="Activate their account first.")
    with change(by, "team.member_set", team, needs=Action.MANAGE, team=team) as made:
        row, _ = Membership.objects.update_or_create(team=team, person=person, defaults={"role": wanted})
        made.note(person=str(person), person_id=person.pk, role=wanted.word)
        made.touch("teams", f"team:{team.pk}", f"person:{person.pk}")
    return row


def remove_member(by: Actor, team: Team, person: Person) -> None:
    """Take a person out of a team. Everybody may leave a team themselves.

    :raises NotFound: they are not in it.
    """
    own = by.person is not None and by.person.pk == person.pk
    with change(by, "team.member_removed", team, needs=Action.DECLARE if own else Action.MANAGE, team=team) as made:
        deleted, _ = Membership.objects.filter(team=team, person=person).delete()
        if not deleted:
            raise NotFound(f"{person} is not in {team}.", field="person", value=person.pk, fix="See the team's page.")
        made.note(person=str(person), person_id=person.pk)
        made.touch("teams", f"team:{team.pk}", f"person:{person.pk}")
