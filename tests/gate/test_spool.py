"""What many senders send at once is durable in the spool, and comes into the journal once, whatever happens between."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories
from watchroom.intake import journal
from watchroom.intake.gate import sqlite
from watchroom.intake.gate.database import Refused, Signal, Unavailable
from watchroom.intake.gate.spool import Spool
from watchroom.intake.gate.sqlite import SPOOL_SIGNALS, SQLite
from watchroom.intake.models import Inbox
from watchroom.intake.models import Signal as Stored
from watchroom.kernel.settings import current

PAYLOADS = st.lists(st.binary(max_size=300), min_size=1, max_size=6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


# --- The file ---


def test_what_a_crash_leaves_is_given_to_the_next(path: Path) -> None:
    spool = Spool(path)
    assert spool.open(taken=7) == []
    assert spool.generation is None  # nothing is written yet, and so nothing has to be remembered
    for payload in (b"one", b"", b"three"):
        spool.append(payload)
    generation = spool.generation
    assert generation not in (None, 7)
    spool.close()  # it has not been taken: it stays
    again = Spool(path)
    assert again.open(taken=7) == [b"one", b"", b"three"]
    assert again.generation == generation
    again.append(b"four")
    again.close()
    assert Spool(path).open(taken=7) == [b"one", b"", b"three", b"four"]
    assert path.stat().st_mode & 0o777 == 0o600  # bodies are nobody else's business


def test_what_has_been_taken_is_not_given_again(path: Path) -> None:
    spool = Spool(path)
    spool.open(taken=0)
    spool.append(b"a long payload, which the next does not cover")
    spool.append(b"another one")
    taken = spool.generation
    assert taken is not None
    spool.taken()
    spool.append(b"new")  # over the first
    left = path.read_bytes()
    spool.close()
    path.write_bytes(left)
    next_one = Spool(path)
    assert next_one.open(taken) == [b"new"]
    taken = next_one.generation
    assert taken is not None
    next_one.taken()
    next_one.close()
    assert path.read_bytes() == b""  # nobody has to know what was taken
    path.write_bytes(left)
    assert Spool(path).open(taken) == []


def test_one_has_it_at_a_time(path: Path) -> None:
    one, other = Spool(path), Spool(path)
    assert one.open(0) == []
    assert other.open(0) is None and not other.is_open
    one.close()
    assert other.open(0) == [] and other.is_open
    path.unlink()
    assert not other.is_open


@given(payloads=PAYLOADS, before=PAYLOADS, cut=st.integers(0, 2_000), flipped=st.integers(0, 15_999))
def test_what_is_half_written_is_left_out(payloads: list[bytes], before: list[bytes], cut: int, flipped: int) -> None:
    """Whatever is cut off or damaged, what is given is the beginning of what was written, and ends before the damage."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "spool"
        spool = Spool(path)
        spool.open(0)
        for payload in before:  # an older generation, which may be longer
            spool.append(payload)
        older = spool.generation
        assert older is not None
        spool.taken()
        for payload in payloads:
            spool.append(payload)
        content = bytearray(path.read_bytes())
        spool.close()
        ends = [sum(len(each) + 16 for each in payloads[: n + 1]) for n in range(len(payloads))]
        cut = min(cut, len(content))
        place = flipped // 8 % len(content)
        content[place] ^= 1 << flipped % 8
        path.write_bytes(content[:cut])
        whole = [payload for payload, end in zip(payloads, ends, strict=True) if end <= min(cut, place)]
        found = Spool(path).open(older)
        assert found is not None
        untouched = [payload for payload, end in zip(payloads, ends, strict=True) if end <= cut]
        assert found == whole or (place >= cut and found == untouched)


# --- The journal behind it ---


def signals(of: int, *bodies: bytes) -> list[Signal]:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return [Signal(of, at, "/p", "q=1", "text/plain", "{}", body, "192.0.2.1", False, "[]") for body in bodies]


def many(of: int, name: str, count: int = 6) -> list[Signal]:
    return signals(of, *(f"{name}{number}".encode() for number in range(count)))


def stored() -> list[bytes]:
    rows = Stored.objects.order_by("integration_id", "number").values_list("number", "body")
    return [bytes(body) for _, body in rows]


def bodies(*batches: list[Signal]) -> list[bytes]:
    return [signal.body for batch in batches for signal in batch]


Gates = Callable[[], SQLite]


