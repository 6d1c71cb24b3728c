"""Signing in by OpenID Connect, beside a provider that speaks it: discovery, code, token and userinfo.

https://openid.net/specs/openid-connect-core-1_0.html, sections 3.1 and 5.3.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

import factories
from peers.http import Answer, HttpPeer, Request
from watchroom.accounts.models import Person
from watchroom.kernel import clock

pytestmark = pytest.mark.django_db
SECRET = "as long as the provider makes it, 256 bits"


class Provider:
    """Vouches for ``claims``."""

    def __init__(self, peer: HttpPeer) -> None:
        self.peer = peer
        self.claims: dict[str, Any] = {"sub": "4711", "email": "anna@example.org", "email_verified": True}
        peer.otherwise = self._answer

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if path == "/.well-known/openid-configuration":
            paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/me"}
            found: dict[str, Any] = {name: self.peer.url + path for name, path in paths.items()}
            return Answer(body=found | {"issuer": self.peer.url, "jwks_uri": f"{self.peer.url}/keys"})
        if path == "/token":
            sent = parse_qs(request.text)
            assert (sent["grant_type"], sent["code"]) == (["authorization_code"], ["the-code"])
            now = int(clock.now().timestamp())
            said = {"iss": self.peer.url, "aud": "watchroom", "iat": now, "exp": now + 60} | self.claims
            return Answer(body={"access_token": "t", "token_type": "Bearer", "id_token": jwt.encode(said, SECRET)})
        assert path == "/me" and request.headers["authorization"] == "Bearer t", path
        return Answer(body=self.claims)


@pytest.fixture
def provider(settings: Any, http_peer: HttpPeer) -> Provider:
    app: dict[str, Any] = {"provider_id": "oidc", "name": "Company", "client_id": "watchroom", "secret": SECRET}
    app["settings"] = {"server_url": http_peer.url}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    return Provider(http_peer)


def sign_in(client: Any, provider: Provider) -> Any:
    """Press the button, be sent back by the provider, and see where that ends."""
    assert b"Sign in with Company" in client.get("/account/login/").content
    sent = client.post("/account/oidc/oidc/login/?process=login")["Location"]
    assert sent.startswith(f"{provider.peer.url}/authorize?")
    asked = parse_qs(urlsplit(sent).query)
    assert asked["client_id"] == ["watchroom"] and "email" in asked["scope"][0]
    assert asked["redirect_uri"][0].endswith("/account/oidc/oidc/login/callback/")
    return client.get(
        "/account/oidc/oidc/login/callback/", {"code": "the-code", "state": asked["state"][0]}, follow=True
    )


def signed_in(client: Any) -> str | None:
    return client.session.get("_auth_user_id")


def test_whoever_was_invited_by_that_address_comes_in(client: Any, provider: Provider) -> None:
    anna = factories.person("Anna", email="anna@example.org")
    assert sign_in(client, provider).status_code == 200
    assert signed_in(client) == str(anna.pk)
    client.logout()
    provider.claims["email"] = "anna.married@example.org"  # known by the provider's own name for her from now on
    sign_in(client, provider)
    assert signed_in(client) == str(anna.pk) and Person.objects.count() == 1


def test_strangers_and_who_has_left_stay_outside(client: Any, provider: Provider) -> None:
    factories.person("Ben")
    assert b"Ask an administrator to add you" in sign_in(client, provider).content
    assert signed_in(client) is None and Person.objects.count() == 1
    left = factories.person("Anna", email="anna@example.org")
    Person.objects.filter(pk=left.pk).update(is_active=False)
    assert b"This account is not active" in sign_in(client, provider).content
    assert signed_in(client) is None


def test_an_address_that_the_provider_has_not_verified_is_nobodys(client: Any, provider: Provider) -> None:
    factories.person("Anna", email="anna@example.org")
    provider.claims["email_verified"] = False
    sign_in(client, provider)
    assert signed_in(client) is None
