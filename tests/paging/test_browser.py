"""In a real browser: the page that appears in an open tab, and what a live list leaves as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import factories
from browsing import signed_in
from peers.chromium import PHONE, axe
from watchroom.accounts.models import Person
from watchroom.intake.models import AlertGroup
from watchroom.kernel import clock
from watchroom.paging import commands, links
from watchroom.paging.models import Escalation, Notification

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]


def heard(page: Any, act: str = "") -> None:
    """After ``act``, and what the page asks by itself, it has asked once more whether somebody is paged, and has made of the
    answer what it makes of it: answers are taken in the order of their questions."""
    page.evaluate(f"""async () => {{
      const real = window.fetch;
      const asked = new Promise((done) => {{
        window.fetch = async (...given) => {{
          const answer = await real(...given);
          if (String(given[0]) === "/me/pending-page" && answer.status !== 200) setTimeout(done);
          else if (String(given[0]) === "/me/pending-page") {{
            const text = answer.text.bind(answer);
            answer.text = async () => {{ const said = await text(); setTimeout(done); return said; }};
          }}
          return answer;
        }};
      }});
      {act or "document.dispatchEvent(new CustomEvent('live:again'))"};
      await asked;
      window.fetch = real;
    }}""")


def paged(person: Person) -> tuple[AlertGroup, Notification]:
    """``person`` is paged for a firing group, in every tab that they have open."""
    factories.contact_method(person, "browser")
    group = factories.group("Checkout is slow", policy=factories.policy((person, 300)))
    commands.start_escalation(
        kind="alert_group",
        subject_id=group.pk,
        title=group.title,
        body="",
        path=f"/alerts/{group.pk}",
        team=None,
        policy=group.policy,
    )
    commands.take_turn(1)
    Notification.objects.update(state="sent", ended_at=clock.now(), due_at=None)  # the engine's work
    return group, Notification.objects.get()


def test_a_page_rings_in_an_open_tab_once_and_is_answered_there(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    anna = factories.person("Anna", role="responder")
    page = signed_in(client, chromium, live_server, anna)
    with page.expect_response("**/me/pending-page"):
        page.goto("/services")
    assert page.locator("dialog[open]").count() == 0
    group, row = paged(anna)
    with page.expect_response("**/seen"):
        page.evaluate(f"document.dispatchEvent(new CustomEvent('live:person:{anna.pk}'))")
    row.refresh_from_db()
    assert row.seen_at is not None
    page.click("text=Stop the sound")
    heard(page, f"document.dispatchEvent(new CustomEvent('live:person:{anna.pk}'))")
    assert page.locator("text=Stop the sound").count() == 0  # the same page does not ring again
    assert axe(page) == []
    page.click("dialog >> text=Look at it first")
    page.wait_for_url(f"**/alerts/{group.pk}")
    heard(page)
    assert page.locator("dialog[open]").count() == 0  # nor does it cover what one looks at
    page.keyboard.press("a")
    page.wait_for_selector("text=Anna has it")
    group.refresh_from_db()
    assert group.acknowledged_by == anna and not Escalation.objects.filter(ended_at__isnull=True).exists()


def test_whoever_comes_to_what_they_are_paged_for_is_not_covered_by_it(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    anna = factories.person("Anna", role="responder")
    page = signed_in(client, chromium, live_server, anna)
    group, row = paged(anna)
    with page.expect_response("**/seen"):
        page.goto(f"/alerts/{group.pk}")  # from a message, in a tab of its own
    assert page.locator("dialog[open]").count() == 0
    row.refresh_from_db()
    assert row.seen_at is not None, "it is on the screen, and nobody knows"
    page.goto("/services")
    heard(page)
    assert page.locator("dialog[open]").count() == 0, "looked at, it rings no more in this tab"


def test_whoever_is_typing_does_not_answer_a_page_with_it(client: Any, live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="responder")
    other = factories.group("Disk is full")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/alerts/{other.pk}")
    page.focus("#note")
    page.keyboard.type("It is")
    paged(anna)
    page.evaluate(f"document.dispatchEvent(new CustomEvent('live:person:{anna.pk}'))")
    page.wait_for_selector("dialog[open]")
    page.keyboard.type(" the\n cache")
    assert Escalation.objects.filter(ended_at__isnull=True).exists(), "a space acknowledged it"
    page.click("text=Stop the sound")
    page.click("text=Not now")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.type(" full")
    assert page.input_value("#note") == "It is full", "who is back does not go on where they were"


def test_a_page_that_comes_before_the_tab_listens_rings_all_the_same(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    anna = factories.person("Anna", role="responder")
    page = signed_in(client, chromium, live_server, anna)
    held: list[Any] = []

    def stream(route: Any) -> None:
        held.append(route)  # it is asked for, and not there yet

    page.route("**/live?*", stream)
    with page.expect_response("**/me/pending-page"), page.expect_request("**/live?*"):
        page.goto("/services")
    paged(anna)
    expect(page.locator("dialog[open]")).to_have_count(0)
    # The gate begins with what moved since the page was begun (tests/live/test_events.py).
    moved = json.dumps({"topics": [f"person:{anna.pk}"]})
    held[0].fulfill(content_type="text/event-stream", body=f"id: 1\ndata: {moved}\n\n")
    page.click("text=Stop the sound")


def test_a_page_rings_though_the_first_question_for_it_was_lost(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    anna = factories.person("Anna", role="responder")
    page = signed_in(client, chromium, live_server, anna)
    page.add_init_script("const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, Math.min(ms, 500))")
    with page.expect_response("**/me/pending-page"):
        page.goto("/services")
    paged(anna)
    page.route("**/me/pending-page", lambda route: route.abort(), times=1)
    page.evaluate(f"document.dispatchEvent(new CustomEvent('live:person:{anna.pk}'))")
    page.get_by_role("button", name="Stop the sound").wait_for()
    chromium.take_problems()  # the connection that was cut


def test_without_a_connection_nothing_is_lost_and_the_page_stays(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    anna = factories.person("Anna", role="responder")
    group = factories.group("Checkout is slow")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/alerts/{group.pk}")
    page.fill("#note", "It is the cache.")
    page.context.set_offline(True)
    page.click("text=Add note")
    expect(page.locator("[data-unreached]")).to_contain_text("Nothing was sent")
    assert page.input_value("#note") == "It is the cache."
    page.context.set_offline(False)
    page.wait_for_function("document.querySelector('[data-unreached]') === null")
    page.route("**/healthz", lambda route: route.abort())  # there is a network, but no way to the server
    page.click("button:text-is('Acknowledge')")
    expect(page.locator("[data-unreached]")).to_contain_text("Nothing was sent")
    assert not AlertGroup.objects.filter(acknowledged_at__isnull=False).exists()
    page.unroute("**/healthz")
    page.click("button:text-is('Acknowledge')")
    page.wait_for_selector("text=Anna has it")
    chromium.take_problems()  # the browser says on its console that there was no connection


def test_the_key_a_acknowledges(client: Any, live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="responder")
    group = factories.group("Checkout is slow")
    page = signed_in(client, chromium, live_server, anna)
    page.goto(f"/alerts/{group.pk}")
    page.keyboard.press("a")
    page.wait_for_selector("text=Anna has it")
    group.refresh_from_db()
    assert group.acknowledged_by == anna


def test_a_live_list_keeps_what_was_chosen_and_a_live_page_what_was_written(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    group = factories.group("Checkout is slow")
    page = signed_in(client, chromium, live_server, factories.person("Anna", role="responder"))
    page.goto("/alerts")
    page.check(f"#choose-{group.pk}")
    factories.group("Search is slow")
    page.evaluate("htmx.trigger('[data-live~=alert-groups]', 'live')")
    page.wait_for_selector("text=Search is slow")
    expect(page.locator(f"#choose-{group.pk}")).to_be_checked()
    expect(page.locator("[data-selected-count]")).to_have_text("1")
    page.click("text=Acknowledge >> nth=-1")
    page.wait_for_selector("text=Acknowledged 1 alert group")
    page.goto(f"/alerts/{group.pk}")
    page.fill("#note", "It is the ca")
    AlertGroup.objects.update(title="Checkout is down")
    page.evaluate("htmx.trigger('main > .stack[data-live]', 'live')")
    page.wait_for_selector("text=Checkout is down")
    assert page.input_value("#note") == "It is the ca"


def test_a_list_without_rows_fills_itself(client: Any, live_server: Any, chromium: Chromium) -> None:
    page = signed_in(client, chromium, live_server, factories.person("Anna"))
    page.goto("/alerts")
    page.wait_for_selector("text=Nothing fires")
    factories.group("Search is slow")
    page.evaluate("htmx.trigger('[data-live~=alert-groups]', 'live')")
    page.wait_for_selector("text=Search is slow")


def test_the_link_of_a_message_works_without_scripts_and_cookies(live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="responder")
    group, row = paged(anna)
    page = chromium.page(live_server.url, PHONE, java_script_enabled=False)
    page.goto("/respond/" + links.respond_url(row).rpartition("/")[2])
    page.context.clear_cookies()
    page.click("text=Acknowledge")
    page.wait_for_selector("text=Acknowledged by Anna")
    group.refresh_from_db()
    assert group.acknowledged_by == anna


@pytest.mark.parametrize("phone", [False, True])
def test_the_policy_form_and_the_answers_of_an_alert_can_be_used_by_everybody(
    client: Any, live_server: Any, chromium: Chromium, phone: bool
) -> None:
    anna = factories.person("Anna", role="manager")
    schedule = factories.schedule("Days", people=(anna,))
    policy = commands.save_policy(
        factories.actor(),
        None,
        team=factories.team("Shop"),
        name="Shop",
        steps=[
            {
                "targets": [{"schedule": schedule.pk, "who": "next"}, {"webhook": "https://hooks.example.org/a"}],
                "round_robin": True,
                "conditions": {"severities": ["critical"], "hours": {"start": "09:00", "end": "17:00"}},
            }
        ],
    )
    group, _ = paged(anna)
    page = signed_in(client, chromium, live_server, anna, **({"viewport": PHONE} if phone else {}))
    for address in (f"/policies/{policy.slug}/edit", f"/policies/{policy.slug}", f"/alerts/{group.pk}"):
        page.goto(address)
        if page.locator("dialog[open]").count():
            page.keyboard.press("Escape")
        page.evaluate("document.querySelectorAll('details.fold').forEach(fold => { fold.open = true })")
        chromium.picture(page, f"escalate{address.replace('/', '-')}-{'phone' if phone else 'wide'}")
        assert axe(page, within="main") == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_push_in_the_installed_app(client: Any, live_server: Any, chromium: Chromium) -> None:
    """The service worker itself: it shows what comes by push, its button answers, and it has a page without a connection."""
    anna = factories.person("Anna", role="responder")
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    page.context.grant_permissions(["notifications"], origin=live_server.url)
    protocol = page.context.new_cdp_session(page)
    registered: list[str] = []
    protocol.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(each["registrationId"] for each in event["registrations"]),
    )
    protocol.send("ServiceWorker.enable")
    page.goto("/me/contact")
    assert not axe(page)
    chromium.picture(page, "push-this-device")
    page.wait_for_function("navigator.serviceWorker.ready.then((each) => !!each.active)")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()

    group, row = paged(anna)
    row.state = "sent"
    row.save(update_fields=["state"])
    signed, seen = links.respond_url(row), links.seen_url(row)
    here = {name: live_server.url + "/" + each.partition("://")[2].partition("/")[2] for name, each in
            {"answer": signed, "url": signed, "seen": seen}.items()}  # fmt: skip
    push = {"v": 1, "key": "k1", "title": "Checkout is slow", "body": "db-1", "verb": "Acknowledge", "urgent": True,
            "sent_at": "2026-03-02T09:00:00Z", **here}  # fmt: skip
    assert registered
    with page.context.expect_event("response", lambda answer: "/push/seen/" in answer.url):
        protocol.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": live_server.url, "registrationId": registered[-1], "data": json.dumps(push)},
        )
    row.refresh_from_db()
    assert row.seen_at is not None and row.state == "delivered"
    shown = "navigator.serviceWorker.ready.then((each) => each.getNotifications()).then((all) => all.map((each) => each.title))"
    assert page.evaluate(shown) == ["Checkout is slow"]

    worker = page.context.service_workers[0]
    with page.context.expect_event("response", lambda answer: "/respond/" in answer.url):
        worker.evaluate(
            """async () => {
                const [notification] = await self.registration.getNotifications();
                self.dispatchEvent(new NotificationEvent("notificationclick", { action: "answer", notification }));
            }"""
        )
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    page.wait_for_function(f"{shown}.then((titles) => titles.some((each) => each.includes('Acknowledged by Anna')))")
    # Pressed itself, it opens a tab of its own: in another, somebody may be in the middle of writing.
    opened = worker.evaluate(
        """async (url) => {
            await self.registration.showNotification("Search is slow", { tag: "k2", data: { url } });
            const [notification] = await self.registration.getNotifications({ tag: "k2" });
            return await new Promise((done) => {
                self.clients.openWindow = async (opened) => done(opened);
                self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
            });
        }""",
        here["url"],
    )
    assert opened == here["url"] and page.url.endswith("/me/contact")

    page.context.set_offline(True)
    page.goto("/alerts")
    assert page.locator("h1").inner_text() == "No connection to Watchroom"
    assert page.locator("[data-pages] li").inner_text().startswith("Checkout is slow")
    chromium.picture(page, "push-offline")
    assert not axe(page)
    page.context.set_offline(False)
    page.wait_for_selector("h1 >> text=Alerts")  # by itself
    chromium.close_pages()
    chromium.take_problems()  # the connection that was cut


def test_the_installed_app_has_a_page_without_a_connection(client: Any, live_server: Any, chromium: Chromium) -> None:
    """Also for somebody who is not paged by push, and never was on the page where push is set up."""
    page = signed_in(client, chromium, live_server, factories.person("Anna"), viewport=PHONE)
    page.goto("/services")
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0  # only a tab
    page.add_init_script(
        "Object.defineProperty(navigator, 'standalone', {value: true})"
    )  # as on the home screen of an iPhone
    with page.context.expect_event("serviceworker"):
        page.goto("/services")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.reload()
    page.context.set_offline(True)
    page.goto("/alerts")
    assert page.locator("h1").inner_text() == "No connection to Watchroom"
    page.context.set_offline(False)
    page.wait_for_selector("h1 >> text=Alerts")
    chromium.close_pages()
    chromium.take_problems()  # the connection that was cut


def test_what_is_refused_leads_to_its_field(client: Any, live_server: Any, chromium: Chromium) -> None:
    """In forms whose fields are written by hand, too: with the keyboard alone, and for those who hear the page."""
    factories.service(name="Checkout")
    page = signed_in(client, chromium, live_server, factories.person("Anna", role="administrator"))
    page.goto("/silences/new")
    page.fill("#matchers", "broken")
    page.fill("#comment", "New disks")
    page.keyboard.press("Enter")
    page.wait_for_selector("#refusal:focus")
    assert page.locator("[aria-invalid]").evaluate_all("all => all.map((each) => each.name)") == ["matchers"]
    assert axe(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#matchers")).to_be_focused()
    page.goto("/maintenance/new")
    page.fill("#title", "New disks")
    page.fill("[name=starts_at]", "2020-01-01T10:00")
    page.get_by_role("combobox", name="Services").press_sequentially("check")
    page.keyboard.press("Enter")
    expect(page.locator(".picked li")).to_contain_text("Checkout")
    page.click("main .form-actions button")
    page.wait_for_selector("#refusal:focus")
    assert page.locator("[aria-invalid]").evaluate_all("all => all.map((each) => each.name)") == ["hours"]
    chromium.take_problems()  # 422 is an error to the console