@pytest.fixture
def gates(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gates]:
    made: list[SQLite] = []
    monkeypatch.setattr(sqlite, "SPOOL_SECONDS", 600.0)  # how fast the disk is shall not matter here
    monkeypatch.setattr(sqlite, "_LOOK_AGAIN_SECONDS", 0.0)

    def make() -> SQLite:
        made.append(SQLite(current().sqlite_path, current().journal_path))
        return made[-1]

    yield make
    for each in made:
        each.close()
    for each in current().journal_path.parent.glob("*-spool*"):
        each.unlink()


def spool_file() -> Path:
    return current().journal_path.with_name(f"{current().journal_path.name}-spool")


@pytest.mark.sqlite_only
def test_many_wait_in_the_spool_and_few_with_them(gates: Gates) -> None:
    one = factories.integration().pk
    gate = gates()
    alone, first, second, last = signals(one, b"alone"), many(one, "a"), many(one, "b"), signals(one, b"last")
    gate.insert(alone)  # straight into the journal
    assert stored() == bodies(alone)
    gate.insert(first)
    gate.insert(second)
    gate.insert(last)  # one that comes in a stream waits behind those that came before it
    assert stored() == bodies(alone)
    gate.settle()
    assert stored() == bodies(alone, first, second, last)
    assert list(Stored.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 15))
    gate.insert(first)
    gate.settle()
    gate.settle()
    assert stored() == bodies(alone, first, second, last, first)
    row = Stored.objects.get(number=2)
    assert (row.path, row.query, row.content_type, row.remote) == ("/p", "q=1", "text/plain", "192.0.2.1")
    assert (row.received_at, row.headers, row.refused, row.problems) == (first[0].received_at, {}, False, [])


