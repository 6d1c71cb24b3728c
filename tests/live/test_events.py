"""Events over a real socket, from a commit to the page."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest

from gate.running import Running, running_gate
from watchroom.kernel import clock
from watchroom.kernel.db import announce
from watchroom.live import tokens


@contextmanager
def listening(gate: Running, *topics: str, since: datetime | None = None) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=30)
    connection.request("GET", f"/live?token={tokens.token(1, topics, since)}")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.readline() == b"retry: 1000\n"
    assert answer.readline() == b"\n"
    yield answer
    connection.close()


def next_event(answer: http.client.HTTPResponse) -> tuple[int, list[str]]:
    """The next event's number and topics; heartbeats are passed over."""
    number = 0
    while line := answer.readline():
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: "):
            return number, json.loads(line[6:])["topics"]
    raise AssertionError("the stream has ended")


def hear(answer: http.client.HTTPResponse, topic: str) -> None:
    """Announce ``topic`` until it is heard. (On PostgreSQL, who has just begun to listen first hears "everything".)"""
    while True:
        announce([topic])
        if topic in next_event(answer)[1]:
            return


def test_a_commit_is_heard(transactional_db: None) -> None:
    with running_gate() as gate, listening(gate, "incident:42", "group:*") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Cache-Control"] == "no-store"
        hear(answer, "incident:42")
        announce(["incident:7"])  # somebody else's
        announce(["group:7"])
        assert next_event(answer)[1] == ["group:7"]
        announce(["group:8"])
        first, _ = next_event(answer)
        announce(["group:9"])
        assert next_event(answer)[0] > first


def test_what_moved_before_the_page_listened_is_heard(transactional_db: None) -> None:
    with running_gate() as gate, listening(gate, "incident:42") as first:
        hear(first, "incident:42")  # by now the gate has been listening itself
        begun = clock.now()
        announce(["incident:7"])
        announce(["incident:42"])
        assert next_event(first)[1] == ["incident:42"]  # it has come, and whoever listens from now on has missed it
        with listening(gate, "incident:7", since=begun) as late:
            assert next_event(late)[1] == ["incident:7"]


def test_a_browser_is_told_that_the_stream_is_there(transactional_db: None) -> None:
    """Of comments it hears nothing; who takes each event for news (an agent) gets no others."""
    with running_gate() as gate:
        heard = []
        for more in ("&alive=yes", ""):
            connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=30)
            connection.request("GET", f"/live?token={tokens.token(1, ['incident:42'])}{more}")
            answer = connection.getresponse()
            heard.append([answer.readline() for _ in range(4)][2:])
            connection.close()
    assert heard == [[b"event: alive\n", b"data: {}\n"], [b":\n", b"\n"]]


def test_strangers_hear_nothing(transactional_db: None) -> None:
    with running_gate() as gate:
        for query in ("", "?token=", "?token=abc.def"):
            assert gate.ask("GET", f"/live{query}").status == 403
        assert gate.ask("POST", "/live").status == 405


def test_streams_end_with_the_gate(transactional_db: None) -> None:
    with running_gate() as gate:
        with listening(gate, "incident:42") as answer:
            pass
        still = listening(gate, "incident:42")
        answer = still.__enter__()
    while answer.readline():
        pass  # to its end, which came with the gate's
    assert answer.isclosed()


@pytest.mark.postgres_only
def test_after_an_interruption_everything_moved(transactional_db: None) -> None:
    with running_gate() as gate, listening(gate, "incident:42") as answer:
        hear(answer, "incident:42")
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'watchroom live'"
            )
        assert next_event(answer)[1] == ["*"]
        hear(answer, "incident:42")
