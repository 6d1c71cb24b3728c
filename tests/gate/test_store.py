"""The writer by itself, with a database that does as it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from peers.programs import wait_until
from watchroom.intake.gate.database import Refused, Signal, Unavailable
from watchroom.intake.gate.store import BATCH_SIGNALS, Full, Store


def signal(number: int) -> Signal:
    return Signal(number, datetime(2026, 3, 2, tzinfo=UTC), "", "", "", "{}", b"x", "", False, "[]")


class Recorder:
    """Stores all integrations but 13, and nothing while it is away or held."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.held = threading.Event()
        self.held.set()
        self.away = False
        self.unsettled = 0  # so many times it says that there is more

    def insert(self, signals: Sequence[Signal]) -> None:
        self.held.wait(60)
        if self.away:
            raise Unavailable("away")
        if any(each.integration_id == 13 for each in signals):
            raise Refused("13")
        self.batches.append([each.integration_id for each in signals])

    def settle(self) -> bool:
        self.unsettled -= 1
        return self.unsettled < 0

    def integrations(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        pass


def test_what_waits_is_committed_together_and_in_order() -> None:
    async def go() -> None:
        database = Recorder()
        store = Store(database)
        store.start()
        database.held.clear()
        answers = [store.put(signal(number)) for number in range(100, 100 + BATCH_SIGNALS + 50)]
        assert not any(answer.done() for answer in answers)
        database.held.set()
        await asyncio.gather(*answers)
        await store.stop()
        assert [number for batch in database.batches for number in batch] == list(range(100, 100 + BATCH_SIGNALS + 50))
        assert len(database.batches) <= 3
        assert max(map(len, database.batches)) <= BATCH_SIGNALS
        assert not store.alive
        with pytest.raises(Full):
            store.put(signal(1))

    asyncio.run(go())


def test_one_bad_row_fails_alone() -> None:
    async def go() -> None:
        database = Recorder()
        store = Store(database)
        store.start()
        database.held.clear()
        answers = [store.put(signal(number)) for number in (11, 12, 13, 14)]
        database.held.set()
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        await store.stop()
        assert [type(outcome) for outcome in outcomes] == [type(None), type(None), Refused, type(None)]

    asyncio.run(go())


def test_it_recovers_and_its_queue_is_bounded() -> None:
    async def go() -> None:
        database = Recorder()
        store = Store(database, queue_signals=3)
        store.start()
        database.away = True
        with pytest.raises(Unavailable):
            await store.put(signal(1))
        database.away = False
        database.held.clear()
        answers = []
        with pytest.raises(Full):
            for number in range(10_000):
                answers.append(store.put(signal(number + 100)))
        database.held.set()
        await asyncio.gather(*answers)
        await store.stop()
        assert len(store) == 0

    asyncio.run(go())


def test_it_looks_again_until_all_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchroom.intake.gate.store.SETTLE_AFTER_SECONDS", 0.001)
    monkeypatch.setattr("watchroom.intake.gate.store.SETTLE_AGAIN_SECONDS", 0.001)

    async def go() -> None:
        database = Recorder()
        database.unsettled = 5
        store = Store(database)
        store.start()
        await asyncio.to_thread(wait_until, lambda: database.unsettled < 0, 30, "it has looked often enough")
        await store.put(signal(1))
        await store.stop()

    asyncio.run(go())
