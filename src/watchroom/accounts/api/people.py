"""People, teams, tokens and the audit trail over the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel.errors import NotFound
from ...kernel.times import Since
from .. import commands, queries, rules
from ..roles import Action
from ..schemas import (
    AuditOut,
    InvitationOut,
    InvitedOut,
    InviteIn,
    MemberIn,
    MemberOut,
    PersonIn,
    PersonOut,
    PersonPatch,
    TeamIn,
    TeamOut,
    TeamPatch,
    TokenIn,
    TokenMade,
    TokenOut,
    member_of,
)

router = Router(tags=["People and teams"])


@router.get("/people", response=Page[PersonOut], summary="List people")
def list_people(
    request: HttpRequest,
    q: str = Query("", description="Part of a name or address."),
    team: str = Query("", description="Slug."),
    active: bool | None = Query(None, description="Leave out for all."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PersonOut]:
    """Newest first."""
    rows = queries.people_visible_to(actor_of(request))
    if q:
        rows = rows.filter(name__icontains=q) | rows.filter(email__icontains=q)
    if team:
        rows = rows.filter(memberships__team__slug=team)
    if active is not None:
        rows = rows.filter(is_active=active)
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[PersonOut](items=[PersonOut.of(row) for row in items], next_cursor=following)


@router.post("/people", response={201: PersonOut}, summary="Add a person")
def create_person(request: HttpRequest, body: PersonIn) -> Status[PersonOut]:
    """For administrators. Afterwards POST to their `invitation` for the link by which they come in."""
    by = actor_of(request)
    made = commands.create_person(by, **body.model_dump())
    return Status(201, PersonOut.of(queries.person_for(by, made.pk)))


@router.post("/people/invitations", response={201: list[InvitedOut]}, summary="Invite several people")
def invite_people(request: HttpRequest, body: InviteIn) -> Status[list[InvitedOut]]:
    """For administrators: all are added or nobody; whoever is here already only joins the team."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    team = queries.team_by(body.team) if body.team else None
    found = commands.invite_several(by, rules.named_in(body.people), role=body.role, timezone=body.timezone, team=team)
    return Status(
        201,
        [
            InvitedOut(
                person=each.person.pk,
                name=each.person.name,
                email=each.person.email,
                new=each.new,
                url=each.invitation.url if each.invitation else None,
                mailed=bool(each.invitation and each.invitation.mailed),
            )
            for each in found
        ],
    )


@router.get("/people/me", response=PersonOut, summary="Yourself")
def get_me(request: HttpRequest) -> PersonOut:
    """The person for whom this session or token acts."""
    by = actor_of(request)
    if by.person is None:
        raise NotFound("This is no person's session or token.", field="person", fix="Use a person's API token.")
    return PersonOut.of(queries.person_for(by, by.person.pk))


@router.get("/people/{int:id}", response=PersonOut, summary="One person")
def get_person(request: HttpRequest, id: int) -> PersonOut:
    """Also somebody who has left."""
    return PersonOut.of(queries.person_for(actor_of(request), id))


@router.patch("/people/{int:id}", response=PersonOut, summary="Change a person")
def patch_person(request: HttpRequest, id: int, body: PersonPatch) -> PersonOut:
    """Your own name, time zone, theme and shortcuts; everything of everybody for administrators."""
    by = actor_of(request)
    commands.change_person(by, queries.person_for(by, id), **body.model_dump(exclude_none=True))
    return PersonOut.of(queries.person_for(by, id))


@router.post("/people/{int:id}/invitation", response=InvitationOut, summary="Make an invitation")
def invite_person(request: HttpRequest, id: int) -> InvitationOut:
    """A new link by which they choose a password; mailed too, where a mail server is configured."""
    by = actor_of(request)
    made = commands.invite(by, queries.person_for(by, id))
    return InvitationOut(url=made.url, mailed=made.mailed)


