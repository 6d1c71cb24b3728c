"""Who hears what."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed
from watchroom.live import tokens
from watchroom.live.hub import Full, Hub

topics = st.text("ab:1", min_size=1, max_size=4)


def test_exact_topics_and_prefixes() -> None:
    async def go() -> None:
        hub = Hub()
        page = hub.subscribe(frozenset({"incident:42", "group:*"}))
        hub.publish(["incident:4", "incident:421", "service:1"])
        assert await page.take(0.01) == []
        hub.publish(["incident:42", "group:7", "group:7"])
        hub.publish(["group:8"])
        assert await page.take(1) == ["group:7", "group:8", "incident:42"]
        hub.publish(["*"])
        assert await page.take(1) == ["*"]
        hub.unsubscribe(page)
        hub.publish(["incident:42"])
        assert await page.take(0.01) == []
        assert len(hub) == 0

    asyncio.run(go())


def test_who_is_slow_hears_that_everything_moved() -> None:
    async def go() -> None:
        hub = Hub()
        page = hub.subscribe(frozenset({"group:*"}))
        for number in range(10_000):
            hub.publish([f"group:{number}"])
        assert await page.take(1) == ["*"]

    asyncio.run(go())


def test_what_moved_between_drawing_a_page_and_listening_is_heard(clock: TravellingClock) -> None:
    async def go() -> None:
        hub = Hub()

        def heard(since: datetime, topic: str = "group:*") -> set[str]:
            page = hub.subscribe(frozenset({topic}))
            hub.catch_up(page, since)
            hub.unsubscribe(page)
            return page._pending

        hub.publish(["group:1"])
        clock.advance(timedelta(seconds=1))
        begun = clock()
        hub.publish(["group:2", "incident:7"])
        clock.advance(timedelta(seconds=1))
        assert heard(begun) == {"group:2"} and heard(clock()) == set() and heard(begun, "incident:7") == {"incident:7"}
        hub.publish(["*"])
        assert heard(begun) == {"*"}
        clock.advance(timedelta(seconds=60))
        hub.publish(["group:3"])
        assert heard(begun) == {"group:3"}  # a page that comes back after so long re-reads everything by itself
        begun = clock()
        for number in range(5_000):
            hub.publish([f"group:{number}"])
        assert heard(begun) == {"*"} and len(hub._recent) <= 1_000  # more than is remembered

    asyncio.run(go())


def test_there_is_a_limit_and_an_end() -> None:
    async def go() -> None:
        hub = Hub(limit=1)
        page = hub.subscribe(frozenset())
        with pytest.raises(Full):
            hub.subscribe(frozenset())
        hub.close()
        assert page.closed
        assert await page.take(20) == []

    asyncio.run(go())


@given(st.sets(topics), st.sets(topics), st.lists(topics))
def test_as_the_plain_rule_says(exact: set[str], prefixes: set[str], published: list[str]) -> None:
    async def go() -> None:
        hub = Hub()
        page = hub.subscribe(frozenset(exact | {f"{prefix}*" for prefix in prefixes}))
        hub.publish(published)
        wanted = {topic for topic in published if topic in exact or any(map(topic.startswith, prefixes))}
        assert await page.take(0.001) == sorted(wanted)

    asyncio.run(go())


def test_tokens() -> None:
    listener = tokens.read(tokens.token(7, ["incident:42", "group:*"]))
    assert (listener.person_id, listener.topics) == (7, {"incident:42", "group:*"})
    for wrong in ("", "x", "x.y", tokens.token(7, [])[:-2]):
        with pytest.raises(NotAllowed):
            tokens.read(wrong)
    with pytest.raises(ValueError, match="too many"):
        tokens.token(7, map(str, range(1000)))
