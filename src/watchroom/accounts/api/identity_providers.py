"""The API of single sign-on: identity providers by SAML, and what their groups give."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel.finding import one
from .. import commands, queries
from ..models import GroupGrant, IdentityProvider
from ..roles import Action
from ..schemas import (
    GroupGrantIn,
    GroupGrantOut,
    IdentityProviderIn,
    IdentityProviderOut,
    SingleSignOnOnly,
    SingleSignOnOnlyOut,
)

router = Router(tags=["Single sign-on"])


def _save(request: HttpRequest, row: IdentityProvider | None, body: IdentityProviderIn) -> IdentityProviderOut:
    said = {name: value for name, value in body.model_dump().items() if value is not None}
    return IdentityProviderOut.of(commands.save_provider(actor_of(request), row, **said))


@router.get("/identity-providers", response=Page[IdentityProviderOut], summary="List identity providers")
def list_identity_providers(
    request: HttpRequest, cursor: Cursor = None, limit: Limit = 50
) -> Page[IdentityProviderOut]:
    """Those by SAML, for administrators."""
    rows, more = page(queries.providers_visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[IdentityProviderOut.of(row) for row in rows], next_cursor=more)


@router.post("/identity-providers", response={201: IdentityProviderOut}, summary="Set up an identity provider")
def create_identity_provider(request: HttpRequest, body: IdentityProviderIn) -> Status[IdentityProviderOut]:
    """By its metadata (XML), their address, or by hand. The answer says what the provider has to be given."""
    return Status(201, _save(request, None, body))


@router.get("/identity-providers/{slug}", response=IdentityProviderOut, summary="One identity provider")
def get_identity_provider(request: HttpRequest, slug: str) -> IdentityProviderOut:
    """With what it has to be given."""
    return IdentityProviderOut.of(queries.provider_for(actor_of(request), slug))


@router.put("/identity-providers/{slug}", response=IdentityProviderOut, summary="Change an identity provider")
def change_identity_provider(request: HttpRequest, slug: str, body: IdentityProviderIn) -> IdentityProviderOut:
    """What is null, or left out and null by itself, stays as it is. Its short name stays always."""
    return _save(request, queries.provider_for(actor_of(request), slug), body)


@router.delete("/identity-providers/{slug}", response={204: None}, summary="Delete an identity provider")
def delete_identity_provider(request: HttpRequest, slug: str) -> Status[None]:
    """Nobody comes in by it any more. People and their passwords stay."""
    by = actor_of(request)
    commands.delete_provider(by, queries.provider_for(by, slug))
    return Status(204, None)


@router.post(
    "/identity-providers/{slug}/read-again", response=IdentityProviderOut, summary="Read a provider's metadata again"
)
def read_identity_provider_again(request: HttpRequest, slug: str) -> IdentityProviderOut:
    """For a certificate that was exchanged; it happens by itself once a day. Refused where it has no address of metadata."""
    by = actor_of(request)
    return IdentityProviderOut.of(commands.read_again(by, queries.provider_for(by, slug)))


def _only() -> SingleSignOnOnlyOut:
    return SingleSignOnOnlyOut(on=queries.is_single_sign_on_only(), holds=queries.passwords_are_off())


@router.get("/single-sign-on-only", response=SingleSignOnOnlyOut, summary="Whether providers are the only way in")
def get_single_sign_on_only(request: HttpRequest) -> SingleSignOnOnlyOut:
    """For administrators, who come in by a password all the same."""
    actor_of(request).require(Action.ADMINISTER)
    return _only()


@router.put("/single-sign-on-only", response=SingleSignOnOnlyOut, summary="Make providers the only way in")
def put_single_sign_on_only(request: HttpRequest, body: SingleSignOnOnly) -> SingleSignOnOnlyOut:
    """Or not. Refused until an administrator has come in by a provider that is switched on."""
    commands.switch_single_sign_on_only(actor_of(request), on=body.on)
    return _only()


def _save_grant(request: HttpRequest, row: GroupGrant | None, body: GroupGrantIn) -> GroupGrantOut:
    team = queries.team_by(body.team) if body.team else None
    return GroupGrantOut.of(commands.save_grant(actor_of(request), row, group=body.group, role=body.role, team=team))


@router.get("/group-grants", response=Page[GroupGrantOut], summary="What groups give")
def list_group_grants(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[GroupGrantOut]:
    """For administrators."""
    rows, more = page(queries.grants_visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[GroupGrantOut.of(row) for row in rows], next_cursor=more)


@router.post("/group-grants", response={201: GroupGrantOut}, summary="Say what being in a group gives")
def create_group_grant(request: HttpRequest, body: GroupGrantIn) -> Status[GroupGrantOut]:
    """It holds from each person's next sign-in on."""
    return Status(201, _save_grant(request, None, body))


@router.put("/group-grants/{int:id}", response=GroupGrantOut, summary="Change what being in a group gives")
def change_group_grant(request: HttpRequest, id: int, body: GroupGrantIn) -> GroupGrantOut:
    """It holds from each person's next sign-in on."""
    return _save_grant(request, one(queries.grants_visible_to(actor_of(request)), "group grant", pk=id), body)


@router.delete("/group-grants/{int:id}", response={204: None}, summary="Let a group give something no more")
def delete_group_grant(request: HttpRequest, id: int) -> Status[None]:
    """What it gave stays until somebody takes it away, or another line decides about it."""
    by = actor_of(request)
    commands.delete_grant(by, one(queries.grants_visible_to(by), "group grant", pk=id))
    return Status(204, None)
