"""Reads about people, teams, tokens and the audit trail."""

from __future__ import annotations

import json
from datetime import timedelta

from allauth.socialaccount.models import SocialAccount
from django.db.models import QuerySet

from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.errors import NotFound, NotSignedIn
from ..kernel.finding import one
from ..kernel.numbers import whole
from ..kernel.prepared import prepared
from ..kernel.signing import fingerprint
from .actors import Actor
from .models import ApiToken, AuditRecord, GroupGrant, IdentityProvider, Installation, Membership, Person, Team
from .roles import Action, Role
from .vouched import Grant, speaks_for

_USED_EVERY = timedelta(minutes=5)


def actor_of_token(key: str, *, address: str = "") -> Actor:
    """Whoever an API token acts for.

    :raises NotSignedIn: unknown, expired or revoked token, or its person has left.
    """
    now = clock.now()
    token = next(iter(_tokens_with(fingerprint(key))), None)
    if (
        token is None
        or token.revoked_at
        or (token.expires_at and token.expires_at <= now)
        or not token.person.is_active
    ):
        raise NotSignedIn("This API token is unknown, expired or revoked.", fix="Make a new one under your profile.")
    if token.used_at is None or now - token.used_at > _USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)
    return Actor(
        kind="token",
        name=f"{token.person} by token {token.name}",
        person=token.person,
        scope=token.scope,
        address=address,
    )


@prepared  # each request of a program asks it
def _tokens_with(key_hash: str) -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("person").filter(key_hash=key_hash)


def person_by(reference: str | int) -> Person:
    """A person by id or e-mail address.

    :raises NotFound: nobody has it.
    """
    text = str(reference)
    number = whole(text)
    found = Person.objects.filter(email__iexact=text) if number is None else Person.objects.filter(pk=number)
    person = found.first()
    if person is None:
        raise NotFound(
            f"There is nobody with the address or number {text!r}.",
            field="person",
            value=text,
            fix="See `watchroom people`.",
        )
    return person


def active_person(written: str) -> Person | None:
    """Whoever has this number and is still here; None: nobody, or it is no number."""
    number = whole(written)
    return None if number is None else Person.objects.filter(is_active=True, pk=number).first()


def team_by(slug: str) -> Team:
    """A team by its slug.

    :raises NotFound: there is none.
    """
    return one(Team.objects.all(), "team", slug=slug)


def numbers_of_team(slug: str) -> list[int]:
    """The number of the team with this slug; empty where there is none. What is a team's is looked for by its number: then
    the database knows whether that is much or little, and reads it in the right order."""
    return list(Team.objects.filter(slug=slug).values_list("pk", flat=True))


def audit_visible_to(actor: Actor) -> QuerySet[AuditRecord]:
    """Audit records that ``actor`` may read: administrators all, others those of their teams and their own."""
    records = AuditRecord.objects.select_related("person", "team")
    if actor.may(Action.ADMINISTER):
        return records
    own = records.filter(person=actor.person) if actor.person else records.none()
    return own | records.filter(team__in=actor.teams_where(Action.MANAGE))


def is_set_up() -> bool:
    """Whether the first account has been made."""
    return (
        Person.objects.filter(is_demo=False).exists() or Installation.objects.filter(set_up_at__isnull=False).exists()
    )


def people_visible_to(actor: Actor) -> QuerySet[Person]:
    """People whom ``actor`` may read about: everybody who is signed in sees all, also those who have left."""
    return Person.objects.prefetch_related("memberships__team") if actor.may(Action.SEE) else Person.objects.none()


def teams_visible_to(actor: Actor) -> QuerySet[Team]:
    """Teams that ``actor`` may read about: everybody who is signed in sees all."""
    return Team.objects.prefetch_related("memberships__person") if actor.may(Action.SEE) else Team.objects.none()


def person_for(actor: Actor, pk: int) -> Person:
    """One of the people whom ``actor`` may read about.

    :raises NotFound: nobody has this number.
    """
    return one(people_visible_to(actor), "person", pk=pk)


