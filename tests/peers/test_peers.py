"""The peers themselves do what the other tests rely on."""

from __future__ import annotations

import json
import smtplib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from peers.http import Answer, HttpPeer
from peers.postgres import Postgres, new_database
from peers.smtp import SmtpPeer

if TYPE_CHECKING:
    from peers.alertmanager import Alertmanager
    from peers.chromium import Chromium
    from peers.prometheus import Prometheus


def _post(url: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_http_peer_records_and_answers(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(503, headers={"Retry-After": "7"}))
    assert _post(f"{http_peer.url}/a", b"1") == 503
    assert _post(f"{http_peer.url}/b", b"2") == 200
    assert [(each.path, each.body) for each in http_peer.requests] == [("/a", b"1"), ("/b", b"2")]
    threading.Timer(0.1, _post, (f"{http_peer.url}/late", b"{}")).start()
    assert http_peer.wait_for(lambda request: request.path == "/late").json() == {}
    with pytest.raises(AssertionError, match="POST /late"):
        http_peer.wait_for(lambda request: request.path == "/never", timeout=0.05)


def test_smtp_peer_keeps_and_refuses(smtp: SmtpPeer) -> None:
    port = int(smtp.url.rpartition(":")[2])
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("w@example.org", ["ada@example.org"], "Subject: =?utf-8?q?Caf=C3=A9?=\n\nDown.")
        mail = smtp.wait_for(lambda mail: "ada@example.org" in mail.recipients)
        assert (mail.subject, mail.text.strip()) == ("Café", "Down.")
        smtp.refuse_with = "451 Later"
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("w@example.org", ["ada@example.org"], "Subject: again\n\n.")
    assert len(smtp.mails) == 1


@pytest.mark.peer
@pytest.mark.sqlite_only
def test_postgres_peer_is_fresh_and_goes_away() -> None:
    with Postgres() as server:
        url = new_database(server.url(), "one")
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_database(), current_setting('fsync')").fetchone()
            assert row == ("one", "off")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


@pytest.mark.peer
@pytest.mark.sqlite_only
def test_prometheus_peer_sends_its_alert_and_its_end(
    http_peer: HttpPeer, prometheus: Callable[..., Prometheus]
) -> None:
    started = prometheus(f"{http_peer.url}/in/key")
    started.set(3, "payments")
    request = http_peer.wait_for(lambda request: b"payments" in request.body, timeout=60)
    assert request.path == "/in/key/api/v2/alerts"
    (alert,) = json.loads(request.body)
    assert alert["labels"] == {
        "alertname": "ValueTooHigh",
        "service": "payments",
        "severity": "critical",
        **alert["labels"],
    }


@pytest.mark.peer
@pytest.mark.sqlite_only
def test_alertmanager_peer_notifies(http_peer: HttpPeer, alertmanager: Callable[..., Alertmanager]) -> None:
    alertmanager(f"{http_peer.url}/hook").post([{"labels": {"alertname": "Down", "service": "search"}}])
    payload = http_peer.wait_for(lambda request: request.path == "/hook", timeout=60).json()
    assert (payload["version"], payload["status"]) == ("4", "firing")


@pytest.mark.browser
@pytest.mark.browser_once
def test_chromium_peer_sees_what_is_wrong(http_peer: HttpPeer, chromium: Chromium, tmp_path: Path) -> None:
    from peers.chromium import PHONE, axe

    html = "<title>x</title><main><img src='/i.png'><p>Hello</main><script>window.ran = 1</script>"
    http_peer.otherwise = lambda request: (
        Answer(200, html, {"Content-Type": "text/html", "Content-Security-Policy": "script-src 'self'"})
        if request.path == "/"
        else Answer(204)
    )
    page = chromium.page(http_peer.url, PHONE, "dark")
    page.goto("/")
    assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [390, True]
    violations = axe(page)
    assert {text.split()[0] for text in violations} == {"html-has-lang", "image-alt"}
    problems = chromium.take_problems()
    assert len(problems) == 1 and "Content Security Policy" in problems[0]
    chromium.pictures, kept = tmp_path, chromium.pictures
    try:
        assert chromium.picture(page, "a page / phone").stat().st_size > 1000
    finally:
        chromium.pictures = kept
