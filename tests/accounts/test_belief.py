"""How far a provider is believed: whose addresses it may speak for, when its groups count, and that nobody comes in as somebody
else without being asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from click.testing import CliRunner
from django.test import Client

import factories
from accounts.coming_in import ANNA, bring, leave, sign_in, signed_in
from peers.saml_provider import SamlProvider
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import IdentityProvider, Person
from watchroom.accounts.roles import Role
from watchroom.cli.main import cli
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db
OUTSIDE = "may not speak for"


def limited(okta: IdentityProvider, *domains: str) -> None:
    commands.save_provider(SYSTEM, okta, name="Okta", domains=list(domains))


def test_a_provider_speaks_only_for_addresses_of_its_domains(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    limited(okta, "Contractors.example", "@example.org")
    sign_in(client, provider, okta)
    assert signed_in(client) == str(anna.pk)
    client.logout()
    for address in ("anna@sub.example.org", "anna@evil-example.org", "anna@other.example"):
        mallory = commands.create_person(SYSTEM, email=address, name="Mallory")
        came = sign_in(client, provider, okta, {"email": [address]}, name=address)
        assert came.status_code == 403 and f"{OUTSIDE} {address}" in came.content.decode()
        assert signed_in(client) is None and not mallory.socialaccount_set.exists()
    IdentityProvider.objects.update(adds_people=True)
    sign_in(client, provider, okta, {"email": ["eve@other.org"]}, name="eve")
    assert signed_in(client) is None and not Person.objects.filter(email="eve@other.org").exists()


def test_whom_it_knew_before_it_was_limited_it_opens_no_more(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    """By its own name for them, with an address of its own."""
    root = Person.objects.get(name="Root")
    sign_in(client, provider, okta, {"email": [root.email]}, name="r")
    assert signed_in(client) == str(root.pk)
    client.logout()
    limited(okta, "contractors.example")
    came = sign_in(client, provider, okta, {"email": ["r@contractors.example"]}, name="r")
    assert signed_in(client) is None and f"{OUTSIDE} {root.email}" in came.content.decode()


def test_nobody_connects_what_may_not_speak_for_them(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    limited(okta, "contractors.example")
    client.force_login(anna)
    for address in ("anna@example.org", "anna@contractors.example"):
        question = provider.asked(leave(client, "/account/saml/okta/login?process=connect"))
        came = bring(client, provider.answer(question, {"email": [address]}, name="a"), okta)
        assert f"{OUTSIDE} anna@example.org" in came.content.decode()
    assert not anna.socialaccount_set.exists() and signed_in(client) == str(anna.pk)


def test_trying_says_it_too(client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person) -> None:
    limited(okta, "contractors.example")
    client.force_login(Person.objects.get(name="Root"))
    question = provider.asked(leave(client, "/identity-providers/okta/try"))
    page = bring(client, provider.answer(question, ANNA), okta).content.decode()
    assert "would stay outside" in page and "Okta may not speak for anna@example.org" in page
    assert "contractors.example" in page


@pytest.mark.parametrize("domain", ["anna@example.org", "exa mple.org", "https://example.org", "a" * 254 + ".org"])
def test_what_is_no_domain_is_refused_by_name(okta: IdentityProvider, domain: str) -> None:
    with pytest.raises(Refused) as told:
        limited(okta, "example.org", domain)
    assert (told.value.field, told.value.value) == ("domains", domain[:80]) and "example.org" in told.value.fix


def test_domains_are_said_by_page_api_command_line_and_file(
    client: Client, okta: IdentityProvider, tmp_path: Any
) -> None:
    def domains() -> list[str]:
        okta.refresh_from_db()
        return okta.domains

    client.force_login(Person.objects.get(name="Root"))
    assert (
        client.post("/identity-providers/okta", {"name": "Okta", "domains": "a.example, @B.example"}).status_code == 302
    )
    assert domains() == ["a.example", "b.example"]
    assert b"a.example, b.example" in client.get("/identity-providers/okta").content
    assert b"a.example, b.example" in client.get("/identity-providers").content
    wrong = client.post("/identity-providers/okta", {"name": "Okta", "domains": "no@domain"})
    assert wrong.status_code == 422 and b"no@domain" in wrong.content
    body = json.dumps({"name": "Okta", "domains": ["c.example"]})
    changed = client.put("/api/v1/identity-providers/okta", body, content_type="application/json")
    assert changed.json()["domains"] == domains() == ["c.example"]
    run = CliRunner().invoke
    assert (
        run(cli, ["identity-provider", "change", "okta", "--domain", "d.example", "--domain", "e.example"]).exit_code
        == 0
    )
    assert domains() == ["d.example", "e.example"]
    exported = yaml.safe_load(run(cli, ["export"]).output)["identity_providers"]
    assert exported[0]["domains"] == ["d.example", "e.example"]
    (tmp_path / "file.yaml").write_text(yaml.safe_dump({"version": 1, "identity_providers": exported}))
    assert run(cli, ["identity-provider", "change", "okta", "--any-domain"]).exit_code == 0
    assert domains() == []
    assert run(cli, ["apply", "-f", str(tmp_path / "file.yaml")]).exit_code == 0
    assert domains() == ["d.example", "e.example"]


def test_groups_count_only_when_somebody_is_in(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    """Whoever had stolen somebody's sign-in there changed their role here before the second factor was asked for."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    secret = generate_totp_secret()
    TOTP.activate(anna, secret)
    commands.save_grant(SYSTEM, None, group="admins", role="administrator", team=None)
    came = sign_in(client, provider, okta, ANNA | {"groups": ["admins"]})
    anna.refresh_from_db()
    assert "/2fa/authenticate" in came.request["PATH_INFO"] and anna.role == Role.VIEWER
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    client.post("/account/2fa/authenticate/", {"code": code})
    anna.refresh_from_db()
    assert signed_in(client) == str(anna.pk) and anna.role == Role.ADMINISTRATOR


