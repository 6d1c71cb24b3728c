"""ntfy against a server that checks the documented JSON and its limits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.http import Answer, HttpPeer, Request
from watchroom.channels import ntfy
from watchroom.channels.base import DeliveryFailed, Link, Message
from watchroom.kernel.errors import Refused

MESSAGE = Message(
    key="notification-17",
    subject="Checkout is failing",
    body="5xx above 20 %",
    url="https://watchroom.example.org/alerts/1",
    purpose="page",
    actions=tuple(Link(f"Action {number}", f"https://watchroom.example.org/do/{number}") for number in range(5)),
)
KNOWN = {"topic", "title", "message", "priority", "tags", "click", "actions", "sequence_id"}


def problem(body: bytes) -> str:
    """What https://docs.ntfy.sh/publish/ would say against this body."""
    if len(body) > 8192:
        return "JSON body too large"
    said = json.loads(body)
    if set(said) - KNOWN:
        return f"unknown {set(said) - KNOWN}"
    for name in ("topic", "sequence_id"):
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", said[name]):
            return f"{name} invalid"
    if said["priority"] not in {1, 2, 3, 4, 5} or not all(isinstance(tag, str) for tag in said["tags"]):
        return "priority or tags invalid"
    if len(said["message"].encode()) > 4096 or not said["message"]:
        return "message invalid"
    actions = said.get("actions", [])
    if len(actions) > 3 or any(
        each["action"] not in {"view", "http"} or not each["label"] or not each["url"] for each in actions
    ):
        return "actions invalid"
    if any(each.get("method", "POST") != "POST" for each in actions):
        return "method invalid"
    return ""


@pytest.fixture
def server(http_peer: HttpPeer, configured) -> HttpPeer:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")

    def publish(request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/"):
            return Answer(404, {"code": 40401, "http": 404, "error": "page not found"})
        if said := problem(request.body):
            return Answer(400, {"code": 40024, "http": 400, "error": said})
        if request.json()["topic"] == "locked" and request.headers.get("authorization") != "Bearer tk_right":
            return Answer(403, {"code": 40301, "http": 403, "error": "forbidden"})
        return Answer(200, {"id": "xE73Iyuabi", "time": 1673542291, "event": "message", **request.json()})

    http_peer.otherwise = publish
    return http_peer


def settings(server: HttpPeer, **other: str) -> dict[str, Any]:
    return ntfy.channel.check({"topic": "pages", "server": f"{server.url}/", **other})


def test_a_page_is_published_as_json(server: HttpPeer) -> None:
    delivery = ntfy.channel.send(settings(server), MESSAGE)
    said = server.requests[0].json()
    assert (delivery.provider_id, delivery.confirmed) == ("xE73Iyuabi", False)
    assert (said["topic"], said["title"], said["message"]) == ("pages", "Checkout is failing", "5xx above 20 %")
    assert (said["priority"], said["click"]) == (5, MESSAGE.url)
    assert said["tags"][0] == "rotating_light"
    assert [each["label"] for each in said["actions"]] == ["Action 0", "Action 1", "Action 2"]
    assert said["actions"][0]["url"] == "https://watchroom.example.org/do/0"


def test_what_is_not_urgent_is_quiet_and_a_drill_says_so(server: HttpPeer) -> None:
    ntfy.channel.send(settings(server), replace(MESSAGE, urgent=False, drill=True))
    said = server.requests[0].json()
    assert said["priority"] == 3
    assert said["title"].startswith("[Drill]")
    assert "drill" in said["tags"]


def test_a_retry_has_the_same_sequence(server: HttpPeer) -> None:
    for message in (MESSAGE, MESSAGE, replace(MESSAGE, key="other")):
        ntfy.channel.send(settings(server), message)
    first, retry, other = (request.json()["sequence_id"] for request in server.requests)
    assert first == retry != other


def test_the_token_opens_a_protected_topic(server: HttpPeer) -> None:
    ntfy.channel.send(settings(server, topic="locked", token="tk_right"), MESSAGE)
    with pytest.raises(DeliveryFailed) as caught:
        ntfy.channel.send(settings(server, topic="locked", token="tk_wrong"), MESSAGE)
    assert caught.value.permanent
    assert "tk_wrong" not in str(caught.value)


@given(st.text(), st.text(max_size=20_000), st.text(), st.integers(0, 5), st.integers(0, 3000))
def test_anything_fits_the_limits(subject: str, body: str, label: str, count: int, length: int) -> None:
    actions = tuple(Link(label, "https://watchroom.example.org/" + "x" * length) for _ in range(count))
    assert problem(ntfy.encode("pages", replace(MESSAGE, subject=subject, body=body, actions=actions))) == ""


@pytest.mark.parametrize(("body", "kept"), [("ü" * 5000, 1700), ("\x01" * 20_000, 400), ("x" * 3500, 3500)])
def test_long_texts_are_cut_not_lost(body: str, kept: int) -> None:
    encoded = ntfy.encode("pages", replace(MESSAGE, body=f"x{body}"[: len(body)]))
    assert problem(encoded) == ""
    assert len(json.loads(encoded)["message"]) >= kept


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (401, True), (403, True), (404, True), (413, True),
                                                   (408, False), (429, False), (500, False), (502, False), (507, False)])  # fmt: skip
def test_what_each_refusal_means(server: HttpPeer, status: int, permanent: bool) -> None:
    server.answer(Answer(status, {"error": "limit reached"}, {"Retry-After": "30"}))
    with pytest.raises(DeliveryFailed) as caught:
        ntfy.channel.send(settings(server), MESSAGE)
    assert caught.value.permanent is permanent
    assert caught.value.retry_after == timedelta(seconds=30)
    assert str(status) in str(caught.value)
    assert "limit reached" in str(caught.value)


def test_a_server_that_hangs_up_is_tried_again(server: HttpPeer) -> None:
    server.answer(Answer(hang_up=True))
    with pytest.raises(DeliveryFailed) as caught:
        ntfy.channel.send(settings(server), MESSAGE)
    assert not caught.value.permanent


def test_the_server_defaults_to_the_public_one(configured) -> None:
    configured()
    assert ntfy.channel.check({"topic": "pages"}) == {"topic": "pages", "server": "https://ntfy.sh", "token": ""}
    assert ntfy.channel.describe({"topic": "pages-of-kim"}) == "topic pag… on ntfy.sh"


@pytest.mark.parametrize(("field", "value"), [("topic", "a/b"), ("topic", "a" * 65), ("token", "a b"), ("token", "a\nb"),
                                              ("server", "ntfy.sh"), ("server", "http://10.0.0.1")])  # fmt: skip
def test_each_wrong_setting_is_named(configured, field: str, value: str) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        ntfy.channel.check({"topic": "pages", field: value})
    assert caught.value.field == field


def test_one_tap_answers_and_the_other_opens_the_page(server: HttpPeer) -> None:
    links = (Link("Acknowledge", "https://watchroom.example.org/respond/t", acts=True),)
    ntfy.channel.send(settings(server), replace(MESSAGE, actions=links))
    acknowledge, view = server.requests[0].json()["actions"]
    assert acknowledge == {
        "action": "http", "method": "POST", "label": "Acknowledge", "clear": True,
        "url": "https://watchroom.example.org/respond/t",
    }  # fmt: skip
    assert view == {"action": "view", "label": "Open", "clear": True, "url": MESSAGE.url}
