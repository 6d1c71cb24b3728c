"""Heads that are too large or never end."""

from __future__ import annotations

import contextlib
import socket

import pytest

from gate.running import Running
from watchroom.serving import protocol


def test_a_large_head_is_cut_off(gate: Running) -> None:
    with socket.create_connection(("127.0.0.1", gate.port)) as connection:
        connection.settimeout(20)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(OSError):
            for number in range(100):
                connection.sendall(b"X-%d: %b\r\n" % (number, b"x" * 8000))
        with contextlib.suppress(ConnectionResetError):
            assert b" 400 " in connection.recv(4096).splitlines()[0]
    assert gate.ask("GET", "/healthz", X="x" * 8000).status == 200


def test_a_head_that_never_ends_is_cut_off(gate: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr(protocol, "HEAD_SECONDS", 0.2)
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /"):
            with socket.create_connection(("127.0.0.1", gate.port)) as connection:
                connection.settimeout(20)
                connection.sendall(beginning)
                while connection.recv(4096):
                    pass  # to the end, which the gate makes
    assert gate.ask("GET", "/healthz").status == 200
