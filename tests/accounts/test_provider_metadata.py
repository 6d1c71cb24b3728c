"""Where a provider's certificates come from: an address that nobody can put something under, read when it is said, and never taken
back by who saves something else."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from peers.http import Answer, HttpPeer
from peers.saml_provider import SamlProvider, key_and_certificate
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import IdentityProvider, Person
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(hook: HttpPeer, provider: SamlProvider) -> HttpPeer:
    """Where its metadata lie."""
    hook.otherwise = Answer(body=provider.metadata)
    return hook


@pytest.fixture
def root(client: Client, okta: IdentityProvider) -> Person:
    person = Person.objects.get(name="Root")
    client.force_login(person)
    return person


def exchanged(there: HttpPeer, provider: SamlProvider) -> str:
    """The provider has another certificate now; returns it."""
    new = key_and_certificate(days=300)[1]

    def bare(pem: str) -> str:
        return "".join(pem.splitlines()[1:-1])

    text = "".join(provider.metadata.split("\n"))
    assert bare(provider.certificate) in text
    there.otherwise = Answer(body=text.replace(bare(provider.certificate), bare(new)))
    return new


def shown(client: Client) -> dict[str, str]:
    """What the form of the page would send as it stands, with what it hides."""
    page = client.get("/identity-providers/okta").content.decode()
    form = re.search(r'<form class="form" method="post">(.*?)</form>', page, re.DOTALL)
    assert form
    sent = {
        name: unescape(value)
        for tag in re.findall(r"<input[^>]*>", form[1])
        if 'type="checkbox"' not in tag
        for name in re.findall(r'name="([^"]+)"', tag)
        for value in re.findall(r'value="([^"]*)"', tag) or [""]
    }
    areas = re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', form[1], re.DOTALL)
    return sent | {name: unescape(value).strip() for name, value in areas}


@pytest.mark.parametrize("address", ["http://idp.example.org/metadata", "http://10.0.0.7/metadata"])
def test_metadata_come_by_https_alone(okta: IdentityProvider, there: HttpPeer, configured: Any, address: str) -> None:
    """Whoever sits between could put their own certificate there, and sign in as anybody."""
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8,10.0.0.0/8")
    with pytest.raises(Refused) as told:
        commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=address)
    assert (told.value.field, told.value.value) == ("metadata_url", address) and "https://" in told.value.fix
    commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=f"{there.url}/metadata")  # this very machine


def test_an_address_without_tls_from_before_is_read_no_more(okta: IdentityProvider, http_peer: HttpPeer) -> None:
    IdentityProvider.objects.update(metadata_url="http://idp.example.org/metadata")
    okta.refresh_from_db()
    with pytest.raises(Refused, match="https"):
        commands.read_again(SYSTEM, okta)
    okta.refresh_from_db()
    assert "https" in okta.error and okta.certificates


def test_a_changed_address_is_read_at_once_and_the_page_says_what_came_of_it(
    client: Client, okta: IdentityProvider, root: Person, there: HttpPeer, provider: SamlProvider
) -> None:
    new = exchanged(there, provider)
    saved = client.post("/identity-providers/okta", shown(client) | {"metadata_url": there.url}, follow=True)
    okta.refresh_from_db()
    assert okta.certificates == [new] and okta.read_at is not None and not okta.error
    assert "Saved, and its metadata was read: 1 certificate." in saved.content.decode()
    asked = len(there.requests)
    client.post("/identity-providers/okta", shown(client) | {"name": "Company"})
    okta.refresh_from_db()
    assert okta.name == "Company" and len(there.requests) == asked


def test_an_address_that_gives_nothing_loses_nothing_of_the_form(
    client: Client, okta: IdentityProvider, root: Person, there: HttpPeer, provider: SamlProvider
) -> None:
    there.otherwise = Answer(404)
    form = shown(client) | {"metadata_url": there.url, "name": "Company", "adds_people": "on"}
    saved = client.post("/identity-providers/okta", form, follow=True).content.decode()
    okta.refresh_from_db()
    assert (okta.name, okta.adds_people, okta.metadata_url.rstrip("/")) == ("Company", True, there.url.rstrip("/"))
    assert okta.certificates == [provider.certificate] and "answered 404" in okta.error
    assert "Saved, but its metadata could not be read" in saved and "answered 404" in saved
    body = json.dumps({"name": "Other", "metadata_url": there.url})
    made = client.post("/api/v1/identity-providers", body, content_type="application/json")
    assert made.status_code == 201 and "answered 404" in made.json()["error"]
    body = json.dumps({"name": "Other", "enabled": True})
    refused = client.put("/api/v1/identity-providers/other", body, content_type="application/json")
    assert refused.status_code == 422 and "answered 404" in refused.content.decode()
    client.post("/identity-providers/okta", shown(client) | {"metadata_url": ""})
    okta.refresh_from_db()
    assert not okta.error


def test_what_could_not_be_read_when_it_was_new_is_read_by_a_button(
    client: Client, okta: IdentityProvider, root: Person, there: HttpPeer, provider: SamlProvider
) -> None:
    there.otherwise = Answer(503)
    client.post("/identity-providers/new", {"name": "Entra"})
    client.post("/identity-providers/entra", {"name": "Entra", "metadata_url": there.url})
    assert "Read it again" in client.get("/identity-providers/entra").content.decode()
    there.otherwise = Answer(body=provider.metadata)
    twice = client.post("/identity-providers/entra/do", {"do": "read"}, follow=True).content.decode()
    entra = IdentityProvider.objects.get(slug="entra")
    assert "Another provider has this entity ID" in twice and not entra.entity_id  # Okta is there already
    there.otherwise = Answer(body=provider.metadata.replace("idp.example.org", "entra.example.org"))
    client.post("/identity-providers/entra/do", {"do": "read"})
    entra.refresh_from_db()
    assert entra.entity_id == "https://entra.example.org/metadata" and entra.certificates and not entra.error


def test_who_saves_a_page_that_was_opened_before_restores_no_old_certificate(
    client: Client, okta: IdentityProvider, root: Person, there: HttpPeer, provider: SamlProvider
) -> None:
    okta = commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=there.url)
    opened = shown(client)
    assert provider.certificate.split()[3] in opened["certificates"]
    new = exchanged(there, provider)
    commands.read_again(SYSTEM, okta)
    assert client.post("/identity-providers/okta", opened | {"name": "Company"}).status_code == 302
    okta.refresh_from_db()
    assert (okta.name, okta.certificates) == ("Company", [new])
    by_hand = shown(client) | {"certificates": provider.certificate}
    client.post("/identity-providers/okta", by_hand)
    okta.refresh_from_db()
    assert okta.certificates == [provider.certificate]


def test_a_save_that_meets_the_daily_reading_restores_no_old_certificate(
    okta: IdentityProvider, there: HttpPeer, provider: SamlProvider
) -> None:
    commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=there.url)
    stale = IdentityProvider.objects.get()  # as a request has it that began before
    new = exchanged(there, provider)
    commands.read_again(SYSTEM, IdentityProvider.objects.get())
    saved = commands.save_provider(SYSTEM, stale, name="Company")
    okta.refresh_from_db()
    assert okta.certificates == saved.certificates == [new] and okta.name == "Company"


def test_a_reading_of_an_address_that_has_been_changed_since_counts_nothing(
    okta: IdentityProvider, there: HttpPeer, provider: SamlProvider
) -> None:
    commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=f"{there.url}/old")
    stale = IdentityProvider.objects.get()  # as the engine had it when it began
    new = key_and_certificate(days=300)[1]
    exchanged(there, provider)
    commands.save_provider(SYSTEM, okta, name="Okta", metadata_url="")
    commands.save_provider(SYSTEM, okta, name="Okta", certificates=[new])
    commands.read_again(SYSTEM, stale)
    okta.refresh_from_db()
    assert there.requests[-1].path == "/old" and okta.certificates == [new] and okta.metadata_url == ""
