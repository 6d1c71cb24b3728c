"""In a real browser: a page that re-reads itself misses nothing that happens while it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import factories
from browsing import signed_in
from watchroom.accounts.actors import acting
from watchroom.incidents import commands

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]

# The stream says what the test says, when it says it.
_STREAM = """window.EventSource = class {
  constructor() { window.say = (...topics) => this.onmessage({ data: JSON.stringify({ topics }) }); }
  addEventListener() {}
  close() {}
};"""


@pytest.mark.parametrize("when", ["just before the answer", "well before the answer"])
def test_what_happens_while_a_list_is_read_is_on_it(
    client: Any, live_server: Any, chromium: Chromium, when: str
) -> None:
    """The list replaces itself, and with it went the question that stood in line, so it stayed old until the next event."""
    anna = factories.person("Anna", role="administrator")
    page = signed_in(client, chromium, live_server, anna)
    page.add_init_script(_STREAM)
    page.goto("/incidents")
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        read = route.fetch()
        if len(asked) == 1:  # it has been read: what happens now is not in it
            commands.declare(acting(anna), title="Search is down")
            page.evaluate("say('incidents')")
            if when.startswith("well"):
                page.wait_for_timeout(400)  # longer than events are gathered
        route.fulfill(response=read)

    page.route(lambda url: "/incidents" in url, lambda route: answer(route) if "hx-request" in route.request.headers else route.continue_())  # fmt: skip
    commands.declare(acting(anna), title="Checkout is slow")
    page.evaluate("say('incidents')")
    expect(page.locator("#incidents")).to_contain_text("Search is down")
    expect(page.locator("#incidents")).to_contain_text("Checkout is slow")
    assert len(asked) == 2 and chromium.take_problems() == []
