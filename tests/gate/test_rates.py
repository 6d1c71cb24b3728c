"""How much an integration may send: the buckets by themselves, and through a real gate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from gate.running import running_gate
from gate.test_store import Recorder, signal
from peers.programs import wait_until
from watchroom.intake.gate.rates import NOTICE_SECONDS, Rates
from watchroom.intake.gate.store import Full, Store
from watchroom.intake.models import Integration, Signal

Make = Callable[..., tuple[Integration, str]]
steps = st.lists(st.floats(0, 90), max_size=200)


@given(steps, st.integers(1, 100))
def test_never_more_than_two_minutes_worth_in_any_minute(waits: list[float], limit: int) -> None:
    rates, now, taken = Rates(limit), 0.0, []
    for wait in waits:
        now += wait / 10
        if rates.take(1, None, now) == 0:
            taken.append(now)
    for start in taken:
        assert sum(start <= at <= start + 60 for at in taken) <= 2 * limit


@given(steps, st.integers(1, 1000))
def test_who_waits_as_told_is_let_in(waits: list[float], limit: int) -> None:
    rates, now = Rates(limit), 0.0
    for wait in waits:
        now += wait / 100
        if seconds := rates.take(1, None, now):
            assert 1 <= seconds <= 60
            now += seconds
            assert rates.take(1, None, now) == 0


@given(st.integers(1, 50), st.integers(0, 300))
def test_one_costs_another_nothing(limit: int, storm: int) -> None:
    rates = Rates(limit)
    for _ in range(storm):
        rates.take(1, None, 0)
    assert [rates.take(2, None, 0) for _ in range(limit)] == [0] * limit
    assert rates.take(2, None, 0) > 0


def test_an_own_limit_counts_more_and_zero_is_none() -> None:
    rates = Rates(1)
    assert [rates.take(1, 3, 0) == 0 for _ in range(4)] == [True, True, True, False]
    assert not any(rates.take(2, 0, 0) for _ in range(1000))
    assert rates.take(1, 60, 1.0) == 0  # somebody has raised it: one a second from now on
    assert not any(Rates(0).take(1, None, 0) for _ in range(1000))


def test_a_storm_is_news_once_in_a_while() -> None:
    rates = Rates(1)
    rates.take(1, None, 0)
    assert rates.take(1, None, 0)
    assert [rates.is_news(1, at) for at in (0, 1, NOTICE_SECONDS - 1, NOTICE_SECONDS, NOTICE_SECONDS + 1)] == [
        True, False, False, True, False,
    ]  # fmt: skip


def test_too_much_is_answered_with_429_and_shown(transactional_db: None, integration: Make) -> None:
    (made, key), (_, other) = integration(rate_per_minute=3), integration()
    with running_gate() as gate:
        statuses = [gate.send(key, []).status for _ in range(6)]
        assert statuses == [200, 200, 200, 429, 429, 429]
        answer = gate.send(key, [])
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 1 <= int(answer.headers["Retry-After"]) <= 20
        assert gate.send(other, []).status == 200
        assert b'watchroom_signals_total{outcome="limited",source="alertmanager"} 4' in gate.ask("GET", "/metrics").body
        notices = Signal.objects.filter(integration=made, path="/-/limited")
        wait_until(notices.exists, 60, "the storm is among the integration's signals")
        notice = notices.get()
    assert (notice.remote, notice.refused, json.loads(bytes(notice.body))) == ("watchroom", False, {"per_minute": 3})
    assert notice.problems[0]["field"] == "rate"
    assert Signal.objects.filter(integration=made).count() == 4


def test_the_installations_limit(configured: Callable[..., None], transactional_db: None, integration: Make) -> None:
    configured(WATCHROOM_SIGNALS_PER_MINUTE="1")
    _, key = integration()
    with running_gate() as gate:
        assert [gate.send(key, []).status for _ in range(2)] == [200, 429]


def test_pagerdutys_senders_are_told_in_their_words(transactional_db: None, integration: Make) -> None:
    _, key = integration(source="pagerduty", rate_per_minute=1)
    with running_gate() as gate:
        body = json.dumps({"event_action": "resolve", "dedup_key": "x"}).encode()
        assert gate.send(key, body, "/v2/enqueue").status == 202
        answer = gate.send(key, body, "/v2/enqueue")
    assert (answer.status, answer.json["status"]) == (429, "throttle exceeded")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_storm_leaves_room_in_the_queue() -> None:
    async def go() -> None:
        database = Recorder()
        database.held.clear()
        store = Store(database, queue_signals=100)
        store.start()
        answers, own = [], {1: 0, 2: 0, 3: 0}
        for storming in (1, 2):
            try:
                while True:
                    answers.append(store.put(signal(storming)))
                    own[storming] += 1
            except Full:
                pass
        for _ in range(5):
            answers.append(store.put(signal(3)))
            own[3] += 1
        assert own[1] >= 40 and own[2] >= 10 and own[3] == 5
        database.held.set()
        await asyncio.gather(*answers)
        assert not store._held
        await store.stop()

    asyncio.run(go())
