"""Web push, from the subscription to the button that answers, with a peer in the push service's place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

import factories as make
from peers.http import Answer, HttpPeer
from peers.push_service import Subscription, sender_of
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Installation
from watchroom.channels.push import keys
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.paging import commands
from watchroom.paging.models import ContactMethod, Notification

pytestmark = pytest.mark.django_db
HOME = "https://watch.example.org"


@pytest.fixture
def service(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    configured(WATCHROOM_URL=HOME, WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    http_peer.otherwise = Answer(201, headers={"Location": f"{http_peer.url}/message/m1"})
    return http_peer


def device(person: Any, service: HttpPeer, name: str = "Chrome on Android", path: str = "one") -> Subscription:
    made = Subscription(f"{service.url}/send/{path}")
    commands.add_contact_method(acting(person), person, channel="push", label="", settings=made.settings(name))
    return made


def fires(person: Any, title: str = "Checkout is slow") -> Any:
    policy = make.policy((person, 3600))
    group = make.group(title, service=make.service(team=policy.team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    return group


def test_a_page_is_sealed_for_the_device_and_signed_for_its_service(clock: TravellingClock, service: HttpPeer) -> None:
    anna = make.person("Anna", "responder")
    phone = device(anna, service)
    group = fires(anna)
    (request,) = service.requests
    assert request.headers["content-encoding"] == "aes128gcm" and request.headers["urgency"] == "high"
    assert b"Checkout" not in request.body and len(request.body) <= 4096
    key, claims = sender_of(request.headers)
    assert key == keys.public_key()
    assert claims["aud"] == service.url and claims["sub"] == HOME
    assert 0 < claims["exp"] - clock().timestamp() <= 24 * 3600
    shown = phone.open(request.body)
    assert shown["title"].endswith("Checkout is slow") and shown["verb"] == "Acknowledge" and shown["urgent"] is True
    assert shown["answer"].startswith(f"{HOME}/respond/") and shown["url"] == shown["answer"]
    row = Notification.objects.get()
    assert row.state == "sent" and row.attempts.get().provider_id == "m1"

    # The device says that it has shown it, and then its button answers: neither is signed in.
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(urlsplit(shown["seen"]).path).status_code == 204
    row.refresh_from_db()
    assert row.state == "delivered" and row.seen_at is not None
    assert row.contact_method is not None and row.contact_method.verified_at is not None
    said = stranger.post(urlsplit(shown["answer"]).path, headers={"Accept": "application/json"})
    assert "Acknowledged by Anna" in said.json()["text"]
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    token = urlsplit(shown["answer"]).path.rpartition("/")[2]
    assert stranger.post(f"/push/seen/{token}").status_code == 403  # a token of one purpose is of no use for another
    assert stranger.get(urlsplit(shown["seen"]).path).status_code == 405


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_over_ends_the_way_and_lets_the_next_go_at_once(
    clock: TravellingClock, service: HttpPeer, status: int
) -> None:
    anna = make.person("Anna", "responder")
    device(anna, service)
    push = ContactMethod.objects.get()
    hook = make.contact_method(anna, settings={"url": f"{service.url}/hook", "secret": "a secret of sixteen letters"})
    commands.set_rules(acting(anna), anna, "high", [(push.pk, 0), (hook.pk, 900)])
    service.answer(Answer(status))
    fires(anna)
    run_due()
    push.refresh_from_db()
    assert not push.enabled and "ended its subscription" in push.trouble
    told = [json.loads(each.body)["subject"] for each in service.requests if each.path == "/hook"]
    assert len(told) == 2 and any(each.endswith("Checkout is slow") for each in told)
    assert "This device (push) no longer reaches you" in told
    client = Client()
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "ended its subscription" in client.get("/me/contact").content.decode()
    # The device subscribes again: its old row is replaced, not doubled.
    device(anna, service, path="two")
    assert ContactMethod.objects.filter(channel="push").count() == 1


def test_a_service_that_is_busy_is_asked_again(clock: TravellingClock, service: HttpPeer) -> None:
    anna = make.person("Anna", "responder")
    phone = device(anna, service)
    service.answer(Answer(429, headers={"Retry-After": "120"}))
    fires(anna)
    clock.advance(timedelta(seconds=119))
    run_due()
    assert len(service.requests) == 1
    clock.advance(timedelta(seconds=30))
    run_due()
    first, second = service.requests
    assert first.headers["topic"] == second.headers["topic"]  # the second replaces what was not shown yet
    assert phone.open(second.body)["key"] == phone.open(first.body)["key"]
    assert first.body != second.body  # another key each time


def test_a_long_text_gives_way_and_its_links_stay(clock: TravellingClock, service: HttpPeer) -> None:
    anna = make.person("Anna", "responder")
    phone = device(anna, service)
    commands.notify(
        anna, purpose="update", subject="ж" * 300, body="日本" * 5000, path="/x", reason="long", urgency="high"
    )
    run_due()
    shown = phone.open(service.requests[0].body)
    assert shown["body"].endswith("…") and shown["url"] == f"{HOME}/x" and shown["answer"] == ""


def test_the_key_is_made_once_and_kept_encrypted(clock: TravellingClock, service: HttpPeer) -> None:
    anna = make.person("Anna")
    client = Client()
    assert client.get("/me/contact/push-key").status_code == 302  # not for strangers
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    key = client.get("/me/contact/push-key").json()["key"]
    assert client.get("/me/contact/push-key").json()["key"] == key == keys.public_key()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT push_key FROM accounts_installation WHERE id = 1")
        stored = cursor.fetchone()[0]
    private = Installation.objects.get().push_key
    assert private and private not in stored and stored.startswith("gAAAA")


@pytest.mark.parametrize(
    "wrong",
    [{"p256dh": "AAAA"}, {"p256dh": "B" + "A" * 86}, {"auth": "x"}, {"endpoint": "http://10.0.0.1/x"}, {"auth": None}],
)
def test_what_is_no_subscription_is_refused(service: HttpPeer, wrong: dict[str, Any]) -> None:
    anna = make.person("Anna")
    settings = Subscription("https://push.example.net/1").settings() | wrong
    with pytest.raises(Refused) as caught:
        commands.add_contact_method(acting(anna), anna, channel="push", label="", settings=settings)
    assert caught.value.field in wrong and caught.value.fix


def test_the_worker_and_the_offline_page_are_there_without_signing_in() -> None:
    make.person("Anna")
    worker = Client().get("/service-worker.js")
    assert worker["Content-Type"].startswith("text/javascript") and b"notificationclick" in worker.content
    page = Client().get("/offline")
    assert page.status_code == 200 and "No connection" in page.content.decode()
    assert "'self'" in page["Content-Security-Policy"] and "unsafe" not in page["Content-Security-Policy"]
    manifest = Client().get("/static/watchroom/manifest.webmanifest")
    assert manifest.status_code == 200 and manifest["Content-Type"].startswith("application/manifest+json")