def test_connecting_changes_no_role(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    commands.save_grant(SYSTEM, None, group="admins", role="administrator", team=None)
    client.force_login(factories.person("Ben"))
    question = provider.asked(leave(client, "/account/saml/okta/login?process=connect"))
    bring(client, provider.answer(question, ANNA | {"groups": ["admins"]}), okta)
    anna.refresh_from_db()
    assert anna.role == Role.VIEWER


def unasked(client: Client, provider: SamlProvider) -> str:
    """An answer that nobody here asked for, as a tile of the provider's portal sends it; or somebody who wants another one to be
    signed in as themselves."""
    question = provider.asked(leave(client))
    question.id = None
    return provider.answer(question, ANNA)


def test_what_begins_at_the_provider_is_taken_only_where_that_is_wanted_and_after_a_question(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    came = bring(client, unasked(client, provider), okta)
    assert b"began at the identity provider" in came.content and signed_in(client) is None
    commands.save_provider(SYSTEM, okta, name="Okta", unasked=True)
    asked = bring(client, unasked(client, provider), okta, RelayState="https://evil.example.org/")
    assert "Sign in as Anna?" in asked.content.decode() and signed_in(client) is None
    yes = {"key": asked.context["key"]}
    other_page = Client(enforce_csrf_checks=True)
    assert other_page.post(asked.request["PATH_INFO"], yes).status_code == 403 and signed_in(other_page) is None
    came = client.post(asked.request["PATH_INFO"], yes, follow=True)
    assert signed_in(client) == str(anna.pk) and came.request["PATH_INFO"] == "/"
    client.logout()
    assert b"This browser did not ask" in client.post(asked.request["PATH_INFO"], yes).content  # it counts once
    assert signed_in(client) is None


def test_who_is_signed_in_is_not_made_somebody_else_without_being_asked(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    commands.save_provider(SYSTEM, okta, name="Okta", unasked=True)
    answers = [unasked(Client(), provider) for _ in range(3)]
    client.force_login(ben := factories.person("Ben"))
    page = bring(client, answers[0], okta).content.decode()
    assert "Sign in as Anna?" in page and "You are signed in as Ben" in page and signed_in(client) == str(ben.pk)
    client.force_login(anna)
    session = client.session.session_key
    came = bring(client, answers[1], okta)  # the same person: nothing to ask, and nothing to do
    assert came.request["PATH_INFO"] == "/" and client.session.session_key == session
    client.logout()
    asked = bring(client, answers[2], okta)
    commands.switch_provider(SYSTEM, okta, on=False)
    client.post(asked.request["PATH_INFO"], {"key": asked.context["key"]})
    assert signed_in(client) is None
