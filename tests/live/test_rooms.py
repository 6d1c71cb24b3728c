"""The new lines of a log, sent along with the event: asked for once, whoever reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed
from watchroom.live import tokens
from watchroom.live.hub import Hub, Subscriber
from watchroom.live.rooms import News, Reader, Rooms

DRAWN = "2026-01-05T09:00:00+00:00"
UNTIL = datetime(2026, 1, 5, 9, 5, tzinfo=UTC)
TOPIC = "incident:42:log"


@pytest.fixture(autouse=True)
def five_past_nine(clock: TravellingClock) -> None:
    clock.to(UNTIL)


class Web:
    """Answers as the web process does: who is called 1 sees one picture, 2 another, anybody else none."""

    def __init__(self) -> None:
        self.asked: list[tokens.Asked] = []
        self.away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, path: bytes, body: bytes) -> bytes | None:
        asked = tokens.read_ask(body.decode())
        self.asked.append(asked)
        await self.may_answer.wait()
        if self.away:
            return None
        pictures = [{1: 0, 2: 1}.get(person, -1) for person, _ in asked.readers]
        return msgspec.json.encode(News(UNTIL, ["<li>acts</li>", "<li>looks</li>"], pictures))


def go(test: Callable[[Hub, Rooms, Web], Awaitable[None]]) -> None:
    async def run() -> None:
        hub, web = Hub(), Web()
        rooms = Rooms(web)
        hub.on_wake(rooms.heard)
        await test(hub, rooms, web)
        await rooms.stop()

    asyncio.run(run())


def reads(hub: Hub, rooms: Rooms, person: int, since: str = DRAWN) -> Subscriber:
    page = hub.subscribe(frozenset({"*"}))
    rooms.join(42, page, Reader(person, f"session of {person}"), since)
    return page


async def quiet(rooms: Rooms) -> None:
    while any(room.task is not None for room in rooms._rooms.values()):
        await asyncio.sleep(0)


def lines(page: Subscriber) -> list[str]:
    return [msgspec.json.decode(each.partition(b"data: ")[2])["html"] for each in page.parcels()]


def test_one_question_for_all_and_each_gets_what_is_theirs() -> None:
    async def test(hub: Hub, rooms: Rooms, web: Web) -> None:
        pages = [reads(hub, rooms, 1 + n % 3) for n in range(200)]
        await quiet(rooms)
        assert len(web.asked) == 1  # what came between drawing the pages and listening
        for page in pages:
            page.parcels()
            await page.take(0.001)
        hub.publish([TOPIC, "incident:7"])
        await quiet(rooms)
        assert len(web.asked) == 2
        assert (web.asked[1].incident, len(web.asked[1].readers)) == (42, 200)
        assert web.asked[1].readers[4] == (2, "session of 2")
        for number, page in enumerate(pages):
            assert lines(page) == [["<li>acts</li>"], ["<li>looks</li>"], []][number % 3]
            # Who may not see it hears the topic, as ever; the others need not ask.
            assert await page.take(0.001) == (["incident:42:log", "incident:7"] if number % 3 == 2 else ["incident:7"])

    go(test)


@pytest.mark.parametrize("since", ["", "soon", "0001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_page_that_does_not_say_when_it_was_drawn_is_told_to_ask(since: str) -> None:
    async def test(hub: Hub, rooms: Rooms, web: Web) -> None:
        page = reads(hub, rooms, 1, since)
        await quiet(rooms)
        assert await page.take(0.01) == [TOPIC] and not lines(page)
        assert all(UNTIL - asked.since < timedelta(hours=1) for asked in web.asked)

    go(test)


def test_what_comes_while_one_asks_is_asked_for_together() -> None:
    async def test(hub: Hub, rooms: Rooms, web: Web) -> None:
        page = reads(hub, rooms, 1)
        await quiet(rooms)
        web.may_answer.clear()
        for _ in range(50):
            hub.publish([TOPIC])
            await asyncio.sleep(0)
        web.may_answer.set()
        await quiet(rooms)
        assert len(web.asked) == 3
        assert web.asked[0].since == DRAWN
        assert web.asked[2].since == UNTIL.isoformat()
        assert lines(page)

    go(test)


def test_while_the_web_process_is_away_each_asks_for_itself() -> None:
    async def test(hub: Hub, rooms: Rooms, web: Web) -> None:
        web.away = True
        page = reads(hub, rooms, 1)
        await quiet(rooms)
        assert await page.take(1) == [TOPIC]
        hub.publish([TOPIC])
        await quiet(rooms)
        assert await page.take(1) == [TOPIC]
        assert lines(page) == []

    go(test)


def test_who_takes_nothing_is_told_to_ask_and_who_leaves_is_forgotten() -> None:
    async def test(hub: Hub, rooms: Rooms, web: Web) -> None:
        page, odd = reads(hub, rooms, 1), reads(hub, rooms, 1, since="yesterday")
        for _ in range(40):
            hub.publish([TOPIC])
            await quiet(rooms)
        assert await page.take(1) == [TOPIC]
        assert len(lines(page)) <= 20
        assert await odd.take(1) == [TOPIC]
        for each in (page, odd):
            rooms.leave(42, each)
        asked = len(web.asked)
        hub.publish([TOPIC])
        await quiet(rooms)
        assert len(web.asked) == asked
        assert not rooms._rooms

    go(test)


def test_only_a_gate_asks() -> None:
    asked = tokens.Asked(42, DRAWN, [(1, "abc")])
    assert tokens.read_ask(tokens.ask(asked)) == asked
    for wrong in ("", "x.y", tokens.token(1, ["*"]), tokens.ask(asked)[:-2]):
        with pytest.raises(NotAllowed):
            tokens.read_ask(wrong)
