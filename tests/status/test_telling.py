"""Subscribers and lists of stakeholders: asked first, told once, tried again, left alone when they want."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

import factories as make
from peers.http import Answer, HttpPeer
from peers.smtp import SmtpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.channels.base import DeliveryFailed
from watchroom.channels.webhook import verify
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident, Update
from watchroom.kernel import clock as clocks
from watchroom.kernel import http
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.status import commands
from watchroom.status.duties import duties, try_once
from watchroom.status.models import Delivery, StakeholderList, StatusPage, Subscriber

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MANAGE = "/status/shop-status/subscription"
ADDRESS = "/status/shop-status/subscribe"


@pytest.fixture(autouse=True)
def _peers(configured: Callable[..., None], smtp: SmtpPeer) -> None:
    configured(
        WATCHROOM_SMTP_URL=smtp.url, WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8", WATCHROOM_MAIL_FROM="s@example.org"
    )


@pytest.fixture
def hook(http_peer: HttpPeer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stranger's address on the internet; what Watchroom sends there, and only to public addresses, ends at our peer."""
    address, send = "https://hooks.example.org", http.fetch

    def fetch(method: str, url: str, *, public_only: bool = False, **more: Any) -> http.Answer:
        if not url.startswith(address):
            return send(method, url, public_only=public_only, **more)
        assert public_only
        return send(method, url.replace(address, http_peer.url), **more)

    monkeypatch.setattr(http, "fetch", fetch)
    return address


def link_in(text: str, word: str) -> str:
    """The path of the link with this word in a mail."""
    found = re.search(rf"http://\S+/{word}\?token=\S+", text)
    assert found is not None, text
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"


def subscribed(client: Any, smtp: SmtpPeer, address: str = "kim@example.org", **fields: Any) -> Subscriber:
    assert client.post(ADDRESS, {"kind": "email", "address": address} | fields).status_code == 200
    run_due(duties)
    link = link_in(smtp.mails[-1].text, "confirm")
    smtp.clear()
    client.get(link)
    assert Subscriber.objects.latest("pk").state == "pending"  # a mail program has only looked
    assert client.post(link).status_code == 302
    return Subscriber.objects.latest("pk")


