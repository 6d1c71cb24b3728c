"""In a real browser: a page that re-reads itself misses nothing that happens while it does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import factories
from browsing import at_rest, signed_in
from peers.chromium import axe
from watchroom.accounts.actors import acting
from watchroom.incidents import commands

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]

# The stream says what the test says, when it says it. ``streams`` is how many there have been.
_STREAM = """window.streams = 0;
window.EventSource = class EventSource extends EventTarget {
  static CLOSED = 2;
  constructor() {
    super();
    window.streams += 1;
    window.opened = () => { this.readyState = 1; this.onopen(); };
    window.alive = () => this.dispatchEvent(new Event("alive"));
    window.say = (...topics) => this.onmessage({ data: JSON.stringify({ topics }) });
  }
  close() { this.readyState = 2; }
};"""

_SOON = """const wait = window.setTimeout;  // a second is a tenth
window.setTimeout = (act, ms, ...more) => wait(act, ms < 1_000 ? ms : ms / 10, ...more);"""


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


def test_a_stream_that_has_fallen_silent_is_asked_for_anew(client: Any, live_server: Any, chromium: Chromium) -> None:
    """A network that forgets a connection tells nobody: for minutes the page said "Live", and was old."""
    anna = factories.person("Anna", role="administrator")
    page = signed_in(client, chromium, live_server, anna)
    page.add_init_script(_STREAM)
    page.add_init_script("window.at = 0; Date.now = () => 1_772_442_000_000 + at * 1_000")
    page.goto("/incidents")
    at_rest(page)
    strip = page.locator("[data-connection]")
    page.evaluate("opened(); alive()")
    expect(strip).to_have_text("Live")
    looked = (
        "document.dispatchEvent(new Event('visibilitychange'))"  # as after a sleep; else it looks every five seconds
    )
    page.evaluate(f"at = 30; alive(); at = 60; {looked}")
    assert page.evaluate("streams") == 1
    commands.declare(acting(anna), title="Checkout is slow")  # and the stream does not say so
    page.evaluate(f"at = 75; {looked}")
    expect(strip).to_have_text("Offline since 09:00")
    assert page.evaluate("streams") == 2
    page.evaluate("opened(); alive()")
    expect(strip).to_have_text("Live")
    expect(page.locator("#incidents")).to_contain_text("Checkout is slow")
    chromium.take_problems()  # what was given up is an error to the console


def test_what_asks_by_itself_and_gets_no_answer_asks_again(client: Any, live_server: Any, chromium: Chromium) -> None:
    """While the server began anew a list stayed as it was, with a message that asked its reader to try again."""
    anna = factories.person("Anna", role="administrator")
    page = signed_in(client, chromium, live_server, anna)
    page.add_init_script(_STREAM)
    page.add_init_script(_SOON)
    page.goto("/incidents")
    at_rest(page)
    asked: list[Any] = []

    def answer(route: Any) -> None:
        if "hx-request" not in route.request.headers:
            route.continue_()
            return
        asked.append(route)
        if len(asked) == 1:
            route.abort()
        elif len(asked) == 2:
            route.fulfill(status=502)

    page.route(lambda url: "/incidents" in url, answer)
    commands.declare(acting(anna), title="Checkout is slow")
    page.evaluate("say('incidents')")
    expect(page.locator("[data-old]")).to_have_attribute("id", "incidents")  # it says of itself that it is old
    assert page.locator(".toast").count() == 0
    assert axe(page) == []
    page.wait_for_selector("#incidents.htmx-request")
    asked[2].continue_()
    expect(page.locator("#incidents")).to_contain_text("Checkout is slow")
    expect(page.locator("[data-old]")).to_have_count(0)
    chromium.take_problems()  # the browser says on its console what was not answered


def test_a_part_that_comes_later_comes_on_a_bad_network_too(client: Any, live_server: Any, chromium: Chromium) -> None:
    """What a room reads as it opens stayed empty when that one answer was lost."""
    anna = factories.person("Anna", role="administrator")
    incident = commands.declare(acting(anna), title="Checkout is slow")
    page = signed_in(client, chromium, live_server, anna)
    page.add_init_script(_SOON)
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.fulfill(body="It came", content_type="text/html")

    page.route("**/evidence/incidents/*", answer)
    page.goto(f"/incidents/{incident.pk}")
    page.get_by_text("It came").wait_for()
    assert page.locator(".toast").count() == 0
    chromium.take_problems()


def test_times_are_right_where_the_clock_of_the_machine_is_not(
    client: Any, live_server: Any, chromium: Chromium, clock: Any
) -> None:
    """A laptop whose clock is wrong said that an update was due in an hour when it was late."""
    anna = factories.person("Anna", role="administrator")
    commands.declare(acting(anna), title="Checkout is slow")
    clock.advance(timedelta(minutes=5))
    page = signed_in(client, chromium, live_server, anna)
    page.goto("/incidents")
    at_rest(page)
    times = page.locator("#incidents time:is([data-form=relative], [data-form=elapsed])")
    assert set(times.all_inner_texts()) <= {"5 min", "5 min ago"} and times.count()
    assert chromium.take_problems() == []
