"""What differs between SQLite and PostgreSQL, and nothing else, is here."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from django.db import DatabaseError, DataError, OperationalError, connection, connections, models, transaction

from . import wake
from .errors import NotFound, Refused
from .quick import carry_out

M = TypeVar("M", bound=models.Model)
if TYPE_CHECKING:
    _Column = tuple[models.Field[Any, Any], str, type | None, Callable[[Any, Any], Any]]  # see ``_written``


JOURNAL = "journal"  # the alias of the database with the journal of signals, where it is one of its own


def is_postgresql() -> bool:
    """Whether the database is PostgreSQL; else it is SQLite."""
    return connection.vendor == "postgresql"


def has_journal() -> bool:
    """Whether the journal of signals is a database of its own."""
    return JOURNAL in connections


def announce(topics: Iterable[str]) -> None:
    """Wake whoever listens to ``topics``, once the current transaction has been committed (never if it is not)."""
    topics = set(topics)
    if topics & wake.FOR_ENGINES:
        transaction.on_commit(lambda: wake.tell_here(topics))
    if is_postgresql():
        # NOTIFY is itself transactional: PostgreSQL sends it at commit.
        with connection.cursor() as cursor:
            for payload in wake.pack(topics):
                cursor.execute("SELECT pg_notify(%s, %s)", [wake.CHANNEL, payload])
    else:
        transaction.on_commit(lambda: wake.send_datagrams(topics))


_PARAMETERS = 900  # of one statement: SQLite's oldest limit is 999


def insert_all(rows: Sequence[M], *, ignore_conflicts: bool = False) -> None:
    """Insert these new rows in a few statements, and give them their numbers (not with ``ignore_conflicts``). What Django's
    ``bulk_create`` does at three times the processor time; for rows that come by the hundred every second."""
    if not rows:
        return
    columns, foreign, head, key = _inserted(type(rows[0]))
    tail = " ON CONFLICT DO NOTHING" if ignore_conflicts else f" RETURNING {key}"
    size = _ROWS if is_postgresql() else _PARAMETERS // len(columns)
    here = connections[connection.alias]  # found once: ``connection`` looks for itself each time that it is named
    for at in range(0, len(rows), size):
        chunk = rows[at : at + size]
        for row in chunk:
            _number_others(row, foreign)
        values = [_values(row, columns, here) for row in chunk]
        if is_postgresql():
            sql, given = f"SELECT * FROM {_table([column for column, *_ in columns])}", _by_column(values)
        else:
            one = f"({', '.join(['%s'] * len(columns))})"
            sql, given = f"VALUES {', '.join([one] * len(chunk))}", [each for row in values for each in row]
        numbers = carry_out(here, head + sql + tail, given, rows=not ignore_conflicts)
        for row, (pk,) in zip(chunk, numbers, strict=not ignore_conflicts):
            row.pk, row._state.adding, row._state.db = pk, False, here.alias


_ROWS = 1_000  # of one statement on PostgreSQL


@cache
def _inserted(model: type[models.Model]) -> tuple[list[_Column], list[models.ForeignKey[Any, Any]], str, str]:
    """What is written of a new row, which of it names other rows, how its statement begins, and how its number is called:
    worked out once for each table."""
    meta, quote = model._meta, connection.ops.quote_name
    columns = [column for column in meta.concrete_fields if not column.primary_key]
    assert meta.pk is not None
    head = f"INSERT INTO {quote(meta.db_table)} ({', '.join(quote(str(column.column)) for column in columns)}) "
    foreign = [column for column in columns if isinstance(column, models.ForeignKey)]
    return list(map(_written, columns)), foreign, head, quote(str(meta.pk.column))


@cache
def _updated(model: type[models.Model], fields: tuple[str, ...]) -> list[_Column]:
    by_name = {column.name: column for column in model._meta.concrete_fields}
    return [_written(by_name[name]) for name in fields]


def _table(columns: Sequence[models.Field[Any, Any]]) -> str:
    """On PostgreSQL, rows as one parameter for each column: a statement with one for each value costs the driver more time
    to take apart than the server to carry out."""
    types = (str(column.rel_db_type(connection) or "").partition("(")[0] for column in columns)
    return f"unnest({', '.join(f'%s::{each}[]' for each in types)})"


def _by_column(values: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*values, strict=True)]


# Django's own fields of which a value of Python's is one of the database's as it stands, and of what kind that is.
_AS_IT_IS = {models.CharField: str, models.TextField: str, models.IntegerField: int, models.BooleanField: bool}


def _written(column: models.Field[Any, Any]) -> _Column:
    """A column, its name on an instance, of what kind a value is that the database takes as it stands, and how any other is
    given to it: what Django does, without asking anew for each value what can't be otherwise."""
    target = column.target_field if isinstance(column, models.ForeignKey) else column
    kind = next((kind for field, kind in _AS_IT_IS.items() if isinstance(target, field)), None)
    prepare = type(column).get_db_prep_save  # its class's: past what ``kernel/columns.py`` looks at
    if kind is not None and target.get_internal_type() == type(target).__name__:
        return column, column.attname, kind, lambda value, here: prepare(column, value, here)
    if type(target) is models.DateTimeField:
        return (
            column,
            column.attname,
            None,
            lambda value, here: (
                here.ops.adapt_datetimefield_value(value) if type(value) is datetime else prepare(column, value, here)
            ),
        )
    return column, column.attname, None, lambda value, here: prepare(column, value, here)


