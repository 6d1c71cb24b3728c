"""People, teams, tokens and the audit trail over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ..api.auth import actor_of
from ..api.pages import page
from ..kernel.errors import NotFound
from . import commands, queries
from .actors import Actor
from .models import ApiToken, AuditRecord, Membership, Person, Team
from .roles import Action, Role

router = Router(tags=["People and teams"])
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


class PeopleOut(Schema):
    """A page of people."""

    items: list[PersonOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


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
            members=[_member(each) for each in row.memberships.all()],
        )


class TeamsOut(Schema):
    """A page of teams."""

    items: list[TeamOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


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


class TokensOut(Schema):
    """A page of tokens."""

    items: list[TokenOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


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


class AuditPage(Schema):
    """A page of the audit trail."""

    items: list[AuditOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


def _member(row: Membership) -> MemberOut:
    return MemberOut(person=row.person_id, name=row.person.name, role=Role(row.role).word)  # type: ignore[arg-type]


def _person(by: Actor, id: int) -> Person:
    row = queries.people_visible_to(by).filter(pk=id).first()
    if row is None:
        raise NotFound("There is nobody with this number.", field="person", value=id, fix="See GET /people.")
    return row


def _team(by: Actor, slug: str) -> Team:
    row = queries.teams_visible_to(by).filter(slug=slug).first()
    if row is None:
        raise NotFound(f"There is no team {slug!r}.", field="team", value=slug, fix="See GET /teams.")
    return row


@router.get("/people", response=PeopleOut, summary="List people")
def list_people(
    request: HttpRequest,
    q: str = Query("", description="Part of a name or address."),
    team: str = Query("", description="Slug."),
    active: bool | None = Query(None, description="Leave out for all."),
    cursor: str | None = None,
    limit: int = Query(50, ge=1, le=200),
) -> PeopleOut:
    """Newest first."""
    rows = queries.people_visible_to(actor_of(request))
    if q:
        rows = rows.filter(name__icontains=q) | rows.filter(email__icontains=q)
    if team:
        rows = rows.filter(memberships__team__slug=team)
    if active is not None:
        rows = rows.filter(is_active=active)
    items, following = page(rows, cursor=cursor, limit=limit)
    return PeopleOut(items=[PersonOut.of(row) for row in items], next_cursor=following)


@router.post("/people", response={201: PersonOut}, summary="Add a person")
def create_person(request: HttpRequest, body: PersonIn) -> Status[PersonOut]:
    """For administrators. Afterwards POST to their `invitation` for the link by which they come in."""
    by = actor_of(request)
    made = commands.create_person(by, **body.model_dump())
    return Status(201, PersonOut.of(_person(by, made.pk)))


@router.get("/people/me", response=PersonOut, summary="Yourself")
def get_me(request: HttpRequest) -> PersonOut:
    """The person for whom this session or token acts."""
    by = actor_of(request)
    if by.person is None:
        raise NotFound("This is no person's session or token.", field="person", fix="Use a person's API token.")
    return PersonOut.of(_person(by, by.person.pk))


@router.get("/people/{int:id}", response=PersonOut, summary="One person")
def get_person(request: HttpRequest, id: int) -> PersonOut:
    """Also somebody who has left."""
    return PersonOut.of(_person(actor_of(request), id))


@router.patch("/people/{int:id}", response=PersonOut, summary="Change a person")
def patch_person(request: HttpRequest, id: int, body: PersonPatch) -> PersonOut:
    """Your own name, time zone, theme and shortcuts; everything of everybody for administrators."""
    by = actor_of(request)
    commands.change_person(by, _person(by, id), **body.model_dump(exclude_none=True))
    return PersonOut.of(_person(by, id))


@router.post("/people/{int:id}/invitation", response=InvitationOut, summary="Make an invitation")
def invite_person(request: HttpRequest, id: int) -> InvitationOut:
    """A new link by which they choose a password; mailed too, where a mail server is configured."""
    by = actor_of(request)
    made = commands.invite(by, _person(by, id))
    return InvitationOut(url=made.url, mailed=made.mailed)


@router.post("/people/{int:id}/deactivate", response=PersonOut, summary="Deactivate a person")
def deactivate_person(request: HttpRequest, id: int) -> PersonOut:
    """They can't sign in and are not paged any more. Refused for the last administrator."""
    by = actor_of(request)
    commands.deactivate_person(by, _person(by, id))
    return PersonOut.of(_person(by, id))


@router.post("/people/{int:id}/activate", response=PersonOut, summary="Activate a person")
def activate_person(request: HttpRequest, id: int) -> PersonOut:
    """They may sign in again."""
    by = actor_of(request)
    commands.activate_person(by, _person(by, id))
    return PersonOut.of(_person(by, id))