@router.post("/people/{int:id}/deactivate", response=PersonOut, summary="Deactivate a person")
def deactivate_person(request: HttpRequest, id: int) -> PersonOut:
    """They can't sign in and are not paged any more. Refused for the last administrator."""
    by = actor_of(request)
    commands.deactivate_person(by, queries.person_for(by, id))
    return PersonOut.of(queries.person_for(by, id))


@router.post("/people/{int:id}/activate", response=PersonOut, summary="Activate a person")
def activate_person(request: HttpRequest, id: int) -> PersonOut:
    """They may sign in again."""
    by = actor_of(request)
    commands.activate_person(by, queries.person_for(by, id))
    return PersonOut.of(queries.person_for(by, id))


@router.get("/teams", response=Page[TeamOut], summary="List teams")
def list_teams(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[TeamOut]:
    """With their members, newest first."""
    items, following = page(queries.teams_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return Page[TeamOut](items=[TeamOut.of(row) for row in items], next_cursor=following)


@router.post("/teams", response={201: TeamOut}, summary="Make a team")
def create_team(request: HttpRequest, body: TeamIn) -> Status[TeamOut]:
    """For administrators."""
    by = actor_of(request)
    made = commands.save_team(by, None, **body.model_dump())
    return Status(201, TeamOut.of(queries.team_for(by, made.slug)))


@router.get("/teams/{slug:slug}", response=TeamOut, summary="One team")
def get_team(request: HttpRequest, slug: str) -> TeamOut:
    """With its members."""
    return TeamOut.of(queries.team_for(actor_of(request), slug))


@router.patch("/teams/{slug:slug}", response=TeamOut, summary="Change a team")
def patch_team(request: HttpRequest, slug: str, body: TeamPatch) -> TeamOut:
    """For its managers."""
    by = actor_of(request)
    row = queries.team_for(by, slug)
    given = {"name": row.name, "slug": row.slug, "description": row.description} | body.model_dump(exclude_none=True)
    saved = commands.save_team(by, row, **given)
    return TeamOut.of(queries.team_for(by, saved.slug))


@router.delete("/teams/{slug:slug}", response={204: None}, summary="Delete a team")
def delete_team(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while it owns something."""
    by = actor_of(request)
    commands.delete_team(by, queries.team_for(by, slug))
    return Status(204, None)


@router.put("/teams/{slug:slug}/members/{int:person}", response=MemberOut, summary="Set a member")
def set_member(request: HttpRequest, slug: str, person: int, body: MemberIn) -> MemberOut:
    """Add somebody to the team, or change their role in it."""
    by = actor_of(request)
    return member_of(commands.set_member(by, queries.team_for(by, slug), queries.person_for(by, person), body.role))


@router.delete("/teams/{slug:slug}/members/{int:person}", response={204: None}, summary="Remove a member")
def delete_member(request: HttpRequest, slug: str, person: int) -> Status[None]:
    """Everybody may leave a team themselves."""
    by = actor_of(request)
    commands.remove_member(by, queries.team_for(by, slug), queries.person_for(by, person))
    return Status(204, None)


@router.get("/tokens", response=Page[TokenOut], summary="List API tokens")
def list_tokens(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[TokenOut]:
    """Those that work: your own; all of them for administrators. Never their keys."""
    rows = queries.tokens_visible_to(actor_of(request)).filter(revoked_at=None)
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[TokenOut](items=[TokenOut.of(row) for row in items], next_cursor=following)


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


@router.get("/audit-records", response=Page[AuditOut], summary="Read the audit trail", tags=["Audit"])
def list_audit(
    request: HttpRequest,
    action: str = Query("", description="Its beginning, such as `service.`"),
    object_kind: str = "",
    object_id: int | None = None,
    person: int | None = Query(None, description="Who did it."),
    team: str = Query("", description="Slug."),
    since: Since | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditOut]:
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
    return Page[AuditOut](items=[AuditOut.of(row) for row in items], next_cursor=following)
