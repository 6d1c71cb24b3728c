"""Single sign-on only: passwords, passkeys and sign-up are off for everybody but administrators, and nobody is locked out by it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from click.testing import CliRunner
from django.core import mail
from django.test import Client

from accounts.coming_in import sign_in, signed_in
from peers.saml_provider import SamlProvider
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import AuditRecord, IdentityProvider, Person
from watchroom.accounts.queries import passwords_are_off
from watchroom.cli.main import cli
from watchroom.kernel.errors import Conflict

pytestmark = pytest.mark.django_db
PASSWORD = "a river of glass"
ONLY = "Passwords are for administrators here"


@pytest.fixture
def root(okta: IdentityProvider) -> Person:
    """An administrator who has come in by Okta, and knows a password, too."""
    person = Person.objects.get(name="Root")
    person.set_password(PASSWORD)
    person.save()
    SocialAccount.objects.create(user=person, provider="okta", uid="root")
    return person


@pytest.fixture
def only(root: Person, anna: Person) -> None:
    """It is switched on; Anna has a password from before."""
    anna.set_password(PASSWORD)
    anna.save()
    commands.switch_single_sign_on_only(SYSTEM, on=True)


def by_password(client: Client, person: Person) -> str:
    """What the page says to whoever signs in by the password."""
    sent = {"login": person.email, "password": PASSWORD}
    return client.post("/account/login/", sent, follow=True).content.decode()


def test_it_is_switched_on_only_once_an_administrator_has_come_in_by_a_provider_that_is_on(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    def refused() -> bool:
        try:
            commands.switch_single_sign_on_only(SYSTEM, on=True)
        except Conflict:
            return not passwords_are_off()
        return False

    root = Person.objects.get(name="Root")
    sign_in(client, provider, okta)
    assert signed_in(client) == str(anna.pk) and refused()  # no administrator
    client.logout()
    sign_in(client, provider, okta, {"email": [root.email]}, name="root")
    commands.switch_provider(SYSTEM, okta, on=False)
    assert refused()
    commands.save_provider(SYSTEM, okta, name="Okta", enabled=True, domains=["elsewhere.example"])
    assert refused()
    commands.save_provider(SYSTEM, okta, name="Okta", domains=[])
    assert not refused() and passwords_are_off()
    assert AuditRecord.objects.filter(action="single_sign_on_only.on").count() == 1


@pytest.mark.usefixtures("only")
def test_a_password_is_for_administrators_and_everybody_comes_in_by_the_provider(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person, root: Person
) -> None:
    page = by_password(client, anna)
    assert signed_in(client) is None and ONLY in page and "Sign in with Okta" in page
    assert not any(each["method"] == "password" for each in client.session.get("account_authentication_methods", []))
    sign_in(client, provider, okta)
    assert signed_in(client) == str(anna.pk)
    client.logout()
    by_password(client, root)
    assert signed_in(client) == str(root.pk)


@pytest.mark.usefixtures("only")
def test_it_holds_while_a_provider_is_switched_on(client: Client, okta: IdentityProvider, anna: Person) -> None:
    """Whoever deletes the last one locks nobody out."""
    commands.switch_provider(SYSTEM, okta, on=False)
    by_password(client, anna)
    assert signed_in(client) == str(anna.pk)
    client.logout()
    commands.switch_provider(SYSTEM, okta, on=True)
    assert ONLY in by_password(client, anna) and signed_in(client) is None


@pytest.mark.usefixtures("only")
def test_nobody_signs_up_or_chooses_a_new_password(client: Client, anna: Person, root: Person, configured: Any) -> None:
    configured(WATCHROOM_SIGN_UP="true", WATCHROOM_SMTP_URL="smtp://mail.example.org:25")
    sign_up = {"email": "eve@example.org", "password1": PASSWORD, "name": "Eve"}
    client.post("/account/signup/", sign_up)
    assert not Person.objects.filter(email="eve@example.org").exists()
    assert b"Make an account" not in client.get("/account/login/").content
    assert ONLY in client.get("/account/password/reset/").content.decode()
    for person in (anna, root):
        client.post("/account/password/reset/", {"email": person.email})
    assert [message.to for message in mail.outbox] == [[root.email]]


@pytest.mark.usefixtures("only")
def test_an_invitation_leads_to_the_provider(client: Client, anna: Person, root: Person) -> None:
    before = anna.password
    path = commands.invite(SYSTEM, anna).url.partition("8000")[2]
    for ask in (client.get, client.post):
        page = ask(path, {"password": "another river of glass"}, follow=True).content.decode()
        assert "Sign in with Okta" in page and "anna@example.org" in page and signed_in(client) is None
    anna.refresh_from_db()
    assert anna.password == before
    path = commands.invite(SYSTEM, root).url.partition("8000")[2]
    client.post(path, {"password": "another river of glass"})
    assert signed_in(client) == str(root.pk)


def test_the_page_the_api_and_the_command_line_switch_it(client: Client, root: Person, anna: Person) -> None:
    def ask(method: str, body: Any = None) -> Any:
        sent = json.dumps(body) if body is not None else ""
        return client.generic(method, "/api/v1/single-sign-on-only", sent, content_type="application/json")

    client.force_login(anna)
    assert ask("PUT", {"on": True}).status_code == ask("GET").status_code == 403
    assert client.post("/identity-providers/only", {"only": "on"}).status_code == 403
    client.force_login(root)
    assert ask("GET").json() == {"on": False, "holds": False}
    assert ask("PUT", {"on": True}).json() == {"on": True, "holds": True}
    page = client.get("/identity-providers").content.decode()
    assert "Passwords are off but for administrators" in page
    client.post("/identity-providers/only", {"only": "off"})
    assert not passwords_are_off()
    client.post("/identity-providers/only", {"only": "on"})
    assert passwords_are_off()
    run = CliRunner().invoke
    off = run(cli, ["single-sign-on-only", "off"])  # on the machine itself, with nobody signed in
    assert off.exit_code == 0 and not passwords_are_off()
    assert run(cli, ["single-sign-on-only", "on"]).exit_code == 0 and passwords_are_off()
    assert '"holds": true' in run(cli, ["single-sign-on-only", "show", "--json"]).output
    SocialAccount.objects.all().delete()
    run(cli, ["single-sign-on-only", "off"])
    refused = run(cli, ["single-sign-on-only", "on"])
    assert refused.exit_code != 0 and "No administrator has come in" in refused.output
    page = client.post("/identity-providers/only", {"only": "on"}, follow=True).content.decode()
    assert "No administrator has come in" in page and not passwords_are_off()
