"""What the API of people, teams, tokens and the audit trail takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from .models import ApiToken, AuditRecord, GroupGrant, IdentityProvider, Membership, Person, Team
from .queries import addresses_of
from .roles import Role

RoleWord = Literal["viewer", "responder", "manager", "administrator"]
TeamRoleWord = Literal["viewer", "responder", "manager"]


class PersonOut(Schema):
    """Somebody who signs in, is paged, or both."""

    id: int
    name: str
    email: str
    role: RoleWord = Field(description="The role everywhere; a team may give a higher one.")
    timezone: str = Field(description="IANA name.")
    is_active: bool = Field(description="False when they have left.")
    teams: list[str] = Field(description="Slugs.")
    joined_at: datetime

    @classmethod
    def of(cls, row: Person) -> PersonOut:
        """Of a person with prefetched memberships."""
        return cls(
            id=row.pk,
            name=row.name,
            email=row.email,
            role=Role(row.role).word,  # type: ignore[arg-type]
            timezone=row.timezone,
            is_active=row.is_active,
            teams=[each.team.slug for each in row.memberships.all()],
            joined_at=row.joined_at,
        )


class PersonIn(Schema):
    """A new person."""

    name: str
    email: str
    role: RoleWord = "viewer"
    timezone: str = "UTC"
    password: str | None = Field(None, description="Usually left out: they choose one through an invitation.")


class PersonPatch(Schema):
    """What is given changes."""

    name: str | None = None
    email: str | None = None
    role: RoleWord | None = None
    timezone: str | None = None
    theme: Literal["auto", "light", "dark"] | None = None
    shortcuts: bool | None = None


class InvitationOut(Schema):
    """A link by which somebody chooses a password."""

    url: str = Field(description="Works once, for seven days. As good as a password.")
    mailed: bool


class InviteIn(Schema):
    """Several people at once."""

    people: str = Field(
        max_length=20_000,
        description="One a line, such as `Anna Ito <anna@example.org>`, or the address alone; at most 100.",
    )
    team: str | None = Field(None, description="Slug. Nobody's role in it is changed.")
    role: RoleWord = "responder"
    timezone: str = Field("UTC", description="IANA name.")


class InvitedOut(Schema):
    """Somebody who was named."""

    person: int = Field(description="Their id.")
    name: str
    email: str
    new: bool = Field(description="False: they were here already.")
    url: str | None = Field(
        description="Works once, for seven days. As good as a password. Null: they have signed in before."
    )
    mailed: bool


class MemberOut(Schema):
    """Somebody in a team."""

    person: int = Field(description="Their id.")
    name: str
    role: TeamRoleWord


class MemberIn(Schema):
    """The role that somebody is to have in a team."""

    role: TeamRoleWord = "responder"


class TeamOut(Schema):
    """A team."""

    id: int
    name: str
    slug: str
    description: str
    members: list[MemberOut]

    @classmethod
    def of(cls, row: Team) -> TeamOut:
        """Of a team with prefetched memberships."""
        return cls(
            id=row.pk,
            name=row.name,
            slug=row.slug,
            description=row.description,
            members=[member_of(each) for each in row.memberships.all()],
        )


class TeamIn(Schema):
    """A new team."""

    name: str
    slug: str | None = Field(None, description="Left out, it is made of the name.")
    description: str = ""


class TeamPatch(Schema):
    """What is given changes."""

    name: str | None = None
    slug: str | None = None
    description: str | None = None


class TokenOut(Schema):
    """An API token, without its key."""

    id: int
    name: str
    hint: str = Field(description="The key's first letters.")
    scope: Literal["read", "respond", "manage", "admin"]
    person: int
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None

    @classmethod
    def of(cls, row: ApiToken) -> TokenOut:
        """Of a token."""
        return cls(
            id=row.pk,
            name=row.name,
            hint=row.hint,
            scope=row.scope,  # type: ignore[arg-type]
            person=row.person_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )


class TokenMade(TokenOut):
    """A new token with its key."""

    key: str = Field(description="Shown only in this answer.")


class TokenIn(Schema):
    """A new token for yourself, or for `person` if you are an administrator."""

    name: str
    scope: Literal["read", "respond", "manage", "admin"] = "read"
    expires_at: datetime | None = None
    person: str | None = Field(None, description="Id or e-mail address.")


class AuditOut(Schema):
    """Who did what, when."""

    id: int
    at: datetime
    action: str = Field(description="noun.verb_in_the_past")
    actor_kind: str
    actor_name: str
    person: int | None
    team: str | None = Field(description="Slug.")
    object_kind: str
    object_id: int | None
    object_name: str
    data: dict[str, Any]
    address: str

    @classmethod
    def of(cls, row: AuditRecord) -> AuditOut:
        """Of a record."""
        return cls(
            id=row.pk,
            at=row.at,
            action=row.action,
            actor_kind=row.actor_kind,
            actor_name=row.actor_name,
            person=row.person_id,
            team=row.team.slug if row.team else None,
            object_kind=row.object_kind,
            object_id=row.object_id,
            object_name=row.object_name,
            data=row.data,
            address=row.address,
        )


class IdentityProviderOut(Schema):
    """A company's own sign-in, by SAML 2.0."""

    slug: str
    name: str
    enabled: bool
    entity_id: str = Field(description="Its own.")
    sso_url: str
    certificates: list[str] = Field(description="PEM; any one of them may sign.")
    metadata_url: str
    read_at: datetime | None = Field(description="When its metadata was read last.")
    error: str = Field(description="What went wrong then; empty: nothing.")
    domains: list[str] = Field(description="Of the addresses that it may speak for; empty: of all.")
    adds_people: bool
    unasked: bool
    email_attribute: str
    name_attribute: str
    groups_attribute: str
    acs_url: str = Field(description="What it has to be given: where it sends people back to (reply URL).")
    audience: str = Field(description="What it has to be given: our entity ID. Our metadata lie at this address.")

    @classmethod
    def of(cls, row: IdentityProvider) -> IdentityProviderOut:
        """Of a row."""
        ours = addresses_of(row)
        own = set(cls.model_fields) - {"acs_url", "audience"}
        return cls(**{name: getattr(row, name) for name in own}, acs_url=ours["acs_url"], audience=ours["entity_id"])


