"""Apprise does its own I/O: it delivers, it is kept inside the same walls as our own client, and it says no secret."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from typing import Any

import pytest

from peers.http import Answer, HttpPeer
from watchroom.channels import apprise
from watchroom.channels.apprise import guard
from watchroom.channels.base import Delivery, DeliveryFailed, Link, Message
from watchroom.kernel.errors import Refused

MESSAGE = Message(
    key="notification-17",
    subject="Checkout is failing",
    body="5xx above 20 %",
    url="https://watchroom.example.org/alerts/1",
    purpose="page",
    actions=(Link("Acknowledge", "https://watchroom.example.org/do/1"),),
)
TOPIC = "topicS3cretS3cret"


@pytest.fixture
def opened(configured) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")


def ntfy_url(peer: HttpPeer, host: str = "127.0.0.1", rest: str = "") -> str:
    return f"ntfy://{host}:{peer.url.rpartition(':')[2]}/{TOPIC}{rest}"


@pytest.fixture
def example_org_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """push.example.org leads to 127.0.0.1, as an evil owner of that name could arrange."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("push.example.org", b"push.example.org") and not kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_page_is_delivered(opened, http_peer: HttpPeer) -> None:
    http_peer.otherwise = Answer(200, {"id": "a"})
    settings = apprise.channel.check({"url": ntfy_url(http_peer)})
    assert apprise.channel.send(settings, MESSAGE) == Delivery()
    said = http_peer.requests[0].text
    assert "Checkout is failing" in said
    assert "https://watchroom.example.org/do/1" in said


@pytest.mark.parametrize(("purpose", "urgent", "kind"), [("page", True, "warning"), ("update", False, "info"),
                                                         ("resolved", True, "success")])  # fmt: skip
def test_the_kind_of_message_is_told(opened, http_peer: HttpPeer, purpose: str, urgent: bool, kind: str) -> None:
    url = f"json://127.0.0.1:{http_peer.url.rpartition(':')[2]}/"
    apprise.channel.send({"url": url}, replace(MESSAGE, purpose=purpose, urgent=urgent))
    assert http_peer.requests[0].json()["type"] == kind


@pytest.mark.parametrize("answer", [Answer(500, "broken"), Answer(403, {"error": "forbidden"}), Answer(hang_up=True)])
def test_a_no_is_a_temporary_failure_with_the_reason(opened, http_peer: HttpPeer, answer: Answer) -> None:
    http_peer.otherwise = answer
    with pytest.raises(DeliveryFailed) as caught:
        apprise.channel.send({"url": ntfy_url(http_peer, rest=f"?auth=token&token=tk_{TOPIC}")}, MESSAGE)
    assert not caught.value.permanent
    assert "ntfy did not take the message: " in str(caught.value)
    assert "no reason" not in str(caught.value)
    assert TOPIC not in str(caught.value)


def test_a_failure_that_its_url_calls_optional_is_still_one(opened, http_peer: HttpPeer) -> None:
    http_peer.otherwise = Answer(500)
    with pytest.raises(DeliveryFailed):
        apprise.channel.send({"url": ntfy_url(http_peer, rest="?optional=yes&retry=3&wait=0.1")}, MESSAGE)
    assert len(http_peer.requests) == 1


@pytest.mark.usefixtures("example_org_is_inside")
def test_a_name_that_leads_inside_is_refused_when_sending(configured, http_peer: HttpPeer) -> None:
    configured()
    settings = apprise.channel.check({"url": ntfy_url(http_peer, "push.example.org")})
    with pytest.raises(DeliveryFailed) as caught:
        apprise.channel.send(settings, MESSAGE)
    assert caught.value.permanent
    assert "127.0.0.1" in str(caught.value)
    assert "WATCHROOM_PRIVATE_TARGETS" in caught.value.fix
    assert TOPIC not in str(caught.value)
    assert not http_peer.requests


