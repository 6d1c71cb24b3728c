"""The webhook against a receiver that checks its signature as the documentation tells it to."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.http import Answer, HttpPeer
from watchroom.channels import webhook
from watchroom.channels.base import DeliveryFailed, Link, Message
from watchroom.kernel.errors import Refused

SECRET = "correct horse battery"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MESSAGE = Message(
    key="notification-17",
    subject="Checkout is failing",
    body="5xx above 20 % ☃",
    url="https://watchroom.example.org/alerts/1",
    purpose="page",
    person="Kim",
    actions=(Link("Acknowledge", "https://watchroom.example.org/do/1"),),
    facts={"severity": "critical", "since": AT},
)


@pytest.fixture
def settings(http_peer: HttpPeer, configured) -> dict[str, Any]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")
    return webhook.channel.check({"url": f"{http_peer.url}/hook?key=SECRETKEY", "secret": SECRET})


def test_the_json_is_schema_1(settings, http_peer: HttpPeer, clock) -> None:
    http_peer.answer(Answer(202, {"id": 42}))
    delivery = webhook.channel.send(settings, MESSAGE)
    request = http_peer.requests[0]
    assert (delivery.provider_id, delivery.confirmed) == ("42", False)
    assert (request.method, request.path) == ("POST", "/hook?key=SECRETKEY")
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "schema": 1,
        "id": "notification-17",
        "sent_at": "2026-03-02T09:00:00Z",
        "purpose": "page",
        "urgent": True,
        "drill": False,
        "subject": "Checkout is failing",
        "body": "5xx above 20 % ☃",
        "url": "https://watchroom.example.org/alerts/1",
        "person": "Kim",
        "actions": [{"label": "Acknowledge", "url": "https://watchroom.example.org/do/1"}],
        "facts": {"severity": "critical", "since": "2026-03-02T09:00:00Z"},
    }


def test_the_signature_can_be_checked_by_arithmetic_alone(settings, http_peer: HttpPeer, clock) -> None:
    webhook.channel.send(settings, MESSAGE)
    request = http_peer.requests[0]
    stated = dict(part.split("=") for part in request.headers["watchroom-signature"].split(","))
    signed = stated["t"].encode() + b"." + request.body
    assert stated["v1"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert int(stated["t"]) == int(request.headers["watchroom-timestamp"]) == int(AT.timestamp())


def test_a_retry_has_the_same_key_and_a_fresh_signature(settings, http_peer: HttpPeer, clock) -> None:
    http_peer.answer(Answer(503))
    with pytest.raises(DeliveryFailed):
        webhook.channel.send(settings, MESSAGE)
    clock.advance(timedelta(minutes=10))
    webhook.channel.send(settings, MESSAGE)
    first, second = http_peer.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "notification-17"
    assert first.headers["watchroom-signature"] != second.headers["watchroom-signature"]
    header = second.headers["watchroom-signature"]
    assert webhook.verify(SECRET, header, second.body, at=clock.instant)
    assert not webhook.verify(SECRET, header, second.body, at=clock.instant + timedelta(minutes=6))


@given(st.binary(), st.binary(), st.text(min_size=1), st.integers(0, 2**31))
def test_only_the_same_body_and_secret_verify(body: bytes, other: bytes, secret: str, at: int) -> None:
    secret = secret.encode(errors="replace").decode()
    header, when = webhook.signature(secret, at, body), datetime.fromtimestamp(at, UTC)
    assert webhook.verify(secret, header, body, at=when)
    assert webhook.verify(secret, header, other, at=when) == (other == body)
    assert not webhook.verify(f"{secret}x", header, body, at=when)
    assert not webhook.verify(secret, header.replace("t=", "t=1"), body, at=when)
    both = webhook.signature(f"{secret}x", at, body, secret)
    assert both.count("v1=") == 2 and all(webhook.verify(each, both, body, at=when) for each in (secret, f"{secret}x"))
    assert not webhook.verify(f"{secret}y", both, body, at=when)


@pytest.mark.parametrize("header", ["", "t=,v1=", "v1=00", "t=1", "t=x,v1=00", "t=1,v1=" + "0" * 64, "é"])
def test_broken_signatures_do_not_verify(header: str) -> None:
    assert not webhook.verify(SECRET, header, b"", at=AT)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_success(settings, http_peer: HttpPeer, status: int) -> None:
    http_peer.answer(Answer(status))
    assert webhook.channel.send(settings, MESSAGE).provider_id == ""


@pytest.mark.parametrize(("status", "permanent"), [(301, True), (307, True), (400, True), (401, True), (404, True),
                                                   (408, False), (409, True), (410, True), (422, True), (425, False),
                                                   (429, False), (500, False), (503, False)])  # fmt: skip
def test_everything_else_is_a_failure(settings, http_peer: HttpPeer, status: int, permanent: bool) -> None:
    http_peer.answer(Answer(status, "why", {"Retry-After": "7", "Location": "http://127.0.0.1:1/"}))
    with pytest.raises(DeliveryFailed, match=str(status)) as caught:
        webhook.channel.send(settings, MESSAGE)
    assert caught.value.permanent is permanent
    if status == 429:
        assert caught.value.retry_after == timedelta(seconds=7)
    assert "SECRETKEY" not in str(caught.value)
    assert len(http_peer.requests) == 1


def test_a_receiver_that_hangs_up_is_tried_again(settings, http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(hang_up=True))
    with pytest.raises(DeliveryFailed) as caught:
        webhook.channel.send(settings, MESSAGE)
    assert not caught.value.permanent


def test_the_key_can_not_bring_a_header(settings, http_peer: HttpPeer) -> None:
    with pytest.raises(DeliveryFailed):
        webhook.channel.send(settings, replace(MESSAGE, key="a\r\nX-Evil: 1"))
    assert not http_peer.requests


@pytest.mark.parametrize(("field", "value"), [("url", "hooks.example.org"), ("url", "http://127.0.0.1/"),
                                              ("secret", "short"), ("secret", None)])  # fmt: skip
def test_each_wrong_setting_is_named(configured, field: str, value: object) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        webhook.channel.check({"url": "https://hooks.example.org/", "secret": SECRET, field: value})
    assert caught.value.field == field
    assert "short" not in str(caught.value.value)


def test_the_description_shows_the_host_only() -> None:
    assert webhook.channel.describe({"url": "https://kim:pw@hooks.example.org:8443/T0/B0/x?y=z"}) == (
        "https://hooks.example.org:8443/…"
    )