class IdentityProviderIn(Schema):
    """A company's own sign-in. What it is comes from its metadata, their address, or by hand; what is null stays as it is."""

    name: str
    slug: str = Field("", description="Left out, it is made of the name. It stands in addresses, and never changes.")
    enabled: bool | None = Field(None, description="Left out: off where it is new.")
    metadata_url: str | None = Field(None, description="Read at once, and again once a day. Empty: none.")
    metadata: str = Field("", description="XML.")
    entity_id: str | None = None
    sso_url: str | None = None
    certificates: list[str] | None = Field(None, description="PEM or Base64.")
    domains: list[str] | None = Field(
        None, description="Of the addresses that it may speak for, like example.org. Empty: of all."
    )
    adds_people: bool | None = Field(None, description="Whether strangers for whom it vouches become viewers.")
    unasked: bool | None = Field(None, description="Whether sign-in may begin on its own pages (IdP-initiated).")
    email_attribute: str | None = Field(None, description="Empty: one of the usual ones.")
    name_attribute: str | None = Field(None, description="Empty: one of the usual ones.")
    groups_attribute: str | None = Field(None, description="Empty: one of the usual ones.")


class SingleSignOnOnly(Schema):
    """Whether all but administrators come in by an identity provider alone: by no password and no passkey."""

    on: bool


class SingleSignOnOnlyOut(SingleSignOnOnly):
    """Whether it is, and holds: it does while a provider is switched on."""

    holds: bool


class GroupGrantOut(Schema):
    """What being in a group of an identity provider gives."""

    id: int
    group: str
    team: str | None = Field(description="Slug; null: the role holds everywhere.")
    role: RoleWord

    @classmethod
    def of(cls, row: GroupGrant) -> GroupGrantOut:
        """Of a row with its team."""
        return cls(id=row.pk, group=row.group, team=row.team.slug if row.team else None, role=Role(row.role).word)  # type: ignore[arg-type]


class GroupGrantIn(Schema):
    """What being in a group gives."""

    group: str = Field(description="As the identity provider sends it.")
    team: str | None = Field(None, description="Slug; null: the role holds everywhere.")
    role: RoleWord


def member_of(row: Membership) -> MemberOut:
    """Of a membership with its person."""
    return MemberOut(person=row.person_id, name=row.person.name, role=Role(row.role).word)  # type: ignore[arg-type]
