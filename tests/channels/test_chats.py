"""Contact methods and cards of the connected chats, product by product, against servers that speak their language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from peers.http import Answer, HttpPeer
from watchroom.channels import matrix, mattermost, slack, teams, telegram
from watchroom.channels.base import Delivery, DeliveryFailed, Link, Message
from watchroom.channels.chat import buttons_for, card_of
from watchroom.channels.mattermost.client import Mattermost
from watchroom.channels.slack.client import Slack, drawn, room_name
from watchroom.channels.telegram import drawn as telegram_drawn
from watchroom.kernel.errors import Refused
from watchroom.workspaces.base import Access, Card, Part

PAGE = Message(
    key="watchroom-17", subject="Checkout is slow", body="Critical since 09:00 UTC.", purpose="page",
    url="https://w.example/alerts/1", actions=(Link("Acknowledge", "https://w.example/respond/t", acts=True),),
    facts={"notification": 17, "kind": "alert_group", "subject": 1},
)  # fmt: skip
PRODUCTS = {each.product.name: each.product for each in (matrix, mattermost, slack, teams, telegram)}


@pytest.fixture
def peer(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")
    return http_peer


def slack_at(peer: HttpPeer) -> Slack:
    return Slack(Access({"url": peer.url, "token": "xoxb-1"}))


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_a_product_says_what_it_is_and_takes_only_its_own(name: str, configured: Callable[..., None]) -> None:
    configured()
    product = PRODUCTS[name]
    assert product.label and product.summary.endswith(".") and product.room_help
    assert all(each.kind == "password" for each in product.fields if each.secret)
    for bad in ("\x00", "a\r\nb", "☃" * 3000, "ftp://x"):
        for each in product.fields:
            with pytest.raises(Refused) as refused:
                product.check({"url": "https://chat.example.org", each.name: bad})
            assert refused.value.field == each.name and refused.value.fix
    assert "s3cret" not in product.describe({"token": "1:s3cret", "url": "https://x.example/s3cret"})


def test_what_can_be_pressed_follows_what_it_is_about() -> None:
    def keys(*arguments: Any, **options: Any) -> list[str]:
        return [each.key for each in buttons_for(*arguments, **options)]

    assert keys("alert_group") == ["ack", "escalate", "snooze", "resolve"]
    assert keys("alert_group", taken=True) == ["resolve", "escalate", "snooze"]
    assert keys("role", "role") == keys("direct") == keys("", "test") == ["ack"]
    assert keys("role", "role", taken=True) == keys("", "verify") == keys("alert_group", "update") == []
    assert [each.label for each in buttons_for("role", "role")] == ["Accept the role"]


def test_a_drill_says_so_first_and_a_message_without_number_has_no_buttons() -> None:
    assert card_of(replace(PAGE, drill=True)).title == "[Drill] Checkout is slow"
    assert card_of(replace(PAGE, facts={})).buttons == ()
    assert card_of(PAGE).about == "n17"


@given(st.builds(Card, title=st.text(), text=st.text(max_size=5000), state=st.text(max_size=3000)))
def test_whatever_is_said_is_blocks_that_slack_accepts(card: Card) -> None:
    said = drawn(replace(card, title=card.title or "x", buttons=buttons_for("alert_group"), about="n1"))
    for block in said["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    assert "<!" not in json.dumps(said)  # nobody can write to a whole channel through an alert's title


@given(st.builds(Card, title=st.text(), text=st.text(max_size=9000), state=st.text(max_size=3000)))
def test_whatever_is_said_fits_into_telegram(card: Card) -> None:
    said = telegram_drawn(card)
    assert len(said["text"]) > 0
    assert all(len(key["callback_data"]) <= 64 for row in said["reply_markup"]["inline_keyboard"] for key in row)


@given(
    st.text(alphabet='<&"x\n', max_size=6000),
    st.integers(0, 5),
    st.text(alphabet='<&"x', min_size=1, max_size=600),
)
def test_a_message_with_all_that_is_proposed_fits_into_telegram(text: str, count: int, state: str) -> None:
    full = Part("Proposed: " + "x" * 300, text, state, "warning", buttons_for("alert_group"), "p1", "")
    said = telegram_drawn(Card("T" * 300, text, state, url="https://w.example/1", parts=(full,) * count))
    read = unescape(re.sub("<[^>]*>", "", said["text"]))
    assert len(read) <= 4096 and read.count("Proposed: ") == count


def test_the_longest_message_says_of_each_what_it_does_as_far_as_there_is_room() -> None:
    part = Part("P" * 300, "<" * 3000, "S" * 600, "warning", buttons_for("alert_group"), "p1", "")
    said = telegram_drawn(Card("T" * 300, "X" * 9000, "S" * 600, parts=(part,) * 5))
    read = unescape(re.sub("<[^>]*>", "", said["text"]))
    assert 3900 < len(read) <= 4096 and read.count("P" * 190) == 5
    short = telegram_drawn(Card("T", "X", parts=(part,) * 2))
    assert unescape(short["text"]).count("<" * 700) == 2


def test_slack_finds_a_person_by_address_and_says_what_is_missing(peer: HttpPeer) -> None:
    peer.answer(
        Answer(200, {"ok": True, "user": {"id": "U1234567"}}),
        Answer(200, {"ok": False, "error": "users_not_found"}),
        Answer(200, {"ok": False, "error": "missing_scope", "needed": "users:read.email"}),
    )
    client = slack_at(peer)
    assert client.user("kim@example.org") == "U1234567"
    assert client.user("U0AAAAAA") == "U0AAAAAA"
    for word in ("member id", "scopes"):
        with pytest.raises(DeliveryFailed) as failed:
            client.user("eve@example.org")
        assert failed.value.permanent and word in failed.value.fix
    assert peer.requests[0].body == b"email=kim%40example.org"
    assert len(peer.requests) == 3


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (Answer(200, {"ok": False, "error": "channel_not_found"}), True),
        (Answer(200, {"ok": False, "error": "internal_error"}), False),
        (Answer(200, b"<html>"), False),
        (Answer(200, b"[]"), True),
        (Answer(503), False),
        (Answer(429, b"", {"Retry-After": "30"}), False),
    ],
)
def test_slacks_failures_are_told_apart(peer: HttpPeer, answer: Answer, permanent: bool) -> None:
    peer.answer(answer)
    with pytest.raises(DeliveryFailed) as failed:
        slack_at(peer).post("C1", card_of(PAGE), key="k")
    assert failed.value.permanent is permanent
    assert "xoxb" not in str(failed.value)


@pytest.mark.parametrize(("text", "name"), [("Inc 7: Über!", "inc-7-ber"), ("", "room"), ("A" * 99, "a" * 80)])
def test_a_room_has_a_name_that_slack_takes(text: str, name: str) -> None:
    assert room_name(text) == name


def test_mattermost_drops_a_retry(peer: HttpPeer) -> None:
    peer.otherwise = Answer(201, {"id": "p" * 26, "channel_id": "c" * 26})
    access = Access(
        {"url": peer.url, "token": "t"}, account="b" * 26, hook_url="https://w.example/chat/m", hook_key="k"
    )
    for _ in range(2):
        Mattermost(access).post("c" * 26, card_of(PAGE), key=PAGE.key)
    first, second = (request.json()["pending_post_id"] for request in peer.requests)
    assert first == second and first.startswith("b" * 26 + ":")


def test_telegrams_token_never_shows(peer: HttpPeer) -> None:
    client = telegram.Telegram(Access({"url": peer.url, "token": "12345:s3cret-token"}))
    for answer in (Answer(401, b"{}"), Answer(500, b""), Answer(hang_up=True), Answer(302, b"", {"Location": "/"})):
        peer.answer(answer)
        with pytest.raises(DeliveryFailed) as failed:
            client.post("1", card_of(PAGE), key="k")
        assert "s3cret" not in str(failed.value)
    with pytest.raises(DeliveryFailed) as failed:
        telegram.Telegram(Access({"url": "http://10.1.1.1", "token": "12345:s3cret-token"})).post(
            "1", card_of(PAGE), key="k"
        )
    assert failed.value.permanent and "s3cret" not in str(failed.value)


def test_telegram_is_told_where_to_send_answers(peer: HttpPeer) -> None:
    peer.answer(
        Answer(200, {"ok": True, "result": {"id": 9, "username": "b"}}), Answer(200, {"ok": True, "result": True})
    )
    access = Access({"url": peer.url, "token": "1:x"}, hook_url="https://w.example/chat/t", hook_key="wsk_1")
    account, text = telegram.Telegram(access).try_it()
    assert account == "9" and "@b" in text
    assert peer.requests[1].json() == {
        "url": "https://w.example/chat/t", "secret_token": "wsk_1", "allowed_updates": ["message", "callback_query"],
    }  # fmt: skip
    peer.answer(Answer(200, {"ok": True, "result": {"id": 9, "username": "b"}}))
    assert "https" in telegram.Telegram(replace(access, hook_url="http://w.example/chat/t")).try_it()[1]
    assert len(peer.requests) == 3


def test_a_person_in_teams_gets_a_link_that_answers(peer: HttpPeer) -> None:
    peer.answer(
        Answer(202, b"", {"x-ms-workflow-run-id": "run-7"}), Answer(200, b"Webhook message delivery failed: 429")
    )
    settings = teams.channel.check({"url": f"{peer.url}/workflows/x?sig=y"})
    assert teams.channel.send(settings, PAGE) == Delivery(provider_id="run-7")
    content = peer.requests[0].json()["attachments"][0]["content"]
    assert [(each["title"], each["url"]) for each in content["actions"]] == [
        ("Acknowledge", "https://w.example/respond/t"),
        ("Open in Watchroom", "https://w.example/alerts/1"),
    ]
    with pytest.raises(DeliveryFailed) as failed:
        teams.channel.send(settings, PAGE)
    assert not failed.value.permanent


@pytest.mark.django_db
def test_a_person_is_found_in_the_workspace_that_is_meant(peer: HttpPeer) -> None:
    from watchroom.workspaces.models import Workspace

    with pytest.raises(Refused, match="not connected"):
        slack.channel.check({"user": "kim@example.org"})
    made = [
        Workspace.objects.create(
            kind="slack", name=slug, slug=slug, hook_key="k", settings={"url": peer.url, "token": "xoxb-1"}
        )
        for slug in ("acme", "other")
    ]
    with pytest.raises(Refused, match="more than one") as refused:
        slack.channel.check({"user": "kim@example.org"})
    assert "acme, other" in refused.value.fix
    with pytest.raises(Refused, match="no Slack workspace"):
        slack.channel.check({"user": "kim@example.org", "workspace": "nowhere"})
    peer.answer(
        Answer(200, {"ok": True, "user": {"id": "U1234567"}}), Answer(200, {"ok": False, "error": "users_not_found"})
    )
    found = slack.channel.check({"user": "kim@example.org", "workspace": "acme"})
    assert found == {"workspace": made[0].pk, "user": "U1234567", "shown": "kim@example.org"}
    assert slack.channel.describe(found) == "kim@example.org"
    assert slack.channel.handle(found) == f"slack:{made[0].pk}:U1234567"
    with pytest.raises(Refused) as refused:
        slack.channel.check({"user": "eve@example.org", "workspace": "acme"})
    assert refused.value.field == "user" and refused.value.fix


@pytest.mark.parametrize("host", ["acme.webhook.office.com", "outlook.office.com"])
def test_the_address_of_a_connector_of_teams_is_refused(host: str) -> None:
    for check in (teams.product.check, teams.channel.check):
        with pytest.raises(Refused, match="retired") as refused:
            check({"url": f"https://{host}/webhookb2/s3cret"})
        assert "s3cret" not in str(refused.value.value)
    good = "https://default1.09.environment.api.powerplatform.com/powerautomate/x?sig=1"
    assert teams.channel.check({"url": good}) == {"url": good}


def test_a_telegram_group_that_has_another_number_says_which(peer: HttpPeer) -> None:
    client = telegram.Telegram(Access({"url": peer.url, "token": "12345:s3cret-token"}))
    said = {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat"}
    peer.answer(Answer(400, {**said, "parameters": {"migrate_to_chat_id": -1001234567890}}))
    with pytest.raises(DeliveryFailed, match="-1001234567890"):
        client.post("-42", card_of(PAGE), key="k")


def test_a_post_in_mattermost_says_on_the_lock_screen_what_it_is_and_calls_nobody(peer: HttpPeer) -> None:
    peer.otherwise = Answer(201, {"id": "p" * 26, "channel_id": "c" * 26})
    access = Access(
        {"url": peer.url, "token": "t"}, account="b" * 26, hook_url="https://w.example/chat/m", hook_key="k"
    )
    Mattermost(access).post("c" * 26, card_of(replace(PAGE, subject="Mail to @channel bounces")), key="k")
    message = peer.requests[0].json()["message"]
    assert "bounces" in message and "@channel" not in message
