"""The product's story: a real alert becomes a page, an incident, a postmortem and a finished action.

Anna sets Watchroom up. Ben is on call and does not answer; Anna is paged, takes it from the link in her mail, and leads
the incident to its end. Everything in it is real: Prometheus, the mail server, ntfy's format, the browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from peers.chromium import Chromium, axe
from peers.http import HttpPeer
from peers.prometheus import Prometheus
from peers.server import Server
from peers.smtp import SmtpPeer
from story.colleagues import arrive
from watchroom.kernel import clock

pytestmark = [pytest.mark.browser, pytest.mark.peer, pytest.mark.slow]


def first_run(page: Page) -> str:
    """From a fresh installation to a received test page and an integration. Returns the integration's path."""
    page.goto("/")
    page.get_by_label("Your name").fill("Anna Larsen")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Make my account").click()
    page.get_by_label("Team", exact=True).fill("Shop")
    page.get_by_label("Service", exact=True).fill("Checkout")
    page.get_by_role("button", name="Make team and service").click()
    page.get_by_role("button", name=re.compile("Next: test page")).click()
    page.get_by_role("button", name="Page me now").click()
    page.get_by_role("dialog").get_by_role("button", name="I got it").click()  # it rang in the open tab
    expect(page.get_by_text("You can be reached.")).to_be_visible()
    page.get_by_role("link", name="Next: first alert").click()
    page.get_by_role("button", name="Make the integration").click()
    page.get_by_text("prometheus.yml").first.wait_for()
    found = re.search(r"/in/wri_[\w-]+", page.content())
    assert found, "the page shows the address with its key, once"
    page.get_by_role("link", name="Later").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Go to Watchroom").click()
    return found[0]


def write(page: Page, kind: str, text: str) -> None:
    """A line of the running log."""
    page.get_by_label("New log entry").fill(text)
    page.get_by_label("Kind", exact=True).select_option(label=kind)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("#log").get_by_text(text).first).to_be_visible()


