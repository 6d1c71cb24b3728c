"""Mail over a real SMTP connection: stored before it is accepted, for nobody but those who are there, never relayed."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import factories as make
from gate.answering import answering_gate
from gate.running import running_gate
from peers.malformed import letters
from watchroom.accounts.actors import SYSTEM
from watchroom.channels.email import reply
from watchroom.engine.loop import run_due
from watchroom.incidents.commands import by_mail
from watchroom.incidents.models import Incident
from watchroom.intake.commands import pause_integration
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.gate import addresses, limits, seats
from watchroom.intake.gate import mail as mail_in
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.kernel import settings as conf
from watchroom.kernel.errors import Refused
from watchroom.kernel.signing import fingerprint
from watchroom.live.hub import Hub
from watchroom.monitors.models import Heartbeat
from watchroom.paging.models import Notification
from watchroom.serving.gate import build

Make = Callable[..., tuple[Integration, str]]
KEY = "0123456789abcdef0123456789abcdef"
LETTER = b"From: Storage <san@example.org>\r\nSubject: [PROBLEM] Disk 7 failed\r\n\r\nReplace it.\r\n"


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[mail_in.MailIn]]:
    """Gates that are started from now on take mail; what listens is in the list."""
    found: list[mail_in.MailIn] = []
    start = mail_in.MailIn.start

    async def started(self: mail_in.MailIn) -> None:
        await start(self)
        found.append(self)

    monkeypatch.setattr(mail_in.MailIn, "start", started)
    monkeypatch.setenv("WATCHROOM_SMTP_LISTEN", "127.0.0.1:0")
    conf.current.cache_clear()
    yield found
    conf.current.cache_clear()


@pytest.fixture
def smtp(transactional_db: None, listening: list[mail_in.MailIn]) -> Iterator[smtplib.SMTP]:
    with running_gate(), smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        yield client


def send(client: smtplib.SMTP, to: str | list[str], letter: bytes = LETTER) -> tuple[int, str]:
    try:
        client.sendmail("san@example.org", to, letter)
    except smtplib.SMTPRecipientsRefused as refused:
        return next((code, text.decode()) for code, text in refused.recipients.values())
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code, str(refused.smtp_error)
    return 250, ""


def test_a_mail_is_stored_before_it_is_accepted_and_becomes_an_alert(smtp: smtplib.SMTP) -> None:
    integration = make.integration(source="email", key=KEY)
    assert send(smtp, f"{KEY.upper()}+shelf2@watchroom.example.org")[0] == 250
    signal = Signal.objects.get()
    assert (signal.integration_id, signal.path, signal.content_type) == (integration.pk, "/smtp", "message/rfc822")
    assert KEY not in f"{signal.query}{signal.headers}"
    read_signals(10)
    alert = Alert.objects.get()
    assert (alert.title, alert.labels["tag"], alert.labels["sender"]) == ("Disk 7 failed", "shelf2", "san@example.org")
    assert alert.annotations["description"] == "Replace it."
    assert send(smtp, f"{KEY}+shelf2@watchroom.example.org", LETTER.replace(b"PROBLEM", b"RESOLVED"))[0] == 250
    read_signals(10)
    assert Alert.objects.get().ended_at is not None


def test_nobody_and_others_are_refused(smtp: smtplib.SMTP) -> None:
    make.integration(source="email", key=KEY)
    other = make.integration(source="alertmanager")
    assert send(smtp, "somebody@example.org")[0] == 550
    assert send(smtp, f"{other.key}@example.org")[0] == 550  # type: ignore[attr-defined]
    pause_integration(SYSTEM, Integration.objects.get(source="email"), True)
    assert not Signal.objects.exists()


def test_what_can_not_be_read_is_told_and_kept(smtp: smtplib.SMTP) -> None:
    make.integration(source="email", key=KEY)
    assert send(smtp, f"{KEY}@example.org", b"From: a@example.org\r\n\r\n")[0] == 554
    assert Signal.objects.get().refused


def test_a_mail_may_not_be_larger_than_a_signal(smtp: smtplib.SMTP) -> None:
    make.integration(source="email", key=KEY)
    assert smtp.ehlo()[0] == 250 and smtp.esmtp_features["size"] == str(limits.BODY_BYTES)
    assert send(smtp, f"{KEY}@example.org", LETTER + (b"x" * 900 + b"\r\n") * 80)[0] == 250
    assert send(smtp, f"{KEY}@example.org", LETTER + (b"x" * 900 + b"\r\n") * 5_000)[0] == 552
    assert Signal.objects.count() == 1


def test_without_a_commit_there_is_no_250(smtp: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch) -> None:
    make.integration(source="email", key=KEY)
    assert send(smtp, f"{KEY}@example.org")[0] == 250
    from watchroom.intake.gate import database, postgresql, sqlite

    def broken(self: object, signals: object) -> None:
        raise database.Unavailable("the disk is full")

    for kind in (sqlite.SQLite, postgresql.PostgreSQL):
        monkeypatch.setattr(kind, "insert", broken)
    assert send(smtp, f"{KEY}@example.org")[0] == 451


def test_a_heartbeat_is_pinged_by_mail(transactional_db: None, listening: list[mail_in.MailIn]) -> None:
    make.person()
    key = "wrh_Abc-123_xyz"
    heartbeat = Heartbeat.objects.create(
        team=make.team(), name="Backup", slug="backup", key=key, key_hash=fingerprint(key), key_hint=key[:8]
    )
    with answering_gate(), smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        assert send(client, f"{key}@example.org")[0] == 250
        heartbeat.refresh_from_db()
        assert (heartbeat.state, heartbeat.pings.get().kind) == ("up", "success")
        assert send(client, f"{key}+fail@example.org")[0] == 250
        heartbeat.refresh_from_db()
        assert heartbeat.state == "down"
        assert send(client, "wrh_nobody@example.org")[0] == 550
        assert send(client, f"{key}+dance@example.org")[0] == 550


def test_a_mail_declares_an_incident_and_another_answers_a_page(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_MAIL_REPLY_TO", "reply@in.example.org")
    monkeypatch.setenv("WATCHROOM_MAIL_DECLARE_TO", "incidents@in.example.org")
    conf.current.cache_clear()
    ada = make.person("Ada", "responder", email="ada@example.org")
    make.contact_method(ada, "email", {"address": "ada@example.org"})
    policy = make.policy((ada, 3600))
    group = make.group("Disk full", service=make.service(team=policy.team), policy=policy)
    start_paging([group])
    run_due()
    page = Notification.objects.get(escalation__kind="alert_group")
    letter = b"From: Ada <ada@example.org>\r\nTo: all@example.org\r\nMessage-ID: <1@x>\r\nSubject: SEV2: Checkout fails\r\n\r\nSince noon.\r\n"
    answer = b"From: ada@example.org\r\nTo: somebody@example.org\r\n\r\nack\r\n"
    with answering_gate() as gate, smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        for _ in range(2):
            assert send(client, "Incidents@in.example.org", letter) == (250, "")
        incident = Incident.objects.get()
        assert (incident.title, incident.severity, incident.declared_by) == ("Checkout fails", 2, ada)
        assert incident.is_waiting  # anybody can write her address
        assert "Nobody has checked that it was you" in Notification.objects.get(purpose="update").body
        # Who is here, no answer says.
        stranger = letter.replace(b"ada@", b"eve@").replace(b"<1@", b"<2@")
        mute = letter.replace(b"SEV2: Checkout fails", b"").replace(b"Since noon.", b"").replace(b"<1@", b"<3@")
        told = set()
        for each in (letter, stranger, mute):
            client.mail("san@example.org")
            client.rcpt("incidents@in.example.org")
            told.add(client.data(each))
        ((code, _),) = told
        assert code == 250
        refused = Notification.objects.get(subject="A mail in your name declared no incident")
        assert (refused.person, "subject" in refused.body) == (ada, True)
        assert refused.urgency == "high"  # she thinks that it is declared
        assert send(client, "incidents@elsewhere.example.org", letter)[0] == 550
        assert send(client, reply.address("reply@in.example.org", page.pk), answer)[0] == 250
        group.refresh_from_db()
        assert (group.acknowledged_by, group.acknowledged_at is None) == (ada, False)
        assert send(client, "reply+1.forged@in.example.org", answer)[0] == 250  # nothing comes of it
        assert Incident.objects.count() == 1
        # Nobody but the gate gets in without the key.
        for headers in ({}, {"Watchroom_Gate": "made.up"}):
            told = gate.ask("POST", "/mail/declare", letter, Content_Type="message/rfc822", **headers)
            assert told.status == 403
        # Too much of it is no longer looked at, and not even that says whose address is known.
        for number in range(5):
            assert send(client, "incidents@in.example.org", letter.replace(b"<1@", b"<4%d@" % number))[0] == 250
        assert Incident.objects.count() == 5
        # Of more than all may declare together each mail server hears that it shall try again, whoever has sent it.
        monkeypatch.setattr(by_mail, "OF_ALL", 5)
        for number, sender in enumerate((b"ada@", b"eve@")):
            more = letter.replace(b"ada@", sender).replace(b"<1@", b"<5%d@" % number)
            assert send(client, "incidents@in.example.org", more)[0] == 451
        assert Incident.objects.count() == 5


def test_where_senders_are_checked_before_nothing_has_to_wait(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_MAIL_DECLARE_TO", "incidents@in.example.org")
    monkeypatch.setenv("WATCHROOM_MAIL_SENDERS_CHECKED", "true")
    conf.current.cache_clear()
    make.person("Ada", "responder", email="ada@example.org")
    with answering_gate(), smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        letter = b"From: ada@example.org\r\nSubject: Checkout fails\r\n\r\nIt says \\u0000 and \\ud800.\r\n"
        assert send(client, "incidents@in.example.org", letter)[0] == 250
    incident = Incident.objects.get()
    assert not incident.is_waiting and "u0000" in incident.summary


def test_replies_and_declarations_have_addresses_of_their_own(
    listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_MAIL_REPLY_TO", "mail@in.example.org")
    monkeypatch.setenv("WATCHROOM_MAIL_DECLARE_TO", "Mail@in.example.org")
    conf.current.cache_clear()
    with pytest.raises(Refused) as refused:
        build(conf.current(), Hub())
    assert (refused.value.field, refused.value.value) == ("WATCHROOM_MAIL_DECLARE_TO", "Mail@in.example.org")
    assert "incidents@" in refused.value.fix


def test_a_mail_for_people_waits_while_pages_are_away(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_MAIL_DECLARE_TO", "incidents@in.example.org")
    conf.current.cache_clear()
    with running_gate(), smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        assert send(client, "incidents@in.example.org")[0] == 451


def test_the_connection_can_be_encrypted(
    transactional_db: None, listening: list[mail_in.MailIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.certificates import certificate_for

    pem = certificate_for("watchroom", tmp_path)
    monkeypatch.setenv("WATCHROOM_SMTP_CERTIFICATE", str(pem))
    conf.current.cache_clear()
    make.integration(source="email", key=KEY)
    with running_gate(), smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert client.starttls(context=context)[0] == 220
        assert send(client, f"{KEY}@example.org")[0] == 250


# --- Whoever is connected has to send mail --------------------------------------------------------------------------


def dial(listening: list[mail_in.MailIn], source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", listening[0].port), timeout=30, source_address=(source, 0))


def said_by(connected: socket.socket) -> bytes:
    """All that is said until the other side closes. What it did not want to read any more resets the connection."""
    found = b""
    try:
        while piece := connected.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def until_gone(connected: socket.socket, line: bytes) -> tuple[int, bytes]:
    """Say the same again and again, each time after the answer. How often that was answered, and the last answer."""
    read = connected.makefile("rb")
    read.readline()
    for number in range(500_000):
        try:
            connected.sendall(line)
            answer = read.readline()
        except OSError:
            return number, b""
        if answer[:1] == b"4" or not answer:
            return number, answer
    raise AssertionError("It may talk for ever.")


def test_one_who_opens_many_connections_does_not_shut_out_the_others(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.integration(source="email", key=KEY)
    monkeypatch.setattr(seats, "PER_SENDER", 3)
    monkeypatch.setattr(seats, "CONNECTIONS", 6)
    with running_gate(), contextlib.ExitStack() as open_ones:
        slow = [open_ones.enter_context(dial(listening)) for _ in range(3)]
        assert all(each.recv(100).startswith(b"220 ") for each in slow)
        for _ in range(5):
            with dial(listening) as one_more:
                assert said_by(one_more).startswith(b"421 4.7.0 Too many connections from your address")
        with smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30, source_address=("127.0.0.2", 0)) as client:
            assert send(client, f"{KEY}@example.org")[0] == 250
        slow[0].close()  # a seat that is given back is free again
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with dial(listening) as again:
                if again.recv(100).startswith(b"220 "):
                    break
        else:
            raise AssertionError("No seat was given back.")
        others = [open_ones.enter_context(dial(listening, f"127.0.0.{number}")) for number in range(2, 7)]
        assert any(each.recv(100).startswith(b"421 4.7.0 Too many connections;") for each in others)


def test_behind_a_proxy_of_ours_many_may_be_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "PER_SENDER", 1)
    found = seats.Seats(addresses.networks(["10.0.0.0/8"]))
    assert [found.take("10.1.2.3") for _ in range(3)] == ["", "", ""]
    assert found.take("192.0.2.1") == found.take("2001:db8::1").replace("2001:db8::/64", "192.0.2.1")
    with pytest.raises(seats.Full):  # of IPv6 one host has a whole network
        found.take("2001:db8::ffff:1")
    with pytest.raises(seats.Full):
        found.take("::ffff:192.0.2.1")
    found.leave("192.0.2.1")
    assert found.take("192.0.2.1") == "192.0.2.1"


def test_who_only_talks_is_sent_away(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.integration(source="email", key=KEY)
    monkeypatch.setattr(mail_in, "ANSWERS", 25)
    with running_gate():
        for line in (b"NOOP\r\n", b"\r\n", b"VRFY somebody@example.org\r\n", b"RSET\r\n", b"\xff\xfe\r\n"):
            with dial(listening) as talker:
                count, last = until_gone(talker, line)
                assert count <= 25 and last.startswith(b"421 4.7.0 Too many commands without a mail"), line
        with smtplib.SMTP("127.0.0.1", listening[0].port, timeout=30) as client:
            for _ in range(12):  # together far more answers than that, but mail comes
                assert send(client, f"{KEY}@example.org")[0] == 250
            for _ in range(3):  # guesses at addresses are no mail
                assert send(client, "somebody@example.org")[0] in (550, 421)


def test_who_takes_too_long_is_sent_away(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_in, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(mail_in, "ANSWERS", 1_000_000)
    with running_gate():
        with dial(listening) as silent:
            assert said_by(silent).rstrip().endswith(b"421 4.4.2 Too long without a mail; come back later")
        with dial(listening) as busy:  # something is said all the time, so that it is never idle
            _, last = until_gone(busy, b"NOOP\r\n")
            assert last.startswith(b"421 4.4.2") or not last


def test_who_does_not_read_gives_the_seat_back(
    transactional_db: None, listening: list[mail_in.MailIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our last line can't be told to one who never reads; the seat is free all the same."""
    monkeypatch.setattr(seats, "PER_SENDER", 1)
    monkeypatch.setattr(mail_in, "ANSWERS", 1_000_000)
    monkeypatch.setattr(mail_in, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(mail_in, "LAST_WORD_SECONDS", 0.1)
    with running_gate(), dial(listening) as deaf:
        deaf.settimeout(0.2)
        try:
            while True:
                deaf.sendall(b"HELP\r\n" * 20_000)
        except OSError:
            pass  # nobody takes it any more
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with dial(listening, "127.0.0.1") as again:
                if again.recv(100).startswith(b"220 "):
                    return
        raise AssertionError("The seat was not given back.")


def test_a_line_that_is_longer_than_mail_may_have_is_taken_all_the_same(smtp: smtplib.SMTP) -> None:
    """What writes JSON into a mail seldom breaks its lines; to refuse it would be to lose it."""
    make.integration(source="email", key=KEY)
    letter = b"From: a@example.org\r\nSubject: Disk 7 failed\r\n\r\n" + b"x" * 60_000 + b"\r\n"
    assert send(smtp, f"{KEY}@watchroom.example.org", letter)[0] == 250
    read_signals(10)
    assert Alert.objects.get().annotations["description"].startswith("xxx")


def test_broken_mails_are_stored_each_and_become_alerts_or_stand_in_the_tray(smtp: smtplib.SMTP) -> None:
    integration = make.integration(source="email", key=KEY)
    told = []
    for body in letters(7, 120):
        told.append(send(smtp, f"{KEY}@watchroom.example.org", body)[0])
        assert told[-1] in (250, 554)
    assert smtp.noop()[0] == 250
    assert Signal.objects.filter(integration=integration).count() == len(told)
    assert Signal.objects.filter(refused=True).count() == told.count(554)
    while read_signals(100):
        pass
    integration.refresh_from_db()
    assert integration.read_to == len(told) and Alert.objects.exists()
    for signal in Signal.objects.filter(refused=True):
        assert all(each["field"] and each["fix"] for each in signal.problems) and signal.problems