def test_by_mail_from_asking_to_leaving(
    by: Actor,
    page: StatusPage,
    client: Any,
    smtp: SmtpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    row = subscribed(client, smtp)
    assert row.state == "active" and row.hint == "ki…@example.org"
    commands.publish(by, tell(declare()), [page], title="Cards are refused")
    run_due(duties)
    [mail] = smtp.mails
    assert mail.recipients == ("kim@example.org",)
    assert mail.subject == "Shop status: Cards are refused – Investigating"
    assert "Payments fail" in mail.text and "Secret" not in mail.message.as_string()
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    manage = link_in(mail.text, "subscription")
    assert manage in mail.message["List-Unsubscribe"]
    run_due(duties)
    assert len(smtp.mails) == 1
    client.post(manage, {"List-Unsubscribe": "One-Click"})  # RFC 8058
    row.refresh_from_db()
    assert row.state == "ended"
    commands.publish(by, tell(declare(), "resolved"), [page])
    run_due(duties)
    assert len(smtp.mails) == 1


def test_in_their_language_and_only_about_their_components(
    by: Actor,
    page: StatusPage,
    client: Any,
    smtp: SmtpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    checkout, search = page.components.all()
    client.post(f"{ADDRESS}?lang=de", {"kind": "email", "address": "a@example.org", "component": [search.pk]})
    run_due(duties)
    assert "Bestätigen Sie Ihr Abonnement" in smtp.mails[-1].subject
    commands.confirm(Subscriber.objects.get())
    smtp.clear()
    incident = declare()
    commands.publish(by, tell(incident), [page])  # about Checkout
    run_due(duties)
    assert smtp.mails == []
    impacts = {checkout.pk: "operational", search.pk: "major_outage"}
    commands.publish(by, tell(incident, "identified"), [page], impacts=impacts)
    run_due(duties)
    assert smtp.mails[-1].subject.endswith("Ursache gefunden")


def test_nobody_learns_who_has_subscribed(page: StatusPage, client: Any, smtp: SmtpPeer) -> None:
    subscribed(client, smtp)
    form = {"kind": "email", "address": "Kim@example.org"}
    again = client.post(ADDRESS, form)
    other = client.post(ADDRESS, form | {"address": "lee@example.org"})
    assert again.content == other.content
    run_due(duties)
    assert Subscriber.objects.filter(state="active").count() == 1
    assert "You are told already" in smtp.mails[0].text


def test_too_often_and_what_is_refused(page: StatusPage, client: Any, clock: TravellingClock) -> None:
    for wrong in (
        {"kind": "email", "address": "nonsense"},
        {"kind": "pigeon", "address": "a@example.org"},
        {"kind": "webhook", "address": "http://169.254.169.254/latest"},
        {"kind": "slack", "address": "http://10.0.0.1/x"},
        {"kind": "webhook", "address": "https://127.0.0.1/x"},  # permitted to colleagues only
        {"kind": "webhook", "address": "http://hooks.example.org/x"},
        {"kind": "slack", "address": "https://kim:secret@hooks.example.org/x"},
    ):
        assert client.post(ADDRESS, wrong).status_code == 422
    assert not Subscriber.objects.exists()
    for number in range(10):
        assert client.post(ADDRESS, {"kind": "email", "address": f"a{number}@example.org"}).status_code == 200
    assert client.post(ADDRESS, {"kind": "email", "address": "b@example.org"}).status_code == 429
    clock.advance(timedelta(days=4))
    run_due(duties)
    assert not Subscriber.objects.exists()  # who never confirmed is forgotten


def test_a_link_opens_its_own_subscription_only(page: StatusPage, client: Any, smtp: SmtpPeer, by: Actor) -> None:
    row = subscribed(client, smtp)
    token = commands.link_token(row, "manage")
    other = commands.save_status_page(by, None, team=page.team, name="Other")
    for address in (
        "/status/shop-status/subscription?token=forged",
        f"/status/shop-status/confirm?token={token}",
        f"/status/{other.slug}/subscription?token={token}",
    ):
        assert client.post(address).status_code == 403
    row.refresh_from_db()
    assert row.state == "active"


def test_a_webhook_gets_signed_json_in_statuspages_shape(
    by: Actor,
    page: StatusPage,
    client: Any,
    hook: str,
    http_peer: HttpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    client.post(ADDRESS, {"kind": "webhook", "address": f"{hook}/hook"})
    run_due(duties)
    question = http_peer.requests[-1].json()["confirm"]
    parts = urlsplit(question["url"])
    client.post(f"{parts.path}?{parts.query}")
    commands.publish(by, tell(declare()), [page])
    run_due(duties)
    told = http_peer.requests[-1]
    assert verify(question["signing_secret"], told.headers["watchroom-signature"], told.body, at=clocks.now())
    body = told.json()
    assert set(body) == {"meta", "page", "incident"}
    assert body["incident"]["incident_updates"][0]["body"] == "Payments fail"
    assert body["page"]["status_indicator"] == "critical"


def test_slack_and_maintenance(by: Actor, page: StatusPage, client: Any, hook: str, http_peer: HttpPeer) -> None:
    client.post(ADDRESS, {"kind": "slack", "address": f"{hook}/services/T/B/x"})
    run_due(duties)
    assert "confirm?token=" in http_peer.requests[-1].text
    commands.confirm(Subscriber.objects.get())
    now = clocks.now()
    commands.schedule(by, page, title="A <b> & c", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    run_due(duties)
    said = http_peer.requests[-1].json()
    assert "A &lt;b&gt; &amp; c" in said["blocks"][0]["text"]["text"]


def test_tried_again_and_at_last_left_alone(
    by: Actor,
    page: StatusPage,
    client: Any,
    smtp: SmtpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
    clock: TravellingClock,
) -> None:
    row = subscribed(client, smtp)
    smtp.refuse_with = "451 Try again later"
    try:
        commands.publish(by, tell(declare()), [page])
        run_due(duties)
        delivery = Delivery.objects.latest("pk")
        assert (delivery.state, delivery.tried) == ("waiting", 1)
        smtp.refuse_with = ""
        clock.advance(timedelta(seconds=31))
        run_due(duties)
        delivery.refresh_from_db()
        assert (delivery.state, [each.outcome for each in delivery.attempts.all()]) == ("sent", ["again", "sent"])
        smtp.refuse_with = "550 No such user"
        for _ in range(5):
            commands.publish(by, tell(declare()), [page])
            run_due(duties)
    finally:
        smtp.refuse_with = ""
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "could not be reached")


def test_what_has_become_secret_is_not_told(
    by: Actor,
    page: StatusPage,
    client: Any,
    smtp: SmtpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    subscribed(client, smtp)
    commands.publish(by, tell(declare()), [page])
    Incident.objects.update(drill=True)
    run_due(duties)
    assert smtp.mails == [] and Delivery.objects.latest("pk").state == "dropped"


def test_a_name_of_a_strangers_that_leads_inside_is_not_sent_to(
    page: StatusPage, client: Any, http_peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "addresses", lambda host, port, look_up=True: ["127.0.0.1"] if look_up else [])
    port = urlsplit(http_peer.url).port
    assert client.post(ADDRESS, {"kind": "webhook", "address": f"https://in.example.org:{port}/"}).status_code == 200
    run_due(duties)
    delivery = Delivery.objects.get()
    assert delivery.state == "failed" and "not an address on the public" in delivery.attempts.get().detail
    assert http_peer.requests == []


def test_who_subscribed_to_a_public_page_is_told_nothing_while_it_is_not(
    by: Actor,
    page: StatusPage,
    client: Any,
    smtp: SmtpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    subscribed(client, smtp)
    commands.publish(by, tell(declare()), [page])
    commands.save_status_page(by, page, team=page.team, name=page.name, public=False)
    run_due(duties)
    assert smtp.mails == [] and Delivery.objects.latest("pk").state == "dropped"
    client.force_login(by.person, backend=BACKEND)
    subscribed(client, smtp, "reader@example.org")  # who may read it may be told of it
    commands.publish(by, tell(declare()), [page])
    run_due(duties)
    assert [mail.recipients for mail in smtp.mails] == [("reader@example.org",)]
    commands.save_status_page(by, page, team=page.team, name=page.name, public=True)
    commands.publish(by, tell(declare()), [page])
    run_due(duties)
    assert len(smtp.mails) == 3


def test_who_may_no_longer_read_a_page_can_leave_it_and_learns_nothing_more(
    by: Actor, page: StatusPage, client: Any, smtp: SmtpPeer
) -> None:
    row = subscribed(client, smtp)
    pending = commands.subscribe(page, kind="email", address="b@example.org", asked_from="203.0.113.9")
    assert b"Shop status" in client.get(f"{MANAGE}?token={commands.link_token(row, 'manage')}").content
    commands.save_status_page(by, page, team=page.team, name="Merger with Initech", public=False)
    manage = f"{MANAGE}?token={commands.link_token(row, 'manage')}"
    said = client.get(manage)
    assert said.status_code == 200 and b"Stop telling me" in said.content
    assert not any(each in said.content for each in (b"Initech", b"Shop status", b"Checkout"))
    assert client.post(manage, {"do": "choose"}).status_code == 404
    late = Subscriber.objects.exclude(pk=row.pk).get()
    confirm = f"/status/shop-status/confirm?token={commands.link_token(late, 'confirm')}"
    for answer in (client.get(confirm), client.post(confirm)):
        assert answer.status_code == 404 and b"Initech" not in answer.content
    left = client.post(manage, {"do": "leave"})
    assert left.status_code == 200 and b"Initech" not in left.content
    row.refresh_from_db()
    late.refresh_from_db()
    assert (row.state, late.state) == ("ended", "pending") and pending is not None
    client.force_login(by.person, backend=BACKEND)  # who may read it sees it as before
    assert b"Initech" in client.get(manage).content


def test_who_is_told_of_a_private_page_may_choose_until_they_leave(
    by: Actor, page: StatusPage, client: Any, smtp: SmtpPeer
) -> None:
    commands.save_status_page(by, page, team=page.team, name=page.name, public=False)
    client.force_login(by.person, backend=BACKEND)
    row = subscribed(client, smtp)
    client.logout()
    manage = f"{MANAGE}?token={commands.link_token(row, 'manage')}"
    assert b"Shop status" in client.get(manage).content
    assert client.post(manage, {"do": "choose"}).status_code == 302
    assert b"Shop status" not in client.post(manage, {"do": "leave"}).content
    assert b"Shop status" not in client.get(manage).content


# --- Lists of stakeholders -------------------------------------------------------------------------------------------


@pytest.fixture
def lists(by: Actor, page: StatusPage, http_peer: HttpPeer) -> dict[str, StakeholderList]:
    hook = {"url": f"{http_peer.url}/internal", "secret": "a secret of sixteen letters"}
    wanted: tuple[tuple[str, int, list[dict[str, Any]]], ...] = (
        ("internal", 5, [{"channel": "webhook", "settings": hook}]),
        ("customers", 2, [{"channel": "email", "settings": {"address": "customers@example.org"}}]),
        ("executives", 1, [{"channel": "email", "settings": {"address": "board@example.org"}}]),
    )
    return {
        audience: commands.save_list(
            by, None, team=page.team, name=audience, audience=audience, least_severity=level, recipients=recipients
        )
        for audience, level, recipients in wanted
    }


def test_each_audience_reads_its_own_words(
    lists: dict[str, StakeholderList],
    smtp: SmtpPeer,
    http_peer: HttpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    words = {"internal": {"happening": "db-7 is corrupt"}, "executives": {"impact": "We lose 3,000 € a minute"}}
    tell(declare(), impact="Nobody can pay", wordings=words, next_update_at=clocks.now() + timedelta(minutes=20))
    run_due(duties)
    by_address = {mail.recipients[0]: mail for mail in smtp.mails}
    customers, board = by_address["customers@example.org"], by_address["board@example.org"]
    assert "Payments fail" in customers.text and "Nobody can pay" in customers.text
    assert "Secret" not in customers.message.as_string() and "/incidents/" not in customers.text
    assert "Watchroom" not in customers.text + customers.html  # they know a status page, and nothing of it
    assert "3,000" in board.text and "Payments fail" in board.text and "Nobody can pay" not in board.text
    told = http_peer.requests[-1].json()
    assert "db-7 is corrupt" in told["body"] and "Payments fail" not in told["body"]
    assert told["facts"]["next_update_at"] == (clocks.now() + timedelta(minutes=20)).isoformat()


def test_a_try_that_comes_too_late_neither_sends_nor_undoes(
    lists: dict[str, StakeholderList],
    http_peer: HttpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
    clock: TravellingClock,
) -> None:
    """A lease may run out while a delivery still waits for a seat behind a slow server."""
    tell(declare())
    commands.expand(10)
    ((late, its_attempt),) = [each for each in commands.claim(10) if each[0].recipient.list == lists["internal"]]
    clock.advance(timedelta(seconds=91))
    run_due(duties)
    assert len(http_peer.requests) == 1
    commands.record(late, late.attempts.get(pk=its_attempt.pk), DeliveryFailed("too slow"))
    assert late.attempts.get().outcome == "sent"
    try_once((late, its_attempt))
    late.refresh_from_db()
    assert len(http_peer.requests) == 1 and late.state == "sent"


def test_who_hears_of_what(
    by: Actor, lists: dict[str, StakeholderList], declare: Callable[..., Incident], tell: Callable[..., Update]
) -> None:
    def heard(incident: Incident, **fields: Any) -> set[str]:
        update = tell(incident, **fields)
        return set(update.announcements.values_list("list__audience", flat=True))

    assert heard(declare(severity=1)) == {"internal", "customers", "executives"}
    assert heard(declare(severity=2)) == {"internal", "customers"}
    assert heard(declare(severity=4)) == {"internal"}
    assert heard(declare(severity=1, drill=True)) == {"internal"}
    assert heard(declare(severity=1, private=True)) == set()
    assert heard(declare(severity=1, team=make.team(), services=[])) == set()
    assert heard(declare(severity=1), lists=["executives"]) == {"executives"}


def test_a_list_is_kept_by_its_managers(by: Actor, lists: dict[str, StakeholderList], client: Any) -> None:
    row = lists["customers"]
    viewer = make.person("Vic")
    for act in (
        lambda: commands.save_list(acting(viewer), row, team=row.team, name="Mine"),
        lambda: commands.delete_list(acting(viewer), row),
    ):
        with pytest.raises(NotAllowed):
            act()
    client.force_login(viewer, backend=BACKEND)
    assert client.get("/api/v1/stakeholder-lists/customers").json()["recipients"] is None
    assert b"customers@example.org" not in client.get("/stakeholders/customers").content
    client.force_login(by.person, backend=BACKEND)
    [there] = client.get("/api/v1/stakeholder-lists/customers").json()["recipients"]
    form = {"name": "Customers", "team": row.team.slug, "audience": "customers", "least_severity": "2"}
    assert client.post("/stakeholders/customers", form | {"email-address": "nonsense"}).status_code == 422
    client.post("/stakeholders/customers", form | {"keep": [there["id"]], "email-address": "two@example.org"})
    assert [each.description for each in row.recipients.all()] == ["customers@example.org", "two@example.org"]
    assert b"two@example.org" in client.get("/stakeholders/customers").content
    client.post("/stakeholders/customers", form)
    assert not row.recipients.exists()
    with pytest.raises(Refused) as refused:
        commands.save_list(by, row, team=row.team, name="X", recipients=[{"channel": "browser"}])
    assert refused.value.field == "recipients[0].channel"


def test_what_came_of_each_message_is_shown(
    by: Actor,
    lists: dict[str, StakeholderList],
    http_peer: HttpPeer,
    client: Any,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
) -> None:
    http_peer.answer(Answer(503, "busy"))
    incident = declare(severity=4)
    tell(incident)
    run_due(duties)
    client.force_login(by.person, backend=BACKEND)
    text = client.get(f"/incidents/{incident.pk}/deliveries").content.decode()
    assert "answered 503: busy" in text and "Waiting" in text
    [row] = client.get(f"/api/v1/incidents/{incident.pk}/deliveries").json()["items"]
    assert (row["to"], row["state"], row["attempts"][0]["outcome"]) == ("internal", "waiting", "again")
    assert datetime.fromisoformat(row["due_at"]) == clocks.now().astimezone(UTC) + timedelta(seconds=30)
