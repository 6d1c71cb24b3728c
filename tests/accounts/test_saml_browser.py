"""In a real browser: from the button on the sign-in page to the home page, by a provider on another site.

Watchroom is at ``localhost`` and the provider at ``127.0.0.1``, which are two sites: the provider's form comes without our session cookie
(SameSite=Lax), as it does anywhere.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import factories
from accounts.coming_in import ANNA
from peers.chromium import PHONE, axe
from peers.http import Answer, HttpPeer, Request
from peers.saml_provider import SamlProvider
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import IdentityProvider

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]

_PAGE = """<!doctype html><html lang="en"><title>Okta</title><h1>Okta</h1><form method="post" action="{acs}">
<input type="hidden" name="SAMLResponse" value="{answer}"><input type="hidden" name="RelayState" value="https://evil.example.org/">
<button>I am {who}</button></form>"""


class Site:
    """The provider's own pages: one, with a button. ``said`` is what it vouches for."""

    def __init__(self, peer: HttpPeer) -> None:
        self.provider = SamlProvider(peer.url)
        self.said: dict[str, Any] = ANNA
        peer.otherwise = self._answer

    def _answer(self, request: Request) -> Answer:
        if urlsplit(request.path).path != "/sso":
            return Answer(404)
        question = self.provider.asked(f"{self.provider.url}{request.path}")
        answer = self.provider.answer(question, self.said)
        page = _PAGE.format(acs=html.escape(question.assertion_consumer_service_url), answer=answer, who="Anna")
        return Answer(body=page, headers={"Content-Type": "text/html; charset=utf-8"})


@pytest.fixture
def site(http_peer: HttpPeer) -> Iterator[Site]:
    made = Site(http_peer)
    yield made
    made.provider.stop()


def test_set_up_tried_switched_on_and_used(live_server: Any, chromium: Chromium, site: Site, configured: Any) -> None:
    url = live_server.url.replace("127.0.0.1", "localhost")
    configured(WATCHROOM_URL=url)
    factories.person("Root", "administrator", email="root@example.org", password="a river of glass")
    page = chromium.page(url)
    page.goto("/account/login/?next=/identity-providers")
    page.fill("[name=login]", "root@example.org")
    page.fill("[name=password]", "a river of glass")
    page.click("main button.primary")
    page.wait_for_url("**/identity-providers")
    assert axe(page) == []
    page.click("main .empty a.button.primary")
    page.fill("[name=name]", "Okta")
    page.click("text=Go on")
    page.wait_for_selector("text=1. Give these to your provider")
    assert axe(page) == []
    site.provider.knows(page.request.get(f"{url}/account/saml/okta/metadata").text())
    page.fill("[name=metadata]", site.provider.metadata)
    page.click("main form button:has-text('Save')")
    page.click("button:has-text('Try it')")
    page.click("text=I am Anna")
    page.wait_for_selector("text=would stay outside")
    assert axe(page) == []
    commands.create_person(SYSTEM, email="anna@example.org", name="Anna")
    page.click("button:has-text('Try it again')")
    page.click("text=I am Anna")
    page.wait_for_selector("text=They come in as Anna")
    page.click("button:has-text('Switch it on')")
    page.wait_for_selector("text=the sign-in page has a button")
    assert IdentityProvider.objects.get().enabled

    phone = chromium.page(url, PHONE)
    phone.goto("/people")
    phone.click("text=Sign in with Okta")
    phone.click("text=I am Anna")
    phone.wait_for_url(f"{url}/people")
    phone.wait_for_selector("h1:has-text('People')")

    other = chromium.page(url, PHONE)
    site.said = {"displayName": ["Nobody"]}
    other.goto("/")
    other.click("text=Sign in with Okta")
    other.click("text=I am Anna")
    other.wait_for_selector("text=has no e-mail address in it")
    assert axe(other) == []
    chromium.close_pages()
    # The live connection is the gate's, which does not run here, and a page that refuses says so by its status.
    assert [
        each for each in chromium.take_problems() if "404" not in each and "MIME" not in each and "403" not in each
    ] == []
