"""Threads of its own for one kind of work, so that a slow other side never takes a seat from anybody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from typing import Generic, TypeVar

from django.db import close_old_connections, connection

T = TypeVar("T")


class Seats(Generic[T]):
    """A seat is a thread, or a place in the queue behind it; ``queued``: how many seats each thread counts for."""

    def __init__(self, name: str, threads: int, queued: int = 2) -> None:
        self.name, self.threads, self.seats = name, threads, threads * queued
        self._running: dict[Future[None], T] = {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)

    def taken(self) -> list[T]:
        """What is being worked on, or waits for it."""
        self._running = {future: each for future, each in self._running.items() if not future.done()}
        return list(self._running.values())

    def fill(self, claim: Callable[[int], Iterable[T]], work: Callable[[T], object], most: int = 100) -> int:
        """Claim as much as there are free seats for, ``most`` at a time, and have it worked on. Returns how much that was.

        Inside a transaction of a test there is one connection only: then it is done here, one after the other.
        """
        inline = connection.in_atomic_block
        free = most if inline else min(most, self.seats - len(self.taken()))
        handed = 0
        for each in claim(free) if free > 0 else ():
            handed += 1
            if inline:
                work(each)
            else:
                self._running[self._pool.submit(self._work, work, each)] = each
        return handed

    @staticmethod
    def _work(work: Callable[[T], object], each: T) -> None:
        close_old_connections()
        work(each)

    def wait(self, seconds: float) -> None:
        """Until all that was taken is done, for so long at most."""
        wait(list(self._running), timeout=seconds)
