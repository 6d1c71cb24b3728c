"""E-mail against real SMTP servers: what arrives, and what each refusal means."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from channels.certificates import certificate_for
from peers.smtp import SmtpPeer
from watchroom.channels import email
from watchroom.channels.base import DeliveryFailed, Link, Message
from watchroom.channels.email import page
from watchroom.kernel.errors import Refused

TO = {"address": "kim@example.org"}
MESSAGE = Message(
    key="notification-17",
    subject="Checkout is failing",
    body="5xx above 20 %\non <web-1> & web-2",
    url="https://watchroom.example.org/alerts/1",
    purpose="page",
    person="Kim Möller",
    actions=(
        Link("Acknowledge", "https://watchroom.example.org/do/tok.en?a=1&b=2"),
        Link("Escalate", "https://watchroom.example.org/do/other"),
    ),
    facts={"thread": "alert-group-5"},
)


@pytest.fixture
def mail_server(smtp: SmtpPeer, configured) -> SmtpPeer:
    configured(WATCHROOM_SMTP_URL=smtp.url, WATCHROOM_MAIL_FROM="Watchroom <pages@watchroom.example.org>")
    return smtp


class Raw:
    """A mail server of one's own words: what it answers by command; None hangs up."""

    def __init__(self, **answers: str | None) -> None:
        self.answers = {"HELLO": "220 raw", "EHLO": "250 raw", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go",
                        "END": "250 queued", "QUIT": "221 bye", "RSET": "250 ok", **answers}  # fmt: skip
        self.ended = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return  # nobody came
        with connection, connection.makefile("rb") as lines:

            def say(word: str) -> bool:
                if (answer := self.answers[word]) is None:
                    return False
                connection.sendall(answer.encode() + b"\r\n")
                return True

            alive = say("HELLO")
            while alive and (line := lines.readline()):
                command = line.decode().split()[0].upper()
                alive = say(command)
                if command == "DATA" and alive and self.answers["DATA"].startswith("354"):
                    while lines.readline().rstrip(b"\r\n") != b".":
                        pass
                    self.ended = True
                    alive = say("END")

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


@pytest.fixture
def raw(configured) -> Iterator[Any]:
    started: list[Raw] = []

    def start(**answers: str | None) -> Raw:
        started.append(Raw(**answers))
        configured(WATCHROOM_SMTP_URL=started[-1].url)
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_a_page_arrives_whole(mail_server: SmtpPeer, clock) -> None:
    delivery = email.channel.send(TO, MESSAGE)
    mail = mail_server.wait_for()
    head = mail.message
    assert (mail.sender, mail.recipients) == ("pages@watchroom.example.org", ("kim@example.org",))
    assert mail.subject == "Checkout is failing"
    assert str(head["From"]) == "Watchroom <pages@watchroom.example.org>"
    assert str(head["To"]) == "Kim Möller <kim@example.org>"
    assert head["Date"].datetime == clock.instant
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["X-Watchroom-Purpose"] == "page"
    assert head["Importance"] == "high"
    assert head["X-Watchroom-Drill"] is None
    assert head.get_content_type() == "multipart/alternative"
    assert "5xx above 20 %" in mail.text
    assert "Acknowledge: https://watchroom.example.org/do/tok.en?a=1&b=2" in mail.text
    assert 'href="https://watchroom.example.org/do/tok.en?a=1&amp;b=2"' in mail.html
    assert "&lt;web-1&gt; &amp; web-2" in mail.html
    assert delivery.provider_id == head["Message-ID"]
    assert delivery.confirmed is False


def test_a_retry_is_recognisable_and_another_message_differs(mail_server: SmtpPeer) -> None:
    for message in (MESSAGE, MESSAGE, replace(MESSAGE, key="notification-18")):
        email.channel.send(TO, message)
    first, retry, other = (str(mail.message["Message-ID"]) for mail in mail_server.mails)
    assert first == retry != other
    assert first.endswith("@watchroom.example.org>")


def test_mails_about_one_thing_are_one_thread(mail_server: SmtpPeer) -> None:
    for facts in ({"thread": "a"}, {"thread": "a"}, {"thread": "b"}, {}):
        email.channel.send(TO, replace(MESSAGE, facts=facts))
    one, same, other, none = (mail.message["References"] for mail in mail_server.mails)
    assert one == same != other
    assert none is None


