"""A page by mail that is answered by writing back."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.channels.email import reply
from watchroom.channels.webhook import signature
from watchroom.cli.mail import TRY_LATER, mail_reply
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db
KEY = "a key of the mail service"


@pytest.fixture
def mail(smtp: Any, configured: Callable[..., None]) -> Any:
    configured(
        WATCHROOM_SMTP_URL=smtp.url,
        WATCHROOM_MAIL_FROM="Watchroom <watchroom@example.org>",
        WATCHROOM_MAIL_REPLY_TO="reply@in.example.org",
        WATCHROOM_MAIL_REPLY_KEY=KEY,
    )
    return smtp


def paged() -> tuple[Any, Any, str]:
    """A person who has got a page by mail, and the address to which a reply goes."""
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "email", {"address": "anna@example.org"})
    policy_row = make.policy((anna, 3600))
    group = make.group("Checkout is slow", service=make.service(team=policy_row.team), policy=policy_row)
    start_paging([group])
    run_due()
    return anna, group, reply.address("reply@in.example.org", Notification.objects.get().pk)


def written(to: str, text: str, subtype: str = "plain", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "anna@example.org", to, "Re: Checkout is slow"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text, subtype=subtype)
    return made.as_bytes()


def hand_over(clock: TravellingClock, raw: bytes, key: str = KEY) -> Any:
    signed = signature(key, int(clock().timestamp()), raw)
    return Client().generic("POST", "/mail/reply", raw, content_type="message/rfc822", HTTP_WATCHROOM_SIGNATURE=signed)


def test_one_word_acknowledges(clock: TravellingClock, mail: Any) -> None:
    anna, group, to = paged()
    (sent,) = mail.mails
    assert to in str(sent.message["Reply-To"]) and "reply with one word" in sent.text
    said = hand_over(clock, written(to, "Ack!\n\nOn Mon, 2 Mar 2026 Watchroom wrote:\n> Checkout is slow\n"))
    assert said.json() == {"done": "answer", "text": "Acknowledged: 1."}
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    assert "answered before" in hand_over(clock, written(to, "ok")).json()["text"]
    assert Notification.objects.get().contact_method.verified_at is not None


def test_escalate_by_mail(clock: TravellingClock, mail: Any) -> None:
    _, group, to = paged()
    assert hand_over(clock, written(to.upper(), "Escalate please")).json()["done"] == "escalate"
    assert group.events.filter(kind="escalated").count() == 1


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("I can not acknowledge this", {}),
        ("> ack", {}),
        ("", {}),
        ("ack", {"Auto_Submitted": "auto-replied"}),
        ("ok", {"Precedence": "bulk"}),
        ("Thanks, I am on holiday. Ok?", {}),
    ],
)
def test_what_is_not_meant_changes_nothing(
    clock: TravellingClock, mail: Any, text: str, headers: dict[str, str]
) -> None:
    _, group, to = paged()
    assert hand_over(clock, written(to, text, **headers)).json()["done"] == ""
    group.refresh_from_db()
    assert group.acknowledged_at is None


def test_nobody_else_can_answer(clock: TravellingClock, mail: Any) -> None:
    _, group, to = paged()
    assert hand_over(clock, written(to, "ack"), key="another key").status_code == 403
    assert Client().post("/mail/reply", {"recipient": to, "stripped-text": "ack"}).status_code == 403
    forged = re.sub(r"-[a-z2-7]{24}@", "-" + "a" * 24 + "@", to)
    assert hand_over(clock, written(forged, "ack")).json()["text"].startswith("No message of ours")
    group.refresh_from_db()
    assert group.acknowledged_at is None


def test_a_reply_as_mailgun_posts_it(clock: TravellingClock, mail: Any) -> None:
    anna, group, to = paged()
    at = str(int(clock().timestamp()))
    form = {
        "recipient": to,
        "stripped-text": "ack",
        "timestamp": at,
        "token": "t" * 50,
        "signature": hmac.new(KEY.encode(), f"{at}{'t' * 50}".encode(), "sha256").hexdigest(),
    }
    assert Client().post("/mail/reply", form | {"timestamp": "1"}).status_code == 403
    assert Client().post("/mail/reply", form).json()["done"] == "answer"
    group.refresh_from_db()
    assert group.acknowledged_by == anna


def test_html_only_mail_and_odd_mail() -> None:
    html = reply.parse(written("x@example.org", "<p>ack</p><blockquote>Escalate</blockquote>", "html"))
    assert reply.understood(reply.text_of(html)) == "answer"
    assert not reply.understood(reply.text_of(reply.parse(b"\xff\x00")))
    assert reply.text_of(reply.parse(b"Content-Type: text/plain; charset=nonsense\n\nack")) in ("", "ack")


@given(st.text(max_size=300))
def test_any_text_is_understood_or_not(text: str) -> None:
    assert reply.understood(text) in ("", "answer", "escalate")


@given(st.binary(max_size=400))
def test_any_mail_can_be_read(raw: bytes) -> None:
    mail = reply.parse(raw)
    reply.is_automatic(mail)
    assert isinstance(reply.text_of(mail), str)


@given(st.integers(0, 10**17))
def test_an_address_names_its_message(number: int) -> None:
    made = reply.address("reply@in.example.org", number)
    assert len(made.partition("@")[0]) <= 64
    assert reply.number_in(f"Someone <{made.upper()}>, other@example.org") == number
    assert reply.number_in(made.replace("+", "+1")) is None


def test_the_mail_server_pipes_it_in(http_peer: HttpPeer, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_MAIL_REPLY_KEY=KEY, WATCHROOM_URL=http_peer.url)
    http_peer.answer(Answer(200, {"done": "answer", "text": "Acknowledged: 1."}), Answer(503), Answer(403))
    runner = CliRunner()
    assert "Acknowledged" in runner.invoke(mail_reply, input=b"To: x\n\nack").output
    assert http_peer.requests[0].headers["watchroom-signature"].startswith("t=")
    assert runner.invoke(mail_reply, input=b"x").exit_code == TRY_LATER
    assert runner.invoke(mail_reply, input=b"x").exit_code == 1