def test_a_redirect_out_of_the_permitted_network_is_refused(opened, http_peer: HttpPeer) -> None:
    port = http_peer.url.rpartition(":")[2]
    http_peer.answer(Answer(307, b"", {"Location": f"http://127.0.0.2:{port}/"}))
    with pytest.raises(DeliveryFailed) as caught:
        apprise.channel.send({"url": ntfy_url(http_peer)}, MESSAGE)
    assert caught.value.permanent
    assert len(http_peer.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ntfy://127.0.0.1/topic", "ntfy://localhost/topic", "gotify://10.0.0.1/token", "gotifys://[::1]/AbCdEfGhIjKlMnO",
        "mailto://user:pass@example.org?smtp=127.0.0.1", "mmost://192.168.0.5/0123456789abcdef",
        "json://hooks.example.org/", "jsons://hooks.example.org/", "xml://hooks.example.org/",
        "form://hooks.example.org/", "apprise://hooks.example.org/0123456789",
        "syslog://", "dbus://", "gnome://", "windows://", "macosx://", "glib://", "vapid://kim@example.org/keys",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops?template=/etc/passwd",
        "ntfy://example.org/#x?ATTACH=http://169.254.169.254/",
        "fcm://project@apikey0123456789/device?keyfile=/etc/passwd",
        "ntfy://example.org/topic?attach=http://169.254.169.254/",
        "unknown://example.org", "tgram://", "not a url", "ntfy://example.org/a ntfy://example.org/b",
    ],
)  # fmt: skip
def test_what_reaches_nobody_or_the_inside_is_refused(configured, url: str) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        apprise.channel.check({"url": url})
    assert caught.value.field == "url"
    assert caught.value.fix
    assert "pass" not in str(caught.value.value).removesuffix("passwd")


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("tgram://123456789:abcdefg_hijklmnopqrstuvwxyz012345/12315544/", "Telegram"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops", "Slack"),
        ("pover://DEA6ERAPjQvRd2dsF4eHtjFsSwbtMQ@anPxX4nHvTaDxIlGwGyuXeFvNFcXMt", "Pushover"),
        ("ntfy://ntfy.example.org/topic", "ntfy"),
        ("gotifys://push.example.org/AbCdEfGhIjKlMnO", "Gotify"),
        ("mailtos://kim:password@example.org", "E-Mail"),
    ],
)  # fmt: skip
def test_services_are_accepted_and_described_without_their_secrets(configured, url: str, service: str) -> None:
    configured()
    assert apprise.channel.check({"url": f" {url} "}) == {"url": url}
    described = apprise.channel.describe({"url": url})
    assert described.startswith(f"{service} (")
    assert described != apprise.channel.describe({"url": f"{url}x"})
    assert not any(len(part) > 6 and part in described for part in url.split("/"))


def test_generic_posting_reaches_only_what_is_opened(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    assert apprise.channel.check({"url": "json://127.0.0.1:9/"})
    with pytest.raises(Refused):
        apprise.channel.check({"url": "json://8.8.8.8/"})
    with guard.watching(only_private=True) as watch:
        assert watch.permits(("127.0.0.1", 80))
        assert not watch.permits(("8.8.8.8", 80))


def test_the_watch_sees_every_kind_of_socket_and_ends_with_its_block(configured) -> None:
    configured()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with guard.watching() as watch:
            with pytest.raises(PermissionError):
                socket.create_connection(listener.getsockname())
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, pytest.raises(PermissionError):
                datagrams.sendto(b"x", listener.getsockname())
            with socket.socket(socket.AF_UNIX) as unix, pytest.raises(PermissionError):
                unix.connect("/nowhere")
            assert watch.refused == ["127.0.0.1", "127.0.0.1", "this machine"]
        with socket.create_connection(listener.getsockname()):
            pass


def test_nothing_that_apprise_says_reaches_the_log_of_the_process(
    opened, http_peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", records.append)
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    http_peer.otherwise = Answer(500)
    with pytest.raises(DeliveryFailed):
        apprise.channel.send({"url": ntfy_url(http_peer)}, MESSAGE)
    logging.getLogger("here").debug("the handler works")
    assert [record.name for record in records if record.name.startswith(("apprise", "here", "urllib3"))] == ["here"]
    assert not any(TOPIC in record.getMessage() for record in records)


def test_a_plugin_that_breaks_is_a_temporary_failure(opened, http_peer: HttpPeer, monkeypatch) -> None:
    def explode(*args: Any, **kwargs: Any) -> bool:
        raise RuntimeError(f"could not use {TOPIC}")

    monkeypatch.setattr(apprise.apprise.Apprise, "notify", explode)
    with pytest.raises(DeliveryFailed) as caught:
        apprise.channel.send({"url": ntfy_url(http_peer)}, MESSAGE)
    assert not caught.value.permanent
    assert TOPIC not in str(caught.value)