def _values(row: models.Model, columns: Sequence[_Column], here: Any) -> list[Any]:
    """What a row has in these columns, as the database takes it. Nothing is nothing in all of them."""
    held = row.__dict__  # past what looks whether a column was left out when the row was read
    return [
        value if (value := held[name]) is None or type(value) is kind else write(value, here)
        for _, name, kind, write in columns
    ]


def _number_others(row: models.Model, foreign: Sequence[models.ForeignKey[Any, Any]]) -> None:
    """Where a row names another one that has got its number only since, it learns it."""
    for column in foreign:
        if row.__dict__[column.attname] is None and column.is_cached(row):
            other = column.get_cached_value(row)
            setattr(row, column.attname, None if other is None else other.pk)


def update_each(rows: Sequence[M], fields: Sequence[str]) -> None:
    """Write these fields of each of these rows, which the caller has locked, in one go. Django's ``bulk_update`` builds one
    large statement instead, which costs ten times as much processor time."""
    if not rows:
        return
    meta, quote = type(rows[0])._meta, connection.ops.quote_name
    here = connections[connection.alias]
    written = _updated(type(rows[0]), tuple(fields))
    columns = [column for column, *_ in written]
    values = [[*_values(row, written, here), row.pk] for row in rows]
    assert meta.pk is not None
    names, key = [quote(str(column.column)) for column in columns], quote(str(meta.pk.column))
    head = f"UPDATE {quote(meta.db_table)} SET "
    if is_postgresql():
        new = f"AS new({', '.join(f'c{n}' for n in range(len(columns)))}, pk)"
        stated = ", ".join(f"{name} = new.c{n}" for n, name in enumerate(names))
        found = f"FROM {_table([*columns, meta.pk])} {new} WHERE {quote(meta.db_table)}.{key} = new.pk"
        carry_out(here, f"{head}{stated} {found}", _by_column(values))
    else:
        stated = ", ".join(f"{name} = %s" for name in names)
        carry_out(here, f"{head}{stated} WHERE {key} = %s", values, many=True)


@contextmanager
def alone(waiting: Callable[[], None]) -> Iterator[None]:
    """Only one process is in here at a time, on whatever node; who has to wait for it calls ``waiting`` once. It is free again
    when its process ends, however it ends.

    The lock is asked for again and again: a statement that waits for one would be waited for by an index that is built beside
    the writers (https://www.postgresql.org/docs/current/sql-createindex.html, CONCURRENTLY).
    """
    if is_postgresql():
        with connection.cursor() as cursor:
            take = partial(_answer, cursor, f"SELECT pg_try_advisory_lock({_ALONE})")
            give_back = partial(_answer, cursor, f"SELECT pg_advisory_unlock({_ALONE})")
            yield from _held(take, give_back, waiting)
    else:
        with Path(f"{connection.settings_dict['NAME']}.alone").open("w") as file:
            yield from _held(lambda: _taken(file), lambda: True, waiting)


_ALONE = 0x5741_5443_4852  # any number, but always the same
_LOOK_SECONDS = 0.2


