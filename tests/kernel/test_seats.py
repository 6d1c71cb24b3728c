"""Threads of one kind of work: no more is claimed than there are seats for, and a slow one holds up only its own kind."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from watchroom.kernel.duty import one_by_one
from watchroom.kernel.seats import Seats


def test_no_more_is_claimed_than_there_are_seats_for() -> None:
    seats, answers, done = Seats[int]("slow", threads=1, queued=2), Event(), list[int]()
    asked: list[int] = []
    numbers = iter(range(10))

    def claim(free: int) -> Iterator[int]:
        asked.append(free)
        return (next(numbers) for _ in range(free))

    def work(number: int) -> None:
        assert answers.wait(30)
        done.append(number)

    assert seats.fill(claim, work) == 2 and seats.taken() == [0, 1]
    assert seats.fill(claim, work) == 0 and asked == [2]  # both are taken: nothing is held that nobody can work on
    answers.set()
    seats.wait(30)
    assert done == [0, 1] and seats.taken() == []
    assert seats.fill(claim, work, most=1) == 1 and asked == [2, 1]
    seats.wait(30)
    assert done == [0, 1, 2]


def test_what_goes_wrong_frees_its_seat() -> None:
    seats = Seats[int]("broken", threads=1, queued=1)

    def work(number: int) -> None:
        raise ValueError(number)

    assert seats.fill(lambda free: range(free), work) == 1
    seats.wait(30)
    assert seats.taken() == [] and seats.fill(lambda free: range(free), work) == 1


def test_one_piece_after_the_other_until_none_is_left_or_enough_are_done() -> None:
    left = [1, 2, 3]
    work = one_by_one(lambda: left.pop() if left else None, most=2)
    assert work() == 2 and work() == 1 and work() == 0
