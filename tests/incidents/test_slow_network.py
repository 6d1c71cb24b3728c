"""In a real browser: what one does in a room on a slow, broken or shared device is neither lost nor done for another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from playwright.sync_api import expect

import factories
from browsing import at_rest, signed_in
from watchroom.accounts.actors import acting
from watchroom.incidents import commands
from watchroom.incidents.models import Incident, LogEntry, Task

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]


def room(client: Any, chromium: Chromium, live_server: Any) -> tuple[Any, Incident, Any]:
    """Anna in a room, at rest."""
    anna = factories.person("Anna", role="administrator")
    incident = commands.declare(acting(anna), title="Checkout is slow")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/incidents/{incident.pk}")
    at_rest(page)
    return page, incident, anna


def again(page: Any, part: str, within: str) -> None:
    """A part of the room reads itself."""
    with page.expect_response(re.compile(f"part={part}")):
        page.evaluate(f"htmx.trigger(document.getElementById('{within}'), 'live')")
    at_rest(page)


def test_what_stands_at_the_head_of_a_room_can_be_pressed_while_the_room_reads_itself(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """The head comes along with another part, and nothing kept it: a confirmed “Resolve” did nothing."""
    page, incident, anna = room(client, chromium, live_server)
    commands.follow_incident(acting(anna), incident)
    page.reload()
    at_rest(page)
    menu = page.locator("#room-head details[data-menu]", has=page.locator("summary[data-key=f]"))
    menu.locator("summary").click()
    menu.get_by_role("button", name="Unfollow").focus()
    again(page, "top", "next")
    expect(menu.get_by_role("button", name="Unfollow")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#room-head").get_by_role("button", name=re.compile("mitigated")).hover()
    page.mouse.down()
    again(page, "top", "next")
    with page.expect_navigation():
        page.mouse.up()
    incident.refresh_from_db()
    assert incident.status == "mitigated"
    at_rest(page)
    page.locator("#room-head").get_by_role("button", name="Resolve").click()
    again(page, "top", "next")
    with page.expect_navigation():
        page.locator("dialog[open]").get_by_role("button", name="Resolve").click()
    incident.refresh_from_db()
    assert incident.status == "resolved"
    assert chromium.take_problems() == []


def test_what_is_written_while_a_line_is_being_sent_is_the_next_one(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """The answer emptied the field, whatever stood in it by then; and a room that read itself meanwhile left the line in it."""
    page, _incident, _ = room(client, chromium, live_server)
    held: list[Any] = []
    page.route("**/tasks", lambda route: held.append(route))
    field, add = page.locator("#tasks input[name=text]"), page.locator("#tasks").get_by_role("button", name="Add", exact=True)  # fmt: skip
    field.fill("Ask the provider")
    with page.expect_request("**/tasks"):
        page.keyboard.press("Enter")
    field.fill("Then wait")
    with page.expect_response("**/tasks"):
        held.pop().continue_()
    expect(page.locator("#tasks .task")).to_contain_text("Ask the provider")
    expect(field).to_have_value("Then wait")
    with page.expect_request("**/tasks"):
        add.click()
    again(page, "side", "side")  # its event is faster than the answer
    with page.expect_response("**/tasks"):
        held.pop().continue_()
    expect(page.locator("#tasks .task")).to_have_count(2)
    expect(field).to_have_value("")
    assert [task.text for task in Task.objects.order_by("id")] == ["Ask the provider", "Then wait"]
    assert chromium.take_problems() == []


def test_lines_that_wait_are_written_by_nobody_else(client: Any, live_server: Any, chromium: Chromium) -> None:
    """A device of the whole team: what Anna wrote without a connection went out in Ben's name."""
    page, incident, anna = room(client, chromium, live_server)
    page.route(f"**/incidents/{incident.pk}/log", lambda route: route.abort())
    page.fill("#compose-text", "Mine")
    page.keyboard.press("Enter")
    expect(page.locator("[data-waiting]")).to_contain_text("1 line is waiting")
    page.unroute(f"**/incidents/{incident.pk}/log")
    ben = factories.person("Ben", role="administrator")
    for person in (ben, anna):
        page.goto("about:blank")
        other = Client()  # who signs in where somebody else is ends their session, and a late answer to them this one
        other.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        page.context.add_cookies([{"name": "sessionid", "value": other.cookies["sessionid"].value, "url": live_server.url}])  # fmt: skip
        page.goto(f"/incidents/{incident.pk}")
        page.fill("#compose-text", f"I am {person.name}")
        page.keyboard.press("Enter")
        page.locator("#log").get_by_text(f"I am {person.name}").wait_for()
    written = LogEntry.objects.filter(kind="note").order_by("id").values_list("text", "author__name")
    assert list(written) == [("I am Ben", "Ben"), ("Mine", "Anna"), ("I am Anna", "Anna")]
    chromium.take_problems()  # the connection that was cut


def test_a_line_that_cannot_be_written_holds_up_no_other_incident_and_loses_nothing(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    page, incident, anna = room(client, chromium, live_server)
    other = commands.declare(acting(anna), title="Search is down")
    page.route(f"**/incidents/{incident.pk}/log", lambda route: route.fulfill(status=500))
    page.fill("#compose-text", "Stuck")
    page.keyboard.press("Enter")
    expect(page.locator("[data-waiting]")).to_contain_text("1 line is waiting")
    page.goto(f"/incidents/{other.pk}")
    page.fill("#compose-text", "Elsewhere")
    page.keyboard.press("Enter")
    page.locator("#log").get_by_text("Elsewhere").wait_for()
    # What is changed comes before what has been begun since.
    page.fill("#compose-text", "/nonsense")
    page.keyboard.press("Enter")
    page.locator("#pending-lines").get_by_text("There is no command").wait_for()
    page.fill("#compose-text", "The next one")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator("#compose-text")).to_have_value("/nonsense\nThe next one")
    chromium.take_problems()


def test_the_log_takes_the_later_of_two_answers_and_older_lines_once(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    page, incident, anna = room(client, chromium, live_server)
    line = commands.log(acting(anna), incident, "note", "Firts")
    held: list[Any] = []
    log = re.compile(r"/log\?since=")

    def answer(route: Any) -> None:
        held.append(route.fetch())  # as it is now
        if len(held) == 1:
            commands.edit_entry(acting(anna), line, text="First")
            told = {"incident": incident.pk, "html": "", "since": "2026-01-01T00:00:00+00:00"}
            page.evaluate("detail => document.dispatchEvent(new CustomEvent('live:lines', {detail}))", told)
        route.fulfill(response=held[-1])

    page.route(log, answer)
    page.evaluate("document.dispatchEvent(new CustomEvent('room:changed'))")
    expect(page.locator(f"#entry-{line.pk}")).to_contain_text("First")
    for number in range(70):
        commands.log(acting(anna), incident, "note", f"Line {number}")
    page.goto(f"/incidents/{incident.pk}")
    older: list[Any] = []
    page.route(re.compile(r"/log\?before="), lambda route: older.append(route))
    link = page.get_by_role("link", name="Older entries")
    with page.expect_request(re.compile(r"/log\?before=")):
        link.click()
    link.click()
    for route in older:
        route.continue_()
    expect(page.locator(f"#entry-{line.pk}")).to_have_count(1)
    assert len(older) == 1 and chromium.take_problems() == []
