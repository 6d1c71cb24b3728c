"""What Watchroom would make of somebody for whom a provider vouches, in sentences: nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount

from ...kernel import settings as conf
from ..models import IdentityProvider, Membership, Person, Team
from ..queries import grants
from ..roles import Role
from ..vouched import Vouched, decide, speaks_for


@dataclass(frozen=True)
class Judged:
    """``comes_in``: whether they would be let in. ``sentences``: as whom, and what their groups would change."""

    comes_in: bool
    sentences: tuple[str, ...]


def whom(provider: IdentityProvider, who: Vouched) -> tuple[Person | None, bool]:
    """Whom an answer is about, and whether they are known by the provider's own name for them, and not by the address."""
    known = SocialAccount.objects.filter(provider=provider.slug, uid=who.subject).select_related("user").first()
    person = known.user if known else Person.objects.filter(email__iexact=who.email).first()
    return person, known is not None


def judged(provider: IdentityProvider, who: Vouched) -> Judged:
    """What a sign-in by ``who`` would do."""
    person, known = whom(provider, who)
    said: list[str] = []
    if person is not None and not person.is_active:
        return Judged(False, (f"{person} has left here, and is not let in.",))
    for email in [who.email, *([person.email] if person else [])]:
        if not speaks_for(provider.domains, email):
            return Judged(
                False, (f"{provider} may not speak for {email}: its domains are {', '.join(provider.domains)}.",)
            )
    if person is None and not (provider.adds_people or conf.current().sign_up):
        return Judged(
            False,
            (
                f"Nobody here has the address {who.email}, and strangers are not added: an administrator adds them first, or "
                "ticks “Add people for whom it vouches”.",
            ),
        )
    if person is None:
        said.append(f"A new person is added: {who.name}, {who.email}, a viewer to begin with.")
    else:
        how = "known by the provider's own name for them" if known else "found by the address"
        said.append(f"They come in as {person} ({person.email}), {how}.")
    memberships = Membership.objects.filter(person=person).values_list("team_id", "role") if person else ()
    role = Role(person.role) if person else Role.VIEWER
    decided = decide(grants(), who.groups, role=role, teams={team: Role(each) for team, each in memberships})
    teams = Team.objects.in_bulk([*decided.joins, *decided.leaves])
    if decided.role is not None:
        said.append(f"Their role everywhere becomes {decided.role.word}.")
    said += [f"In the team {teams[team]} they become a {each.word}." for team, each in decided.joins.items()]
    said += [f"They leave the team {teams[team]}." for team in decided.leaves]
    if who.groups is None:
        said.append("It says nothing of groups, so roles and teams stay as they are.")
    elif decided.nothing:
        said.append("Their groups change nothing.")
    return Judged(True, tuple(said))
