"""From one wake to everyone who listens. Nobody's slowness costs the others anything."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from ..kernel import clock

EVERYTHING = "*"  # the topic that means: whatever you show may have changed
_PENDING_LIMIT = 100
_PARCELS_LIMIT = 20
_REMEMBER, _REMEMBER_LIMIT = timedelta(seconds=30), 1_000  # wakes, for pages that were drawn before they came to listen


class Subscriber:
    """One open page. Topics that it has not taken yet are kept once each; too many become :data:`EVERYTHING`."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.exact = frozenset(topic for topic in topics if not topic.endswith("*"))
        self.prefixes = frozenset(topic[:-1] for topic in topics if topic.endswith("*"))
        self.carried = ""  # the topic whose contents come as parcels, so that it is not to be heard besides
        self._pending: set[str] = set()
        self._parcels: list[bytes] = []
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the stream is to end."""
        return self._closed

    def wants(self, topic: str) -> bool:
        """Whether it listens to a topic."""
        return topic == EVERYTHING or topic in self.exact or any(topic.startswith(prefix) for prefix in self.prefixes)

    def add(self, topic: str, *, anyway: bool = False) -> None:
        """Let it hear a topic; ``anyway``: also the one whose contents it is sent."""
        if topic == self.carried and not anyway:
            return
        if EVERYTHING not in self._pending:
            self._pending.add(topic)
            if topic == EVERYTHING or len(self._pending) > _PENDING_LIMIT:
                self._pending = {EVERYTHING}
        self._changed.set()

    def hand(self, parcel: bytes) -> bool:
        """Let it have a whole event. False: it takes too little of what it is given, and is better told to ask."""
        if len(self._parcels) >= _PARCELS_LIMIT:
            self._parcels.clear()
            return False
        self._parcels.append(parcel)
        self._changed.set()
        return True

    def parcels(self) -> list[bytes]:
        """The whole events that have come, once."""
        given, self._parcels = self._parcels, []
        return given

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def take(self, timeout_seconds: float) -> list[str]:
        """The topics that have come; empty when none came in time, or it was closed."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_seconds)
        except TimeoutError:
            return []
        topics = sorted(self._pending)
        self._pending.clear()
        if not self._closed:
            self._changed.clear()
        return topics


class Full(Exception):
    """As many listen as may listen."""


class Hub:
    """All who listen in this process."""

    def __init__(self, limit: int = 2_000) -> None:
        self._limit = limit
        self._all: set[Subscriber] = set()
        self._exact: dict[str, set[Subscriber]] = {}
        self._prefixes: dict[str, set[Subscriber]] = {}
        self._recent: deque[tuple[datetime, frozenset[str]]] = deque()
        self._forgot_at = datetime.min.replace(tzinfo=UTC)  # wakes up to then are not remembered, for want of room
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._all)

    def on_wake(self, call: Callable[[frozenset[str]], None]) -> None:
        """Have ``call(topics)`` called at every wake."""
        self._listeners.append(call)

    def subscribe(self, topics: frozenset[str]) -> Subscriber:
        """Start to listen.

        :raises Full: come back later.
        """
        if self._closed or len(self._all) >= self._limit:
            raise Full
        subscriber = Subscriber(topics)
        self._all.add(subscriber)
        for topic in subscriber.exact:
            self._exact.setdefault(topic, set()).add(subscriber)
        for prefix in subscriber.prefixes:
            self._prefixes.setdefault(prefix, set()).add(subscriber)
        return subscriber

    def catch_up(self, subscriber: Subscriber, since: datetime) -> None:
        """Let it hear what moved between ``since``, when its page was begun, and now that it listens. Of what is longer ago
        than half a minute nothing: a page that comes back re-reads everything by itself."""
        if clock.now() - _REMEMBER < since <= self._forgot_at:
            subscriber.add(EVERYTHING)
            return
        for at, topics in self._recent:
            if at >= since:
                for topic in filter(subscriber.wants, topics):
                    subscriber.add(topic)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._all.discard(subscriber)
        for index, names in ((self._exact, subscriber.exact), (self._prefixes, subscriber.prefixes)):
            for name in names:
                if (listening := index.get(name)) is not None:
                    listening.discard(subscriber)
                    if not listening:
                        del index[name]

    def publish(self, topics: Iterable[str]) -> None:
        """Tell everyone who listens to one of ``topics``."""
        topics = frozenset(topics)
        self._remember(topics)
        for topic in topics:
            if topic == EVERYTHING:
                for subscriber in self._all:
                    subscriber.add(EVERYTHING)
                continue
            for subscriber in self._exact.get(topic, ()):
                subscriber.add(topic)
            for prefix, listening in self._prefixes.items():
                if topic.startswith(prefix):
                    for subscriber in listening:
                        subscriber.add(topic)
        for call in self._listeners:
            call(topics)

    def _remember(self, topics: frozenset[str]) -> None:
        now = clock.now()
        self._recent.append((now, topics))
        while self._recent[0][0] <= now - _REMEMBER:
            self._recent.popleft()
        if len(self._recent) > _REMEMBER_LIMIT:
            self._forgot_at = self._recent.popleft()[0]

    def close(self) -> None:
        """End every stream, and take no more."""
        self._closed = True
        for subscriber in self._all:
            subscriber.close()
