"""The desk: many readers, few questions, and no connection that holds up another."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from watchroom.connectors.base import EvidenceFailed
from watchroom.evidence.asking import Answered, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk(threads=4, seats_of_one=2)


def test_many_readers_are_one_question(desk: Desk) -> None:
    asked, release = [], threading.Event()

    def question() -> dict[str, Any]:
        asked.append(1)
        release.wait(60)
        return {"x": 1}

    assert [desk.ask("k", 1, question, wait_seconds=0.01) for _ in range(5)] == [None] * 5
    release.set()
    found = desk.ask("k", 1, question, wait_seconds=60)
    assert found is not None and found.data == {"x": 1} and len(asked) == 1
    assert desk.ask("k", 1, question, wait_seconds=0) == found
    again = desk.ask("k", 1, question, wait_seconds=60, again=True)
    assert again is not None and len(asked) == 2


def test_a_dead_connection_holds_up_no_other(desk: Desk) -> None:
    release = threading.Event()

    def hang() -> dict[str, Any]:
        release.wait(120)
        raise EvidenceFailed("dead", everything=True)

    try:
        for number in range(10):
            assert desk.ask(f"dead-{number}", 1, hang, wait_seconds=0.01) is None
        found = desk.ask("alive", 2, lambda: {"ok": True}, wait_seconds=30)  # all others hang for longer
        assert found is not None and found.data == {"ok": True}
    finally:
        release.set()
    failed = desk.ask("dead-0", 1, hang, wait_seconds=60)
    assert failed is not None and failed.error == "dead"
    # It is left alone for a moment, whatever is asked; a person who says "again" is heard.
    other = desk.ask("dead-new", 1, lambda: {"ok": True}, wait_seconds=60)
    assert other is not None and other.error == "dead"
    other = desk.ask("dead-new", 1, lambda: {"ok": True}, wait_seconds=60, again=True)
    assert other is not None and other.data == {"ok": True}
    assert isinstance(desk.ask("dead-newer", 1, lambda: {"ok": True}, wait_seconds=60), Answered)


def test_a_wrong_question_does_not_make_the_connection_fail(desk: Desk) -> None:
    def wrong() -> dict[str, Any]:
        raise EvidenceFailed("no such metric")

    assert desk.ask("a", 1, wrong, wait_seconds=60).error == "no such metric"  # type: ignore[union-attr]
    assert desk.ask("b", 1, lambda: {"ok": 1}, wait_seconds=60).data == {"ok": 1}  # type: ignore[union-attr]


def test_a_connector_that_breaks_is_said_in_words(desk: Desk) -> None:
    def broken() -> dict[str, Any]:
        raise ZeroDivisionError

    found = desk.ask("a", 1, broken, wait_seconds=60)
    assert found is not None and "The connector failed" in found.error


def test_not_more_is_remembered_than_there_is_room_for(desk: Desk) -> None:
    for number in range(320):
        desk.ask(str(number), 1, lambda: {"n": 1}, about="a", wait_seconds=60)
    assert desk.remembered("0", "a") is None and desk.remembered("319", "a") is not None
    assert desk.remembered("319", "something else") is None
