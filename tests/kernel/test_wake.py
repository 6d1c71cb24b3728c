"""What a wake carries: keys, in payloads that PostgreSQL takes, and to engines no more than is for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from watchroom.kernel import wake


@pytest.fixture
def ears() -> Iterator[tuple[wake.Ear, wake.Ear]]:
    engine, page = wake.Ear(engine=True), wake.Ear()
    yield engine, page
    engine.close()
    page.close()


@pytest.mark.parametrize("count", [0, 1, 500, 3_000])
def test_topics_are_packed_and_unpacked(count: int) -> None:
    topics = {f"escalation:{number}" for number in range(count)}
    payloads = wake.pack(topics)
    assert all(len(payload.encode()) < 8_000 for payload in payloads)
    assert frozenset().union(*map(wake.unpack, payloads)) == topics


def test_too_many_topics_stand_for_everything() -> None:
    assert wake.pack(f"escalation:{number}" for number in range(30_000)) == ["* due"]


def test_an_engine_hears_what_is_for_engines_and_a_page_the_rest(ears: tuple[wake.Ear, wake.Ear]) -> None:
    engine, page = ears
    wake.send_datagrams({wake.PAGES, "escalation:1"})
    assert engine.drain() == {wake.PAGES}
    assert page.drain() == {"escalation:1"}
    wake.send_datagrams({wake.SIGNALS})
    assert engine.drain() == {wake.SIGNALS} and not page.drain()
    wake.send_datagrams({"*"})
    assert engine.drain() == page.drain() == {"*"}


def test_an_engine_is_told_at_once_of_what_it_made_due_itself(
    ears: tuple[wake.Ear, wake.Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[frozenset[str]] = []
    monkeypatch.setattr(wake, "_here", [heard.append])
    wake.tell_here({wake.DUE})
    wake.send_datagrams({wake.DUE, "person:1"})
    engine, page = ears
    assert heard == [{wake.DUE}]
    assert not engine.drain() and page.drain() == {"person:1"}
