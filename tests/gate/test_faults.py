"""Faults that senders and machines make: a slow sender, a clock that jumps, a server that goes away."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gate.running import Running, alert, running_gate
from peers.cut import Cut
from peers.programs import wait_until
from watchroom.engine.loop import run_due
from watchroom.intake.duties import duties
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.kernel.clock import TravellingClock
from watchroom.serving import protocol

Make = Callable[..., tuple[Integration, str]]


def test_slow_senders_cost_the_others_nothing_and_are_cut_off(
    gate: Running, integration: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 3.0)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 3.0)
    _, key = integration()
    assert gate.send(key, []).status == 200  # now the key is known
    head = f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n".encode()
    with contextlib.ExitStack() as stack:
        slow = []
        for number in range(100):  # half of them stop in the head, half in the body
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", gate.port)))
            connection.settimeout(20)
            connection.sendall(head if number % 2 else head + b"\r\n[")
            slow.append(connection)
        for _ in range(20):
            assert gate.send(key, [alert()]).status == 200
        for connection in slow:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass  # to the end, which the gate makes
    assert gate.send(key, [alert()]).status == 200
    assert Signal.objects.count() == 22


def test_a_clock_that_jumps_loses_nothing(clock: TravellingClock, gate: Running, integration: Make) -> None:
    _, key = integration()
    start = clock.instant
    for number, jump in enumerate((0, -3600, 7200, -1)):
        clock.to(start + timedelta(seconds=jump))
        assert gate.send(key, [alert(f"Jump{number}")]).status == 200
        run_due(duties)
    assert Signal.objects.count() == Alert.objects.count() == 4
    assert not Alert.objects.filter(group__isnull=True).exists()


@pytest.mark.postgres_only
def test_a_database_that_is_cut_off_is_503_until_it_is_back(
    configured: Callable[..., None], transactional_db: None, integration: Make
) -> None:
    """Accepted means stored, on both sides of the cut; nobody has to restart the gate."""
    _, key = integration()
    way = Cut.to(os.environ["DATABASE_URL"])
    configured(DATABASE_URL=way.url)
    try:
        with running_gate() as gate:
            assert gate.send(key, [alert("before")]).status == 200
            way.cut()
            told: Any = gate.send(key, [alert("during")])
            assert (told.status, told.json["title"]) == (503, "Not stored")
            assert int(told.headers["Retry-After"]) > 0
            way.mend()
            wait_until(lambda: gate.send(key, [alert("after")]).status == 200, 60, "the gate stores again")
    finally:
        way.close()
    bodies = b"".join(bytes(body) for body in Signal.objects.values_list("body", flat=True))
    assert b"before" in bodies and b"after" in bodies and b"during" not in bodies
