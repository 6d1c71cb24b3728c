"""What the API of people, teams, tokens and the audit trail takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from .models import ApiToken, AuditRecord, Membership, Person, Team
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


def member_of(row: Membership) -> MemberOut:
    """Of a membership with its person."""
    return MemberOut(person=row.person_id, name=row.person.name, role=Role(row.role).word)  # type: ignore[arg-type]
