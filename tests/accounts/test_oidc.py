"""Signing in by OpenID Connect, beside a provider that speaks it: discovery, code, token and userinfo.

https://openid.net/specs/openid-connect-core-1_0.html, sections 3.1 and 5.3; RFC 7636 (PKCE).
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

import factories
from peers.http import Answer, HttpPeer, Request
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import AuditRecord, Person
from watchroom.kernel import clock
from watchroom.kernel import settings as conf
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db
SECRET = "as long as the provider makes it, 256 bits"


class Provider:
    """Vouches for ``claims``, and gives them only to whoever has the verifier of the question (``asked``)."""

    def __init__(self, peer: HttpPeer) -> None:
        self.peer = peer
        self.asked: dict[str, str] = {}
        self.says: dict[str, Any] = {}  # of itself, beside what it must
        self.claims: dict[str, Any] = {"sub": "4711", "email": "anna@example.org", "email_verified": True}
        peer.otherwise = self._answer

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if path == "/.well-known/openid-configuration":
            paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/me"}
            found: dict[str, Any] = {name: self.peer.url + path for name, path in paths.items()}
            return Answer(body=found | {"issuer": self.peer.url, "jwks_uri": f"{self.peer.url}/keys"} | self.says)
        if path == "/token":
            sent = parse_qs(request.text)
            assert (sent["grant_type"], sent["code"]) == (["authorization_code"], ["the-code"])
            if "code_challenge" in self.asked:
                proof = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
                assert self.asked["code_challenge"] == base64.urlsafe_b64encode(proof).decode().rstrip("=")
            now = int(clock.now().timestamp())
            said = {"iss": self.peer.url, "aud": "watchroom", "iat": now, "exp": now + 60}
            said |= {"nonce": self.asked["nonce"]} | self.claims
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


def leave(client: Any, provider: Provider) -> str:
    """Press the button; returns the ``state`` with which the provider was asked."""
    assert b"Sign in with Company" in client.get("/account/login/").content
    page = client.post("/account/oidc/oidc/login/?process=login").content.decode()
    found = re.search('http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    sent = html.unescape(found[1])
    assert sent.startswith(f"{provider.peer.url}/authorize?")
    provider.asked = {name: value for name, [value] in parse_qs(urlsplit(sent).query).items()}
    assert provider.asked["client_id"] == "watchroom" and "email" in provider.asked["scope"]
    assert provider.asked["redirect_uri"].endswith("/account/oidc/oidc/login/callback/")
    return provider.asked["state"]


def come_back(client: Any, state: str) -> Any:
    return client.get("/account/oidc/oidc/login/callback/", {"code": "the-code", "state": state}, follow=True)


def sign_in(client: Any, provider: Provider) -> Any:
    """Press the button, be sent back by the provider, and see where that ends."""
    return come_back(client, leave(client, provider))


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


@pytest.mark.parametrize("verified", [True, False])
def test_strangers_come_in_by_an_address_that_the_provider_has_verified(
    client: Any, provider: Provider, configured: Any, verified: bool
) -> None:
    """By another one they took the place of its owner, who came later."""
    factories.person("Root", "administrator")
    configured(WATCHROOM_SIGN_UP="true")
    provider.claims["email_verified"] = verified
    answer = sign_in(client, provider)
    if not verified:
        client.post("/account/3rdparty/signup/", {"email": "anna@example.org"})
        assert b"Ask an administrator to add you" in answer.content
    assert (signed_in(client) is not None, Person.objects.count()) == ((True, 2) if verified else (False, 1))


@pytest.mark.parametrize(
    ("methods", "sent"), [(None, True), (["plain", "S256"], True), (["plain"], False)], ids=["unsaid", "known", "not"]
)
def test_who_asked_is_proved_wherever_the_provider_may_take_it(
    client: Any, provider: Provider, methods: list[str] | None, sent: bool
) -> None:
    anna = factories.person("Anna", email="anna@example.org")
    provider.says = {} if methods is None else {"code_challenge_methods_supported": methods}
    sign_in(client, provider)
    assert ("code_challenge" in provider.asked) is sent
    assert provider.asked.get("code_challenge_method", "S256") == "S256"
    assert signed_in(client) == str(anna.pk)


@pytest.mark.parametrize("nonce", ["another", None])
def test_a_token_that_was_made_for_another_sign_in_lets_nobody_in(
    client: Any, provider: Provider, nonce: str | None
) -> None:
    factories.person("Anna", email="anna@example.org")
    provider.claims["nonce"] = nonce
    answer = sign_in(client, provider)
    assert b"You are not signed in" in answer.content and signed_in(client) is None


def test_each_question_has_a_nonce_and_a_proof_of_its_own(client: Any, provider: Provider) -> None:
    factories.person("Root", "administrator")
    leave(client, provider)
    first = provider.asked
    leave(client, provider)
    assert all(first[name] != provider.asked[name] for name in ("nonce", "state", "code_challenge"))
    assert come_back(client, first["state"] + "x").status_code == 403


def test_a_provider_that_is_down_is_said_to_be(client: Any, provider: Provider) -> None:
    factories.person("Anna", email="anna@example.org")
    provider.peer.otherwise = Answer(500)
    answer = client.post("/account/oidc/oidc/login/?process=login")
    assert answer.status_code == 403 and b"could not be asked" in answer.content
    provider.peer.otherwise = Answer(body={"issuer": provider.peer.url})
    assert b"could not be asked" in client.post("/account/oidc/oidc/login/").content


def test_groups_decide_and_strangers_get_their_name(
    client: Any, provider: Provider, settings: Any, configured: Any
) -> None:
    factories.person("Root", "administrator")
    shop = factories.team("Shop")
    commands.save_grant(SYSTEM, None, group="oncall", role="responder", team=shop)
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["groups_claim"] = "roles"
    provider.claims |= {"name": "Anna Berg", "roles": ["oncall", "x"]}
    assert b"Ask an administrator to add you" in sign_in(client, provider).content
    configured(WATCHROOM_SIGN_UP="true")
    sign_in(client, provider)
    anna = Person.objects.get(email="anna@example.org")
    assert signed_in(client) == str(anna.pk) and anna.name == "Anna Berg"
    assert [each.team for each in anna.memberships.all()] == [shop]
    assert AuditRecord.objects.filter(action="person.created", object_id=anna.pk, actor_name="Company (sign-in)")


def test_it_speaks_only_for_addresses_of_its_domains(client: Any, provider: Provider, settings: Any) -> None:
    anna = factories.person("Anna", email="anna@example.org")
    sign_in(client, provider)
    assert signed_in(client) == str(anna.pk)
    client.logout()
    limits = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]
    limits["domains"] = ["contractors.example"]
    for email in ("anna@example.org", "anna@contractors.example"):  # also by the provider's own name for her
        provider.claims["email"] = email
        came = sign_in(client, provider)
        assert signed_in(client) is None and b"may not speak for anna@example.org" in came.content
    limits["domains"] = ["Example.org", "contractors.example"]
    sign_in(client, provider)
    assert signed_in(client) == str(anna.pk)


@pytest.mark.parametrize("written", ["{", "[]", '{"domains": "example.org"}', '{"domains": [1]}'])
def test_a_setting_that_could_not_be_meant_is_refused_with_its_name(written: str) -> None:
    with pytest.raises(Refused, match=r"WATCHROOM_OIDC=.*JSON"):
        conf.read({"WATCHROOM_OIDC": written})