@pytest.mark.sqlite_only
def test_the_spool_is_bounded(gates: Gates) -> None:
    one = factories.integration().pk
    gate = gates()
    for number in range(SPOOL_SIGNALS // 100 + 2):
        gate.insert(many(one, f"{number}-", 100))
    assert Inbox.objects.get(pk=one).stored >= SPOOL_SIGNALS
    before = Stored.objects.count()
    gate.insert(signals(one, *[b"x" * 300_000] * 4))  # nor does what is large lie there
    assert Stored.objects.count() > before


@pytest.mark.sqlite_only
def test_a_gate_that_is_killed_has_lost_nothing(gates: Gates) -> None:
    one = factories.integration().pk
    killed = gates()
    batches = [many(one, "a"), many(one, "b")]
    for batch in batches:
        killed.insert(batch)
    killed.close()  # as a kill does it: nothing is settled
    assert stored() == []
    next_one = gates()
    next_one.insert(many(one, "c"))
    next_one.settle()
    assert stored() == bodies(*batches, many(one, "c"))
    next_one.close()
    third = gates()
    third.settle()
    assert len(stored()) == 18


@pytest.mark.sqlite_only
def test_a_kill_between_the_journal_and_the_spool_stores_nothing_twice(gates: Gates) -> None:
    one = factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a"))
    kept = spool_file().read_bytes()
    gate.settle()
    gate.close()
    spool_file().write_bytes(kept)  # as it was when the journal had just been committed
    again = gates()
    again.settle()
    assert stored() == bodies(many(one, "a"))
    again.insert(many(one, "b"))
    again.settle()
    assert stored() == bodies(many(one, "a"), many(one, "b"))


@pytest.mark.sqlite_only
def test_while_the_journal_is_away_nothing_more_is_accepted_and_nothing_lost(gates: Gates) -> None:
    one = factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a"))
    path = current().journal_path
    away = path.with_name("away")
    path.rename(away)
    try:
        with pytest.raises(Unavailable):
            gate.settle()
        with pytest.raises(Unavailable):
            gate.insert(many(one, "refused"))
    finally:
        away.rename(path)
    gate.insert(many(one, "b"))
    gate.settle()
    assert stored() == bodies(many(one, "a"), many(one, "b"))


@pytest.mark.sqlite_only
def test_a_spool_that_is_taken_away_or_full_costs_nothing(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    one = factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a"))
    spool_file().unlink()
    gate.insert(many(one, "b"))
    gate.settle()
    assert stored() == bodies(many(one, "a"), many(one, "b"))

    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        gate.insert(many(one, "c"))  # straight into the journal
    assert stored() == bodies(many(one, "a"), many(one, "b"), many(one, "c"))


@pytest.mark.sqlite_only
def test_a_second_gate_does_without_it_until_the_first_is_gone(gates: Gates) -> None:
    one = factories.integration().pk
    first, second = gates(), gates()
    first.insert(many(one, "a"))
    assert first.settle()
    first.insert(many(one, "b"))
    second.insert(many(one, "c"))
    assert not second.settle()  # it has to look again
    assert stored() == bodies(many(one, "a"), many(one, "c"))
    first.close()  # killed, and nothing is sent any more
    assert second.settle()
    assert stored() == bodies(many(one, "a"), many(one, "c"), many(one, "b"))


@pytest.mark.sqlite_only
def test_what_a_kill_has_left_comes_before_the_next_signal(gates: Gates) -> None:
    one = factories.integration().pk
    first, second = gates(), gates()
    first.insert(many(one, "a"))
    first.close()
    second.insert(signals(one, b"resolved"))
    assert stored() == [*bodies(many(one, "a")), b"resolved"]


@pytest.mark.sqlite_only
def test_what_was_deleted_meanwhile_costs_the_others_nothing(gates: Gates) -> None:
    one, other = factories.integration().pk, factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a") + many(other, "b"))
    journal.forget(other)
    gate.insert(signals(other, b"too late"))
    gate.insert(signals(one, b"last"))
    gate.settle()
    assert stored() == [*bodies(many(one, "a")), b"last"]
    with pytest.raises(Refused):  # now that it is known, its senders are told
        gate.insert(many(other, "c"))


@pytest.mark.sqlite_only
def test_what_the_journal_never_takes_holds_up_nobody(gates: Gates) -> None:
    one = factories.integration().pk
    gate = gates()
    broken = [signal._replace(headers="no JSON") if n == 2 else signal for n, signal in enumerate(many(one, "a"))]
    gate.insert(broken)
    gate.insert(signals(one, b"last"))
    gate.settle()
    assert stored() == [b"a0", b"a1", b"a3", b"a4", b"a5", b"last"]
    assert list(Stored.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Inbox.objects.get(pk=one).stored == 6
    (kept,) = spool_file().parent.glob("*.unfit")
    assert b"no JSON" in kept.read_bytes()


@pytest.mark.sqlite_only
def test_a_commit_whose_answer_got_lost_is_not_done_again(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    one = factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a"))

    opened = sqlite.File.open

    class Unsure:
        def __init__(self, connection: sqlite3.Connection) -> None:
            self.connection = connection

        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            done = self.connection.execute(statement, *values)  # type: ignore[arg-type]
            if statement == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return done

    with monkeypatch.context() as patch:
        patch.setattr(sqlite.File, "open", lambda file: Unsure(opened(file)))
        with pytest.raises(Unavailable):
            gate.settle()
    gate.insert(many(one, "b"))
    gate.settle()
    assert stored() == bodies(many(one, "a"), many(one, "b"))


@pytest.mark.sqlite_only
def test_what_cannot_be_read_is_kept_and_can_be_put_back(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    one = factories.integration().pk
    left = gates()
    left.insert(many(one, "a"))
    left.close()

    def other_version(*arguments: object, **named: object) -> None:
        raise msgspec.ValidationError("of another version")

    gate = gates()
    with monkeypatch.context() as patch:
        patch.setattr(msgspec.msgpack, "decode", other_version)
        gate.insert(many(one, "b"))
    gate.insert(many(one, "c"))
    gate.settle()
    gate.close()
    assert stored() == bodies(many(one, "b"), many(one, "c"))
    (aside,) = spool_file().parent.glob("*-spool.*")
    aside.rename(spool_file())  # by the version that can read it
    again = gates()
    again.settle()
    assert stored() == bodies(many(one, "b"), many(one, "c"), many(one, "a"))


@pytest.mark.sqlite_only
def test_a_spool_that_cannot_be_opened_is_said_and_costs_nothing(gates: Gates) -> None:
    one = factories.integration().pk
    spool_file().mkdir()
    try:
        gate = gates()
        gate.insert(many(one, "a"))
        assert stored() == bodies(many(one, "a"))
        with pytest.raises(Unavailable):
            gate.settle()
    finally:
        spool_file().rmdir()
    gate.insert(many(one, "b"))
    assert gate.settle()
    assert stored() == bodies(many(one, "a"), many(one, "b"))


@pytest.mark.sqlite_only
def test_a_backup_of_what_is_stopped_holds_what_a_kill_has_left(gates: Gates, tmp_path: Path) -> None:
    from watchroom.serving import backup

    one = factories.integration().pk
    gate = gates()
    gate.insert(many(one, "a"))
    gate.close()
    made = backup.make(tmp_path / "backups")
    assert stored() == bodies(many(one, "a"))
    assert backup.check(made).database == "sqlite"
    shutil.rmtree(made)
