"""Who asks, behind which proxies."""

from __future__ import annotations

import pytest

from watchroom.intake.gate.addresses import client, is_loopback, networks


@pytest.mark.parametrize(
    ("peer", "told", "expected"),
    [
        ("192.0.2.9", "1.1.1.1", "192.0.2.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("::ffff:10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "unknown, ???", "10.0.0.1"),
        ("", "192.0.2.1", ""),
    ],
)
def test_client(peer: str, told: str, expected: str) -> None:
    assert client(peer, told, networks(["10.0.0.0/8"])) == expected


def test_loopback() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("192.0.2.1")
    assert not is_loopback("")