def test_what_is_not_urgent_does_not_say_so_and_a_drill_does(mail_server: SmtpPeer) -> None:
    email.channel.send(TO, replace(MESSAGE, urgent=False, drill=True))
    mail = mail_server.wait_for()
    assert mail.message["Importance"] is None
    assert mail.message["X-Watchroom-Drill"] == "yes"
    assert mail.subject == "[Drill] Checkout is failing"
    assert "This is a drill." in mail.html


def test_no_text_adds_a_header_or_a_recipient(mail_server: SmtpPeer) -> None:
    evil = "x\r\nBcc: eve@example.org\nX-Evil: 1\u2028X-Evil: 2"
    email.channel.send(TO, replace(MESSAGE, key=evil, subject=evil, person=evil, purpose=evil, facts={"thread": evil}))
    mail = mail_server.wait_for()
    assert mail.recipients == ("kim@example.org",)
    assert mail.message["Bcc"] is None
    assert mail.message["X-Evil"] is None
    assert mail.subject == "x Bcc: eve@example.org X-Evil: 1 X-Evil: 2"


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_makes_a_mail_that_can_be_read_back(subject: str, body: str, person: str, purpose: str) -> None:
    message = replace(
        MESSAGE, subject=subject, body=body, person=person, purpose=purpose, actions=(Link(body, subject),)
    )
    mail = email.compose(message, email.parse_address("a@example.org"), email.parse_address("b@example.org"))
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert set(read.keys()) == set(mail.keys())
    assert str(read["To"].addresses[0].addr_spec) == "b@example.org"
    assert len(list(read.iter_parts())) == 2


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_text_can_not_become_markup(text: str) -> None:
    plain = page.render(replace(MESSAGE, subject="a", body="b", actions=(Link("c", "https://d.example.org"),)))
    marked = page.render(replace(MESSAGE, subject="a" + text, body="b" + text,
                                 actions=(Link("c" + text, "https://d.example.org/" + text),)))  # fmt: skip
    assert marked.replace("<br>", "").count("<") == plain.count("<")


def test_only_web_links_become_buttons() -> None:
    assert "javascript" not in page.render(replace(MESSAGE, actions=(Link("Acknowledge", "javascript:alert(1)"),)))


@pytest.mark.parametrize(("answer", "permanent"), [("451 later", False), ("421 busy", False), ("550 no such user", True),
                                                   ("552 mailbox full", True)])  # fmt: skip
def test_the_mail_is_refused_at_its_end(mail_server: SmtpPeer, answer: str, permanent: bool) -> None:
    mail_server.refuse_with = answer
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert caught.value.permanent is permanent
    assert answer in str(caught.value)