def _held(take: Callable[[], bool], give_back: Callable[[], bool], waiting: Callable[[], None]) -> Iterator[None]:
    if not take():
        waiting()
        while not take():
            time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a connection that was lost has given it back
            give_back()


def _answer(cursor: Any, question: str) -> bool:
    cursor.execute(question)
    return bool(cursor.fetchone()[0])


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def locked(rows: models.QuerySet[M], *, no_key: bool = False) -> models.QuerySet[M]:
    """``rows``, locked until the transaction ends (SQLite has one writer, and its transactions begin IMMEDIATE). ``no_key``:
    meanwhile others may still write rows that point to them."""
    return rows.select_for_update(of=("self",), no_key=no_key) if is_postgresql() else rows


def claimable(rows: models.QuerySet[M], *, no_key: bool = False) -> models.QuerySet[M]:
    """``rows`` that no other engine holds at this moment, locked for us until the transaction ends. ``no_key``: meanwhile
    others may still write rows that point to them."""
    return rows.select_for_update(of=("self",), skip_locked=True, no_key=no_key) if is_postgresql() else rows


def lease(due: models.QuerySet[M], most: int, until: datetime, field: str = "due_at") -> list[M]:
    """Take up to ``most`` of the rows that are ``due``, the longest due first, for one more of their ``tries``. Until ``until`` nobody
    else takes them; should whoever has them go without a word, they are due again then (``field``)."""
    with transaction.atomic():
        rows = list(claimable(due.order_by(field, "id"))[:most])
        for row in rows:
            row.tries += 1  # type: ignore[attr-defined]
            setattr(row, field, until)
        due.model._default_manager.bulk_update(rows, ["tries", field])
    return rows


def configuration(database_url: str, sqlite_path: Path, journal_path: Path) -> dict[str, dict[str, Any]]:
    """Django's databases for a ``DATABASE_URL`` (empty: SQLite in two files)."""
    if database_url.startswith("postgres"):
        from urllib.parse import parse_qsl, unquote, urlsplit

        parts = urlsplit(database_url)
        server = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": dict(parse_qsl(parts.query)),
        }
        return {"default": server}
    # What is looked at again and again is mapped into memory. A signal is read once, in the order of its coming: mapped, the
    # journal would count as memory of whoever reads it, as much as has come.
    return {
        "default": _sqlite(sqlite_path, cached_kb=32_000, mapped_bytes=2**28),
        JOURNAL: _sqlite(journal_path, cached_kb=8_000, mapped_bytes=0),
    }


def _sqlite(path: Path, *, cached_kb: int, mapped_bytes: int) -> dict[str, Any]:
    return {
        "ENGINE": "watchroom.kernel.sqlite",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # IMMEDIATE: a transaction that will write says so at its start, so it never fails half-way for a lock.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # Ours come in some hundreds of forms (so many rows, so many numbers); of the 128 that Python keeps by itself most had
            # to be taken apart again each time.
            "cached_statements": 1_000,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
            f"PRAGMA cache_size=-{cached_kb}; PRAGMA mmap_size={mapped_bytes}; PRAGMA temp_store=MEMORY;",
        },
    }


def beyond(error: Exception) -> NotFound | Refused | None:
    """What is to be said when a request asked for more than a database or the calendar has; None: the error is another one.

    A number larger than any column: there is nothing of that number. A time outside of the years 1 to 9999, also where it
    only gets there by another zone's clock or some hours more. A text to search for that is longer than SQLite's 50,000
    letters (https://www.sqlite.org/limits.html, SQLITE_MAX_LIKE_PATTERN_LENGTH).
    """
    said = str(error)
    if isinstance(error, DataError) and type(error.__cause__).__name__ == "NumericValueOutOfRange":
        return _no_such_number()
    if isinstance(error, OverflowError):
        return (
            _no_such_number()
            if "SQLite INTEGER" in said
            else Refused(
                "That is further away than the calendar goes.", fix="Use a time between the years 1900 and 9000."
            )
        )
    if isinstance(error, OperationalError) and "pattern too complex" in said:
        return Refused("That is too long to search for.", fix="Use some words of it.")
    return None


def _no_such_number() -> NotFound:
    return NotFound("There is nothing with so large a number.", fix="Use a number that Watchroom has given.")