@router.get("/teams", response=TeamsOut, summary="List teams")
def list_teams(request: HttpRequest, cursor: str | None = None, limit: int = Query(50, ge=1, le=200)) -> TeamsOut:
    """With their members, newest first."""
    items, following = page(queries.teams_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return TeamsOut(items=[TeamOut.of(row) for row in items], next_cursor=following)


@router.post("/teams", response={201: TeamOut}, summary="Make a team")
def create_team(request: HttpRequest, body: TeamIn) -> Status[TeamOut]:
    """For administrators."""
    by = actor_of(request)
    made = commands.save_team(by, None, **body.model_dump())
    return Status(201, TeamOut.of(_team(by, made.slug)))


@router.get("/teams/{slug:slug}", response=TeamOut, summary="One team")
def get_team(request: HttpRequest, slug: str) -> TeamOut:
    """With its members."""
    return TeamOut.of(_team(actor_of(request), slug))


@router.patch("/teams/{slug:slug}", response=TeamOut, summary="Change a team")
def patch_team(request: HttpRequest, slug: str, body: TeamPatch) -> TeamOut:
    """For its managers."""
    by = actor_of(request)
    row = _team(by, slug)
    given = {"name": row.name, "slug": row.slug, "description": row.description} | body.model_dump(exclude_none=True)
    saved = commands.save_team(by, row, **given)
    return TeamOut.of(_team(by, saved.slug))


@router.delete("/teams/{slug:slug}", response={204: None}, summary="Delete a team")
def delete_team(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while it owns something."""
    by = actor_of(request)
    commands.delete_team(by, _team(by, slug))
    return Status(204, None)


@router.put("/teams/{slug:slug}/members/{int:person}", response=MemberOut, summary="Set a member")
def put_member(request: HttpRequest, slug: str, person: int, body: MemberIn) -> MemberOut:
    """Add somebody to the team, or change their role in it."""
    by = actor_of(request)
    return _member(commands.set_member(by, _team(by, slug), _person(by, person), body.role))


@router.delete("/teams/{slug:slug}/members/{int:person}", response={204: None}, summary="Remove a member")
def delete_member(request: HttpRequest, slug: str, person: int) -> Status[None]:
    """Everybody may leave a team themselves."""
    by = actor_of(request)
    commands.remove_member(by, _team(by, slug), _person(by, person))
    return Status(204, None)


@router.get("/tokens", response=TokensOut, summary="List API tokens")
def list_tokens(request: HttpRequest, cursor: str | None = None, limit: int = Query(50, ge=1, le=200)) -> TokensOut:
    """Those that work: your own; all of them for administrators. Never their keys."""
    rows = queries.tokens_visible_to(actor_of(request)).filter(revoked_at=None)
    items, following = page(rows, cursor=cursor, limit=limit)
    return TokensOut(items=[TokenOut.of(row) for row in items], next_cursor=following)


@router.post("/tokens", response={201: TokenMade}, summary="Make an API token")
def make_token(request: HttpRequest, body: TokenIn) -> Status[TokenMade]:
    """The key is in this answer and nowhere else. A token can't make one that may do more than itself."""
    by = actor_of(request)
    person = queries.person_by(body.person) if body.person else None
    token, key = commands.make_token(by, name=body.name, scope=body.scope, expires_at=body.expires_at, person=person)
    return Status(201, TokenMade(**TokenOut.of(token).model_dump(), key=key))


@router.delete("/tokens/{int:id}", response={204: None}, summary="Revoke an API token")
def revoke_token(request: HttpRequest, id: int) -> Status[None]:
    """It is worth nothing from now on."""
    by = actor_of(request)
    token = queries.tokens_visible_to(by).filter(pk=id).first()
    if token is None:
        raise NotFound("There is no such token.", field="token", value=id, fix="See GET /tokens.")
    commands.revoke_token(by, token)
    return Status(204, None)


@router.get("/audit-records", response=AuditPage, summary="Read the audit trail", tags=["Audit"])
def list_audit(
    request: HttpRequest,
    action: str = Query("", description="Its beginning, such as `service.`"),
    object_kind: str = "",
    object_id: int | None = None,
    person: int | None = Query(None, description="Who did it."),
    team: str = Query("", description="Slug."),
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = Query(50, ge=1, le=200),
) -> AuditPage:
    """Newest first: everything for administrators, what concerns you and the teams that you manage otherwise."""
    by = actor_of(request)
    by.require(Action.SEE)
    wanted = {
        "action__startswith": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "person": person,
        "team__slug": team,
        "at__gte": since,
    }
    rows = queries.audit_visible_to(by).filter(
        **{name: value for name, value in wanted.items() if value not in {"", None}}
    )
    items, following = page(rows, cursor=cursor, limit=limit)
    return AuditPage(items=[AuditOut.of(row) for row in items], next_cursor=following)