@pytest.mark.parametrize("command", ["HELLO", "MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize(("answer", "permanent"), [("450 not now", False), ("554 never", True), (None, False)])
def test_every_command_may_fail(raw, command: str, answer: str | None, permanent: bool) -> None:
    raw(**{command: answer})
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("answer", [None, "500 what?"])
def test_a_quarrel_about_the_goodbye_is_no_failure(raw, answer: str | None) -> None:
    server = raw(QUIT=answer)
    email.channel.send(TO, MESSAGE)
    assert server.ended


def test_nobody_listens(configured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configured(WATCHROOM_SMTP_URL=f"smtp://kim:SECRET@127.0.0.1:{port}")
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert not caught.value.permanent
    assert "SECRET" not in str(caught.value)


def test_without_a_mail_server_the_fix_names_the_setting(configured) -> None:
    configured(WATCHROOM_SMTP_URL="")
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert caught.value.permanent
    assert "WATCHROOM_SMTP_URL" in caught.value.fix


def test_a_sender_that_is_no_address_is_named(mail_server: SmtpPeer, configured) -> None:
    configured(WATCHROOM_MAIL_FROM="nobody")
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert caught.value.permanent
    assert "WATCHROOM_MAIL_FROM" in str(caught.value)


def test_starttls_is_never_left_out(mail_server: SmtpPeer, configured) -> None:
    """The server does not offer it: the mail stays here rather than going out in the clear."""
    configured(WATCHROOM_SMTP_URL=mail_server.url.replace("smtp://", "smtp+starttls://"))
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send(TO, MESSAGE)
    assert caught.value.permanent
    assert not mail_server.mails


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("trusted", [True, False])
def test_encryption_and_the_certificate_check(configured, tmp_path, monkeypatch, scheme: str, trusted: bool) -> None:
    file = certificate_for("127.0.0.1", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    kept: list[bool] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            kept.append(server.transport.get_extra_info("ssl_object") is not None)
            return "250 ok"

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options: dict[str, Any] = {"ssl_context" if scheme == "smtps" else "tls_context": context}

    class Server(Controller):
        def _trigger_server(self) -> None:
            """The controller's own check that it has started, which else would not trust the certificate."""
            with socket.create_connection(("127.0.0.1", port)) as plain:
                if scheme == "smtps":
                    with ssl._create_unverified_context().wrap_socket(plain) as encrypted:
                        encrypted.recv(1024)
                else:
                    plain.recv(1024)

    controller = Server(Handler(), hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        configured(WATCHROOM_SMTP_URL=f"{scheme}://127.0.0.1:{port}")
        if trusted:
            email.channel.send(TO, MESSAGE)
            assert kept == [True]
        else:
            with pytest.raises(DeliveryFailed, match=r"(?i)certificate") as caught:
                email.channel.send(TO, MESSAGE)
            assert not caught.value.permanent
            assert not kept
    finally:
        controller.stop()


@pytest.mark.parametrize(("password", "accepted"), [("p@ss:w%rd", True), ("other", False)])
def test_signing_in(configured, password: str, accepted: bool) -> None:
    kept: list[Any] = []

    class Handler:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
            kept.append(envelope)
            return "250 ok"

    def authenticate(
        server: object, session: object, envelope: object, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"kim", b"p@ss:w%rd"), handled=False)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True,
                            auth_require_tls=False)  # fmt: skip
    controller.start()
    try:
        quoted = password.replace("%", "%25").replace("@", "%40").replace(":", "%3A")
        configured(WATCHROOM_SMTP_URL=f"smtp://kim:{quoted}@127.0.0.1:{port}")
        if accepted:
            email.channel.send(TO, MESSAGE)
            assert len(kept) == 1
        else:
            with pytest.raises(DeliveryFailed, match="WATCHROOM_SMTP_URL") as caught:
                email.channel.send(TO, MESSAGE)
            assert caught.value.permanent
            assert password not in str(caught.value)
    finally:
        controller.stop()


def test_letters_beyond_ascii_before_the_at(mail_server: SmtpPeer) -> None:
    email.channel.send({"address": "jürgen@bücher.example"}, replace(MESSAGE, subject="Störung ☃"))
    mail = mail_server.wait_for()
    assert mail.recipients == ("jürgen@xn--bcher-kva.example",)
    assert mail.subject == "Störung ☃"


def test_a_server_without_smtputf8_can_not_take_them(raw) -> None:
    raw()
    with pytest.raises(DeliveryFailed) as caught:
        email.channel.send({"address": "jürgen@example.org"}, MESSAGE)
    assert caught.value.permanent
    assert caught.value.fix


@pytest.mark.parametrize(
    ("given_address", "cleaned"),
    [(" Kim@Example.ORG ", "Kim@example.org"), ("a+b@xn--bcher-kva.example", "a+b@xn--bcher-kva.example"),
     ("kim@bücher.example", "kim@xn--bcher-kva.example"), ("root@localhost", "root@localhost")],
)  # fmt: skip
def test_addresses_are_tidied(given_address: str, cleaned: str) -> None:
    assert email.channel.check({"address": given_address}) == {"address": cleaned}


@pytest.mark.parametrize(
    "address",
    ["", "kim", "@example.org", "kim@", "kim@@example.org", "kim@example..org", "a@b.c, d@e.f", "Kim <kim@example.org>",
     "kim@example.org\r\nBcc: eve@example.org", "kim example@example.org", "kim@.org", "a" * 250 + "@example.org", None, 5],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: object) -> None:
    with pytest.raises(Refused) as caught:
        email.channel.check({"address": address})
    assert caught.value.field == "address"
    assert caught.value.fix
