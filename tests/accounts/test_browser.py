"""In a real browser: the first-run walk on a phone, and a passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pytest_django.live_server_helper import LiveServer

import factories
from browsing import signed_in
from peers.chromium import PHONE, axe
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import IdentityProvider, Installation, Person
from watchroom.kernel import clock
from watchroom.paging.models import Notification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def quiet(chromium: Chromium) -> Chromium:
    """The live connection is the gate's, which does not run here: its absence is no problem of these pages."""
    watch = chromium._check_address

    def check(page: Any, url: str) -> None:
        chromium.problems[:] = [each for each in chromium.problems if "404" not in each and "MIME type" not in each]
        watch(page, url)

    chromium._check_address = check  # type: ignore[method-assign]
    return chromium


@pytest.fixture
def fresh(live_server: Any) -> Iterator[LiveServer]:
    """A server of its own: the one for all tests may remember that somebody exists."""
    server = LiveServer("localhost")
    yield server
    server.stop()


def test_the_walk_on_a_phone(fresh: LiveServer, quiet: Chromium) -> None:
    page = quiet.page(fresh.url, PHONE, timezone_id="Europe/Berlin")
    page.goto("/people")
    assert page.input_value("[name=timezone]") == "Europe/Berlin"  # the browser's own
    page.fill("[name=name]", "Kim Ode")
    page.fill("[name=email]", "kim@example.org")
    page.fill("[name=password]", "a river of glass")
    assert axe(page) == []
    page.click("text=Make my account")
    page.fill("[name=service]", "Web shop")
    assert axe(page) == []
    with page.expect_navigation():
        page.click("text=Make team and service")
    assert axe(page) == []
    page.click("text=Next: test page")
    with page.expect_response("**/me/pending-page"):  # what it rings with is closed below
        page.click("text=Page me now")
    page.wait_for_selector("text=On its way")
    assert axe(page) == []
    Notification.objects.update(state="sent", ended_at=clock.now(), due_at=None)  # the engine's work
    page.wait_for_selector("text=Did it arrive?")  # without reloading
    page.evaluate("document.querySelectorAll('dialog[open]').forEach((each) => each.close())")
    page.click("text=It arrived")
    page.wait_for_selector("text=You can be reached")
    page.click("text=Next: first alert")
    page.click("text=Make the integration")
    page.wait_for_selector("text=prometheus.yml")
    assert axe(page) == []
    quiet.close_pages()  # so that nothing is tried again after the last look
    quiet.take_problems()


def test_somebody_invited_comes_in_by_their_link(live_server: Any, quiet: Chromium) -> None:
    factories.person("Ada Admin", "administrator")
    kim = commands.create_person(SYSTEM, email="kim@example.org", name="Kim Ode", role="responder")
    link = commands.invite(SYSTEM, kim).url
    page = quiet.page(live_server.url, PHONE, timezone_id="Europe/Berlin")
    page.goto(f"{live_server.url}/welcome/{link.rsplit('/', 1)[1]}")
    page.fill("[name=password]", "a river of glass")
    page.click("main button.primary")
    page.wait_for_url("**/me/contact")
    assert axe(page) == []
    kim.refresh_from_db()
    assert kim.timezone == "Europe/Berlin"  # the browser's own
    quiet.close_pages()  # so that nothing is tried again after the last look
    quiet.take_problems()


def test_what_was_written_outlives_the_session(live_server: Any, quiet: Chromium) -> None:
    person = factories.person("Kim Ode", "administrator", password="a river of glass")
    team = factories.team("Payments")
    page = quiet.page(live_server.url)

    def sign_in() -> None:
        page.fill("[name=login]", person.email)
        page.fill("[name=password]", "a river of glass")
        page.click("main button.primary")

    page.goto("/services/new")
    sign_in()
    page.fill("[name=name]", "Checkout of the shop")
    page.fill("[name=description]", "Takes the money")
    assert page.input_value("[name=team]") == str(team.pk)  # there is no other
    page.context.clear_cookies(name="sessionid")
    page.click("main button.primary")
    sign_in()
    page.wait_for_url("**/services/new")
    page.wait_for_selector("text=Here is what you wrote")
    assert page.input_value("[name=name]") == "Checkout of the shop"
    assert page.input_value("[name=description]") == "Takes the money"
    page.click("main button.primary")
    page.wait_for_url("**/services/checkout-of-the-shop")
    page.goto("/services/new")
    assert page.input_value("[name=name]") == ""  # it was sent, and is not brought up again
    quiet.close_pages()
    quiet.take_problems()


@pytest.mark.parametrize("way", ["by the link", "by Back"])
def test_what_was_written_outlives_a_server_that_is_away(
    client: Any, live_server: Any, chromium: Chromium, way: str
) -> None:
    """As it begins anew: the page that stands in for the answer is none of ours."""
    factories.team("Payments")
    page = signed_in(client, chromium, live_server, factories.person("Kim Ode", "administrator"))
    page.goto("/services/new")
    page.fill("[name=name]", "Checkout of the shop")
    away = {"status": 502, "content_type": "text/html", "body": "<a href='/services/new?unsent'>Go back</a>"}
    page.route("**/services/new", lambda route: route.fulfill(**away), times=1)
    page.click("main button.primary")
    page.wait_for_selector("text=Go back")
    if way == "by Back":
        page.go_back()
    else:
        page.click("text=Go back")
    page.wait_for_selector("text=No answer came to what you sent")
    assert page.input_value("[name=name]") == "Checkout of the shop"
    page.click("main button.primary")
    page.wait_for_url("**/services/checkout-of-the-shop")
    page.go_back()
    page.wait_for_url("**/services/new*")
    assert page.locator("text=No answer came").count() == 0  # one came
    chromium.close_pages()
    chromium.take_problems()


def test_a_passkey_signs_in(live_server: Any, quiet: Chromium) -> None:
    person = factories.person("Kim Ode", password="a river of glass")
    page = quiet.page(live_server.url)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key | {"isUserVerified": True}})
    page.goto("/account/login/?next=/account/2fa/webauthn/add/")
    assert page.locator("#passkey_login").count() == 0  # nobody has one yet
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", "a river of glass")
    page.click("main button.primary")
    page.fill("[name=password]", "a river of glass")  # is it still you?
    page.click("main button.primary")
    page.fill("[name=name]", "Laptop")
    page.check("[name=passwordless]")
    assert axe(page) == []
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/**")
    page.context.clear_cookies()
    page.goto("/account/login/?next=/me")
    assert axe(page) == []
    page.click("#passkey_login")
    page.wait_for_selector("h1:has-text('Your profile')")  # the address ends with /me before, too
    assert Person.objects.get(pk=person.pk).last_login
    # Single sign-on only: no way around it for who is no administrator.
    IdentityProvider.objects.create(name="Okta", slug="okta", enabled=True)
    Installation.objects.update_or_create(pk=1, defaults={"single_sign_on_only": True})
    page.context.clear_cookies()
    page.goto("/account/login/?next=/me")
    assert axe(page) == []
    page.click("summary:has-text('Administrators')")
    page.click("#passkey_login")
    page.wait_for_selector("text=Passwords are for administrators here")
    page.wait_for_selector("text=Sign in with Okta")
    page.goto("/me")
    page.wait_for_selector("h1:has-text('Sign in')")
    quiet.close_pages()  # so that nothing is tried again after the last look
    quiet.take_problems()