def team_for(actor: Actor, slug: str) -> Team:
    """One of the teams that ``actor`` may read about.

    :raises NotFound: there is none of this name.
    """
    return one(teams_visible_to(actor), "team", slug=slug)


def managers_of(team: Team) -> list[Person]:
    """Who answers for a team: its managers; where it has none, everybody in it."""
    members = list(Membership.objects.filter(team=team, person__is_active=True).select_related("person").order_by("id"))
    managers = [each.person for each in members if each.role >= Role.MANAGER]
    return managers or [each.person for each in members]


def tokens_visible_to(actor: Actor) -> QuerySet[ApiToken]:
    """API tokens that ``actor`` may know of: their own, and all for an administrator. Never their keys."""
    tokens = ApiToken.objects.select_related("person")
    if actor.may(Action.ADMINISTER):
        return tokens
    return tokens.filter(person=actor.person) if actor.person else tokens.none()


def providers_visible_to(actor: Actor) -> QuerySet[IdentityProvider]:
    """Identity providers, with what they are set up by: administrators alone."""
    actor.require(Action.ADMINISTER)
    return IdentityProvider.objects.all()


def provider_for(actor: Actor, slug: str) -> IdentityProvider:
    """One of the identity providers.

    :raises NotFound: there is none of this name.
    """
    return one(providers_visible_to(actor), "identity provider", slug=slug)


def missing_of(provider: IdentityProvider) -> list[str]:
    """What a provider still lacks before anybody can sign in by it, in words."""
    named = {"entity ID": provider.entity_id, "sign-in address": provider.sso_url, "certificate": provider.certificates}
    return [name for name, value in named.items() if not value]


def domains_by_provider() -> dict[str, list[str]]:
    """The providers that are switched on, by the name under which allauth keeps whom they know, with the domains of the addresses
    that they may speak for (none: all)."""
    found = dict(IdentityProvider.objects.filter(enabled=True).values_list("slug", "domains"))
    if conf.current().oidc:
        found["oidc"] = json.loads(conf.current().oidc).get("domains") or []
    return found


def is_single_sign_on_only() -> bool:
    """Whether that is switched on; it holds as :func:`passwords_are_off` says."""
    return Installation.objects.filter(pk=1, single_sign_on_only=True).exists()


def passwords_are_off() -> bool:
    """Whether all but administrators come in by an identity provider alone. Nobody is locked out where none is switched on."""
    return is_single_sign_on_only() and bool(domains_by_provider())


def comes_by_provider_alone(person: Person) -> bool:
    """Whether ``person`` comes in by no password, and no passkey."""
    return person.role < Role.ADMINISTRATOR and passwords_are_off()


def administrators_come_in() -> bool:
    """Whether an administrator has come in by a provider that is switched on, and may speak for them."""
    domains = domains_by_provider()
    known = SocialAccount.objects.filter(
        provider__in=domains, user__role=Role.ADMINISTRATOR, user__is_active=True
    ).values_list("provider", "user__email")
    return any(speaks_for(domains[provider], email) for provider, email in known)


def addresses_of(provider: IdentityProvider) -> dict[str, str]:
    """What the provider has to be given: ``entity_id`` (audience; our metadata lie there, too) and ``acs_url``."""
    ours = f"{conf.current().url}/account/saml/{provider.slug}"
    return {"entity_id": f"{ours}/metadata", "acs_url": f"{ours}/acs"}


def grants() -> list[Grant]:
    """What groups give."""
    rows = GroupGrant.objects.values_list("group", "role", "team_id")
    return [Grant(group, Role(role), team) for group, role, team in rows]


def grants_visible_to(actor: Actor) -> QuerySet[GroupGrant]:
    """What groups give: administrators alone."""
    actor.require(Action.ADMINISTER)
    return GroupGrant.objects.select_related("team")
