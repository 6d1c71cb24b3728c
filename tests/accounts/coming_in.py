"""A browser that signs in by SAML, beside a provider, step by step as browsers do it."""

from __future__ import annotations

import html
import re
from typing import Any

from peers.saml_provider import SamlProvider
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import IdentityProvider
from watchroom.accounts.queries import addresses_of

ANNA = {"email": ["anna@example.org"], "displayName": ["Anna Berg"]}


def connected(provider: SamlProvider, client: Any, **fields: Any) -> IdentityProvider:
    """A provider that knows us, and we it; switched on."""
    row = commands.save_provider(
        SYSTEM, None, **{"name": "Okta", "metadata": provider.metadata, "enabled": True, **fields}
    )
    provider.knows(client.get(f"/account/saml/{row.slug}/metadata").content.decode())
    return row


def leave(client: Any, path: str = "/account/saml/okta/login?process=login") -> str:
    """Press the button; returns the address to which the browser goes on."""
    page = client.post(path).content.decode()
    found = re.search('http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def bring(client: Any, answer: str, row: IdentityProvider, **more: str) -> Any:
    """The provider's form is sent, without any cookie of ours, as browsers do; then the browser comes for what it said."""
    ours = addresses_of(row)["acs_url"].partition("8000")[2] or f"/account/saml/{row.slug}/acs"
    stranger = type(client)(enforce_csrf_checks=True)
    brought = stranger.post(ours, {"SAMLResponse": answer, **more}, headers={"Origin": "https://idp.example.org"})
    assert brought.status_code == 303 and not brought.cookies, brought.content
    return client.get(brought["Location"], follow=True)


def sign_in(client: Any, provider: SamlProvider, row: IdentityProvider, said: Any = None, **how: Any) -> Any:
    """All of it."""
    question = provider.asked(leave(client))
    return bring(client, provider.answer(question, said or ANNA, **how), row)


def signed_in(client: Any) -> str | None:
    return client.session.get("_auth_user_id")  # type: ignore[no-any-return]