def test_the_main_job_from_end_to_end(
    start_server: Callable[..., Server],
    prometheus: Callable[..., Prometheus],
    smtp: SmtpPeer,
    http_peer: HttpPeer,
    chromium: Chromium,
) -> None:
    server = start_server(WATCHROOM_SMTP_URL=smtp.url)
    anna = chromium.page(server.url)
    address = first_run(anna)
    chromium.picture(anna, "story-1-home")
    arrive(server, http_peer.url, wait_seconds=4)

    # 1 and 2. A real Prometheus fires a real rule; the override of the weekly rotation says that Ben is on call.
    metrics = prometheus(f"{server.url}{address}")
    metrics.set(7)
    # He also hears that his shift has begun, before or after it.
    what = "Checkout: The value of checkout is 7"
    smtp.wait_for(lambda mail: "ben@example.org" in mail.recipients and what in mail.subject, timeout=60)
    on_phone = http_peer.wait_for(lambda request: b"ben-phone" in request.body and what.encode() in request.body)
    assert on_phone.json()["priority"] == 5
    http_peer.wait_for(lambda request: request.path.startswith("/pager"))  # by Apprise

    # 3. Nobody answers, so Anna is paged. The link shows on a GET, however often, and acts only on a POST.
    to_anna = smtp.wait_for(lambda mail: "anna@example.org" in mail.recipients and "/respond/" in mail.text, timeout=60)
    link = re.search(r"http://127\.0\.0\.1:\d+/respond/\S+", to_anna.text)
    assert link
    phone = chromium.page(server.url, viewport=(360, 740), colours="dark")  # not signed in
    for _ in range(2):
        phone.goto(link[0])
    assert not axe(phone)
    chromium.picture(phone, "story-2-respond")
    anna.goto("/alerts")
    expect(anna.get_by_role("cell", name="Firing").first).to_be_visible()
    phone.get_by_role("button", name="Acknowledge").click()
    expect(phone.get_by_text("Acknowledged by Anna Larsen")).to_be_visible()

    # 4. She declares an incident from the alert group; Ben is paged for his role.
    anna.get_by_role("link", name="The value of checkout is 7").click()
    expect(anna.get_by_text("Anna Larsen has it since")).to_be_visible()
    chromium.picture(anna, "story-3-alert")
    anna.get_by_role("link", name="Declare an incident from this").click()
    anna.get_by_label("What is wrong?").fill("Customers can't check out")
    anna.get_by_label("SEV2", exact=False).check()
    anna.get_by_text("Impact, services, roles and more").click()
    anna.get_by_label("Communications lead").fill("Ben Ok")
    anna.get_by_role("option", name=re.compile("Ben Okafor")).click()
    anna.get_by_role("button", name="Declare incident").click()
    expect(anna.get_by_role("heading", name=re.compile("Customers can't check out"))).to_be_visible()
    room = anna.url
    role = smtp.wait_for(
        lambda mail: "ben@example.org" in mail.recipients and "ommunications" in mail.subject, timeout=60
    )
    accept = re.search(r"http://127\.0\.0\.1:\d+/respond/\S+", role.text)
    assert accept
    ben = chromium.page(server.url)
    ben.goto(accept[0])
    with ben.expect_navigation():
        ben.get_by_role("button", name="Accept the role").click()

    # 5. The running log, a mitigation, and one voice.
    write(anna, "Symptom", "Every third checkout fails with 502")
    write(anna, "Hypothesis", "The new release lost an index")
    write(anna, "Action", "Compared query plans before and after")
    write(anna, "Result", "The index is missing")
    anna.get_by_label("A mitigation of your own").fill("Roll back to the release before")
    anna.get_by_label("Kind of mitigation").select_option(label="Roll back")
    anna.locator("#mitigations").get_by_role("button", name="Start", exact=True).click()
    anna.get_by_label("What came of Roll back to the release before").fill("Errors are back to normal")
    anna.locator("#mitigations").get_by_role("button", name="It worked").click()
    expect(anna.locator("#log").get_by_text("Errors are back to normal").first).to_be_visible()
    anna.get_by_text("Write it here", exact=True).click()
    anna.get_by_label("What is happening").fill("Some customers could not check out. We have rolled back.")
    anna.get_by_label(re.compile("^Next update")).select_option(label="in 30 minutes")
    anna.get_by_label("Shop status").check()
    with anna.expect_navigation():
        anna.get_by_role("button", name="Publish update").click()
    assert not axe(anna)
    chromium.picture(anna, "story-4-room")
    stranger = chromium.page(server.url, viewport=(360, 740))
    stranger.goto("/status/shop-status")
    expect(stranger.get_by_text("We have rolled back.")).to_be_visible()
    expect(stranger.get_by_text("Next update by")).to_be_visible()
    assert not axe(stranger)
    chromium.picture(stranger, "story-5-status")

    # The alert resolves by itself; the incident is mitigated, then resolved; a key time is put right with a reason.
    metrics.set(0)
    expect(anna.locator("#alerts").get_by_text("Resolved")).to_be_visible()  # live, without a reload
    with anna.expect_navigation():
        anna.get_by_role("button", name=re.compile("ark as mitigated")).first.click()
    anna.goto(room)
    anna.locator("#times").get_by_role("link", name="Correct: Impact started").click()
    began = clock.now() - timedelta(minutes=12)
    anna.get_by_label("When it really happened").fill(began.strftime("%Y-%m-%dT%H:%M:%S"))
    anna.get_by_label("How do you know?").fill("The shop's own log")
    anna.get_by_role("button", name="Correct the time").click()
    expect(anna.locator("#times").get_by_text("The shop's own log")).to_be_visible()
    anna.get_by_role("button", name="Resolve", exact=True).first.click()
    anna.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(anna.get_by_role("button", name="Start the postmortem")).to_be_visible()

    # 6. A postmortem from what happened, two actions, a review by somebody else, and one action done.
    with anna.expect_navigation():
        anna.get_by_role("button", name="Start the postmortem").click()
    expect(anna.get_by_text("Every third checkout fails with 502").first).to_be_visible()
    postmortem = anna.url
    anna.get_by_role("link", name="Edit").click()
    for label, text in (
        ("Summary", "A release lost an index; rolling back helped."),
        ("Impact", "Every third checkout failed for 12 minutes."),
        ("What in the system made it possible", "Migrations are reviewed apart from the queries that need them."),
    ):
        anna.get_by_label(label).fill(text)
    with anna.expect_navigation():
        anna.get_by_role("button", name="Save").click()
    for title, owner in (
        ("Fail the build when a migration drops an index in use", "Anna Larsen"),
        ("Page when checkout answers 502 more than once a minute", "Ben Okafor"),
    ):
        anna.goto(postmortem)
        anna.get_by_role("link", name="Add an action item").click()
        anna.get_by_label("What will be done?").fill(title)
        anna.get_by_label("Owner").select_option(label=owner)
        anna.get_by_label("Due on").fill((clock.now() + timedelta(days=1)).strftime("%Y-%m-%d"))
        with anna.expect_navigation():
            anna.get_by_role("button", name="Write it down").click()
    anna.goto(postmortem)
    with anna.expect_navigation():
        anna.get_by_role("button", name=re.compile("Ask for")).first.click()
    chromium.picture(anna, "story-6-postmortem")
    ben_signs_in(server, ben)
    ben.goto(postmortem)
    with ben.expect_navigation():
        ben.get_by_role("button", name="Approve").click()
    anna.goto(postmortem)
    with anna.expect_navigation():
        anna.get_by_role("button", name="Publish").click()
    expect(anna.get_by_text("Published").first).to_be_visible()
    anna.goto("/actions")
    with anna.expect_navigation():
        anna.get_by_role("link", name="Fail the build when a migration drops an index in use").click()
    with anna.expect_navigation():
        anna.get_by_role("button", name="Mark as done").click()
    expect(anna.get_by_text("Done").first).to_be_visible()

    # Each step paged each person once, by each of their ways.
    pages = [mail for mail in smtp.mails if "The value of checkout" in mail.subject and "Resolved" not in mail.subject]
    assert sorted(mail.recipients[0] for mail in pages) == ["anna@example.org", "ben@example.org"]


def ben_signs_in(server: Server, ben: Page) -> None:
    """By the invitation that Anna would have sent him."""
    ben.context.add_cookies([{"name": "sessionid", "value": session_of(server, "ben@example.org"), "url": server.url}])


def session_of(server: Server, email: str) -> str:
    """A session of a person, as signing in makes it."""
    script = (
        "from django.contrib.sessions.backends.db import SessionStore as S; from watchroom.accounts.models import Person as P; "
        f"p = P.objects.get(email='{email}'); s = S(); s['_auth_user_id'] = str(p.pk); "
        "s['_auth_user_backend'] = 'allauth.account.auth_backends.AuthenticationBackend'; "
        "s['_auth_user_hash'] = p.get_session_auth_hash(); s.save(); print(s.session_key)"
    )
    return server.manage("shell", "--no-imports", "-c", script).stdout.split()[-1]
