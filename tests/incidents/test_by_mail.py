"""An incident that is declared by e-mail."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.channels.webhook import signature
from watchroom.cli.mail import TRY_LATER, mail_declare
from watchroom.incidents import commands
from watchroom.incidents.commands import by_mail
from watchroom.incidents.models import Incident
from watchroom.incidents.rules.by_mail import SUMMARY, TITLE, read
from watchroom.paging.models import Notification

KEY = "a key of the mail service"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_mail_is_read_and_nothing_is_too_long(subject: str, text: str) -> None:
    title, severity, summary = read(subject, text)
    assert len(title) <= TITLE
    assert len(summary) <= SUMMARY
    assert severity in {None, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("SEV2: Checkout fails", ("Checkout fails", 2, "Since noon.")),
        ("[sev1] Checkout fails", ("Checkout fails", 1, "Since noon.")),
        ("Fwd: Re: Checkout  fails", ("Checkout fails", None, "Since noon.")),
        ("Several things fail", ("Several things fail", None, "Since noon.")),
        ("", ("Since noon.", None, "")),
    ],
)
def test_what_subject_and_text_say(subject: str, found: tuple[str, int | None, str]) -> None:
    assert read(subject, "Since noon.\r\n") == found


@pytest.fixture
def key(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_MAIL_REPLY_KEY=KEY)


def written(sender: str, subject: str, text: str = "Since noon.", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "incidents@in.example.org", subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def hand_over(clock: Any, raw: bytes, key: str = KEY) -> Any:
    signed = signature(key, int(clock().timestamp()), raw)
    return Client().generic(
        "POST", "/mail/declare", raw, content_type="message/rfc822", HTTP_WATCHROOM_SIGNATURE=signed
    )


def test_a_colleagues_mail_becomes_an_incident_once(world: Any, clock: Any, key: None) -> None:
    make.contact_method(world.responder)
    raw = written(f"Rita <{world.responder.email.upper()}>", "SEV2: Checkout is slow", Message_ID="<1@example.org>")
    said = hand_over(clock, raw).json()
    incident = Incident.objects.get()
    assert said == {"incident": incident.pk, "text": f"Declared incident {incident.pk}."}
    assert (incident.title, incident.severity, incident.summary) == ("Checkout is slow", 2, "Since noon.")
    assert (incident.declared_by, list(incident.services.all())) == (world.responder, [world.service])
    assert incident.team == world.team
    assert f"#{incident.pk}" in Notification.objects.get(person=world.responder).body
    assert hand_over(clock, raw).json()["incident"] == incident.pk
    assert Incident.objects.count() == 1
    again = written(world.responder.email, "Checkout is very slow", Message_ID="<2@example.org>")
    second = hand_over(clock, again).json()["incident"]
    told = Notification.objects.get(person=world.responder, reason__startswith=f"declared-by-mail:{second}")
    assert f"It looks like #{incident.pk}" in told.body


def test_by_rule_it_waits_for_triage(world: Any, clock: Any, key: None) -> None:
    commands.save_triage_rules(make.actor(), ["mail"])
    said = hand_over(clock, written(world.responder.email, "Odd numbers")).json()
    assert said["text"].endswith("which waits for triage.")
    assert Incident.objects.get().is_waiting


def test_one_sender_declares_only_so_many(world: Any, clock: Any, key: None) -> None:
    def said(number: int) -> Any:
        return hand_over(clock, written(world.responder.email, f"Odd numbers {number}", Message_ID=f"<{number}@x>"))

    assert {said(number).status_code for number in range(5)} == {200}
    late = said(5)
    assert late.status_code == 429 and "incident" in late.json() and Incident.objects.count() == 5
    assert said(4).json()["incident"]  # one that was taken is no new one
    other = make.person("Otto", "responder", email="otto@example.org")
    assert hand_over(clock, written(other.email, "Checkout fails")).status_code == 200
    clock.advance(timedelta(minutes=11))
    assert said(5).status_code == 200


def test_together_they_declare_only_so_many(world: Any, clock: Any, key: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_mail, "OF_ALL", 2)
    people = [make.person(f"P{n}", "responder", email=f"p{n}@example.org") for n in range(3)]
    codes = [hand_over(clock, written(each.email, f"Odd {each}")).status_code for each in people]
    assert codes == [200, 200, 429]


def test_what_no_text_can_hold_is_left_out(world: Any, clock: Any, key: None) -> None:
    """A mail that quotes JSON is no request in JSON; and whatever it holds, the database can keep what becomes of it."""
    raw = written(world.responder.email, "Checkout fails", 'It says {"name": "\\u0000", "other": "\\ud800"}.')
    assert hand_over(clock, raw).status_code == 200
    assert "u0000" in Incident.objects.get().summary
    head = f"From: {world.responder.email}\r\nSubject: Broken\0 {{}}\r\n\r\n".encode()
    assert hand_over(clock, head + b"One\0 two").json()["incident"]
    kept = Incident.objects.order_by("pk").last()
    assert kept is not None and "\0" not in kept.title + kept.summary


def test_strangers_machines_and_empty_mails_declare_nothing(world: Any, clock: Any, key: None) -> None:
    make.person("Gone", email="gone@example.org", is_active=False)
    head = b"From: " + world.responder.email.encode() + b"\r\nSubject: Odd \xff\xfe\r\n\r\n"
    assert hand_over(clock, head + b"\xff").status_code == 200
    Incident.objects.all().delete()
    for raw in (
        written("nobody@example.com", "Checkout fails"),
        written("gone@example.org", "Checkout fails"),
        written(world.responder.email, "Out of office", Auto_Submitted="auto-replied"),
        written(world.responder.email, "", text=" "),
    ):
        answer = hand_over(clock, raw)
        assert (answer.status_code, answer.json()["incident"]) == (200, None)
    assert hand_over(clock, written(world.responder.email, "Checkout fails"), key="another key").status_code == 403
    assert not Incident.objects.exists()


def test_as_mailgun_brings_it(world: Any, clock: Any, key: None) -> None:
    at, token = str(int(clock().timestamp())), "a token"
    form = {
        "recipient": "incidents@in.example.org", "from": world.responder.email, "subject": "Checkout fails",
        "stripped-text": "Since noon.", "Message-Id": "<3@example.org>", "timestamp": at, "token": token,
        "signature": hmac.new(KEY.encode(), f"{at}{token}".encode(), "sha256").hexdigest(),
    }  # fmt: skip
    assert Client().post("/mail/declare", form | {"signature": "x"}).status_code == 403
    assert Client().post("/mail/declare", form).json()["incident"] == Incident.objects.get().pk


def test_the_mail_server_pipes_it_in(http_peer: HttpPeer, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_MAIL_REPLY_KEY=KEY)
    raw = written("rita@example.org", "Checkout fails")
    http_peer.answer(Answer(200, {"incident": 7, "text": "Declared incident 7."}), Answer(503), Answer(429))
    done = CliRunner().invoke(mail_declare, ["--to", http_peer.url], input=raw)
    assert (done.exit_code, done.output.strip()) == (0, "Declared incident 7.")
    assert http_peer.requests[-1].path == "/mail/declare"
    for _ in range(2):
        assert CliRunner().invoke(mail_declare, ["--to", http_peer.url], input=raw).exit_code == TRY_LATER
