"""API tokens: shown once, kept only as a fingerprint."""

from __future__ import annotations

from datetime import datetime

from ...kernel import clock
from ...kernel.db import locked
from ...kernel.errors import NotAllowed, Refused
from ...kernel.signing import fingerprint, new_key
from ..actors import Actor
from ..changes import change
from ..models import ApiToken, Person
from ..roles import SCOPES, Action
from ..rules import checked_name


def make_token(
    by: Actor, *, name: str, scope: str, expires_at: datetime | None = None, person: Person | None = None
) -> tuple[ApiToken, str]:
    """A new token for oneself (or, as an administrator, for ``person``), and its key, which is shown only now.

    :raises Refused: there is no such scope, or the expiry is in the past.
    :raises NotAllowed: a token asks for a token that may do more than itself.
    """
    holder = person or by.person
    if holder is None:
        raise Refused("A token acts for a person.", field="person", fix="Say for whom it is.")
    if scope not in SCOPES:
        raise Refused("There is no such scope.", field="scope", value=scope, fix=f"Use one of {', '.join(SCOPES)}.")
    if by.scope is not None and not SCOPES[scope] <= SCOPES.get(by.scope, frozenset()):
        raise NotAllowed(
            "A token can't make one that may do more than itself.", fix="Sign in and make it under your profile."
        )
    if expires_at is not None and expires_at <= clock.now():
        raise Refused(
            "That expiry has passed already.", field="expires_at", value=expires_at, fix="Choose a later time, or none."
        )
    own = by.person is not None and by.person.pk == holder.pk
    key = new_key("wrt")
    with change(by, "token.made", None, needs=Action.DECLARE if own else Action.ADMINISTER) as made:
        token = ApiToken.objects.create(
            person=holder,
            name=checked_name(name),
            hint=key[:8],
            key_hash=fingerprint(key),
            scope=scope,
            created_at=made.at,
            expires_at=expires_at,
        )
        made.subject = token
        made.note(person=str(holder), scope=scope)
        made.touch(f"person:{holder.pk}")
    return token, key


def revoke_token(by: Actor, token: ApiToken) -> None:
    """The token is worth nothing from now on."""
    own = by.person is not None and by.person.pk == token.person_id
    with change(by, "token.revoked", token, needs=Action.DECLARE if own else Action.ADMINISTER) as made:
        row = locked(ApiToken.objects.filter(pk=token.pk)).get()
        if row.revoked_at is None:
            row.revoked_at = token.revoked_at = made.at
            row.save(update_fields=["revoked_at"])
        made.touch(f"person:{row.person_id}")
