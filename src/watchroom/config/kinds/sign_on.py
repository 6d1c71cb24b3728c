"""Single sign-on: identity providers by SAML, and what their groups give. Nothing of it is secret."""

from __future__ import annotations

from ...accounts import commands as accounts
from ...accounts.actors import Actor
from ...accounts.models import GroupGrant, IdentityProvider
from ...accounts.roles import Role
from ...accounts.rules import checked_domains
from ...accounts.saml.metadata import read_certificates
from ..difference import State
from ._kind import Fields, Find, Kind, by_column, slug_of

_FIELDS = (
    "slug", "name", "enabled", "metadata_url", "entity_id", "sso_url", "certificates", "domains", "adds_people", "unasked",
    "email_attribute", "name_attribute", "groups_attribute",
)  # fmt: skip


def _providers() -> dict[str, Fields]:
    return {row.slug: {name: getattr(row, name) for name in _FIELDS} for row in IdentityProvider.objects.all()}


def _save_provider(by: Actor, row: IdentityProvider | None, fields: Fields, find: Find) -> None:
    accounts.save_provider(by, row, **fields)


def _complete_providers(wanted: State, current: State) -> None:
    """Certificates and domains in the one form in which they are kept."""
    for said in wanted.get("identity_providers", {}).values():
        if said.get("domains"):
            said["domains"] = checked_domains(said["domains"])
        if said.get("certificates"):
            said["certificates"] = list(read_certificates("\n\n".join(said["certificates"])))


def _key(row: GroupGrant) -> str:
    return f"{row.group} in {row.team.slug if row.team else 'everything'}"


def _grants() -> dict[str, Fields]:
    return {
        _key(row): {"group": row.group, "team": slug_of(row.team), "role": Role(row.role).word}
        for row in GroupGrant.objects.select_related("team")
    }


def _grant_by(key: str) -> GroupGrant | None:
    return next((row for row in GroupGrant.objects.select_related("team") if _key(row) == key), None)


def _save_grant(by: Actor, row: GroupGrant | None, fields: Fields, find: Find) -> None:
    accounts.save_grant(by, row, **{**fields, "team": find("teams", fields["team"])})


KINDS = (
    Kind(
        "identity_providers", _providers, by_column(IdentityProvider), _save_provider, accounts.delete_provider,
        complete=_complete_providers,
    ),
    Kind("group_grants", _grants, _grant_by, _save_grant, accounts.delete_grant),
)  # fmt: skip
