"""Questions that are asked many times a second, put into SQL once.

Django builds the SQL of a query anew each time that it is asked, which takes several times as long as the database takes to
answer. Here it is built once for each form of a question; after that only its values are put in, and Django makes rows
of the answer as ever.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError

_MOST_FORMS = 500  # of one question; there are a dozen or two
_MOST_REPEATED = 8_192  # values of a collection; SQLite takes 32,766 in all

P = ParamSpec("P")
R = TypeVar("R")

# What stands for a value while the SQL is built. No value of ours is ever one of these.
_MARK = "\ufdd0"  # Unicode says that it is no character
_MARKS: dict[type, Callable[[int], Any]] = {
    int: lambda number: 2_147_000_000 + number,
    str: lambda number: f"{_MARK}{number}",
    datetime: lambda number: datetime(9000, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
}


def prepared(make: Callable[P, QuerySet[Any, R]]) -> Callable[P, list[R]]:
    """Ask the query that ``make`` builds. It is given stand-ins, so it may put its positional arguments into lookups, and
    do nothing else with them: numbers, texts and times as they are, collections of them behind ``__in``. All other
    arguments (whatever is named, and what is of another kind) are part of the question: each value has SQL of its own.

    A collection holds values of one kind. It may have any length; its last value is repeated up to the next power of two, so
    that there are few forms. Of an empty one nothing is asked: the answer is empty.

    :raises TypeError: an argument does not stand in the SQL as it is (behind ``contains``, say), values of a collection
        are of several kinds, or what ought to be an argument is part of the question, which gets new forms for ever; or it
        fetches more rows with its own, which is what :func:`attach` is for.
    """
    forms: dict[Any, _Form] = {}

    @functools.wraps(make)
    def ask(*given: P.args, **fixed: P.kwargs) -> list[R]:
        sizes: list[Any] = []
        values: list[Any] = []
        for each in given:
            if type(each) in _MARKS:
                sizes.append(type(each))
                values.append(each)
            elif isinstance(each, Collection) and not isinstance(each, str | bytes):
                if not each:
                    return []
                listed = list(each)
                kind, size = _kind_of(listed), _size_for(len(listed))
                sizes.append((kind, size))
                values += listed
                values += listed[-1:] * (size - len(listed))
            else:
                sizes.append((None, each))
        form = tuple(sizes), tuple(fixed.items())
        if form not in forms:
            if len(forms) >= _MOST_FORMS:
                raise TypeError(f"{make.__qualname__}: there are too many forms of it")
            forms[form] = _Form(make, sizes, fixed)
        return forms[form].ask(values)

    return ask


def _kind_of(listed: Sequence[Any]) -> type:
    kinds = {type(each) for each in listed}
    if len(kinds) > 1 or not kinds <= _MARKS.keys():
        raise TypeError(f"values of one kind are needed, not {sorted(kind.__name__ for kind in kinds)}")
    return kinds.pop()


def _size_for(count: int) -> int:
    return 1 << (count - 1).bit_length() if count <= _MOST_REPEATED else count


class _Form:
    """One form of a question: its SQL, and where its values stand in it."""

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], sizes: Sequence[Any], fixed: dict[str, Any]) -> None:
        marks: list[Any] = []
        arguments = [_stand_in(size, marks) for size in sizes]
        self.rows = make(*arguments, **fixed)
        if vars(self.rows)["_prefetch_related_lookups"]:
            raise TypeError(f"{make.__qualname__}: what rows point to is read by attach()")
        self.alias = self.rows.db
        self.compiler = self.rows.query.get_compiler(self.alias)
        self.sql, given = self.compiler.as_sql()
        self.compiler.connection = None  # it is this thread's, and may end with it
        self.locks = self.rows.query.select_for_update
        self.given = list(given)
        stored = connections[self.alias].ops.adapt_datetimefield_value
        numbers = {stored(mark) if isinstance(mark, datetime) else mark: number for number, mark in enumerate(marks)}
        self.places = [
            (at, numbers[each])
            for at, each in enumerate(self.given)
            if isinstance(each, int | str | datetime) and each in numbers
        ]
        half = [each for each in self.given if isinstance(each, str) and _MARK in each and each not in numbers]
        if half or len({number for _, number in self.places}) < len(marks):
            raise TypeError(f"{make.__qualname__}: each argument has to stand in the SQL as it is")

    def ask(self, values: Sequence[Any]) -> list[Any]:
        connection = connections[self.alias]
        if self.locks and not connection.in_atomic_block:  # Django looks only when it builds the SQL
            raise TransactionManagementError("Rows are locked inside of a transaction.")
        given = list(self.given)
        for at, number in self.places:
            value = values[number]
            if isinstance(value, datetime):
                given[at] = connection.ops.adapt_datetimefield_value(value)
            else:
                given[at] = type(given[at])(value)  # PostgreSQL's driver is told by the type how wide a number is
        compiler = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *_, **__: (self.sql, tuple(given))
        query = _As(self.rows.query, get_compiler=lambda *_, **__: compiler)
        asked: Any = _As(self.rows, query=query)
        return list(asked._iterable_class(asked))


def _stand_in(size: Any, marks: list[Any]) -> Any:
    if isinstance(size, type):
        marks.append(_MARKS[size](len(marks)))
        return marks[-1]
    kind, count = size
    if kind is None:
        return count
    new = [_MARKS[kind](len(marks) + number) for number in range(count)]
    marks += new
    return new


def attach(rows: Sequence[Model], name: str) -> list[Any]:
    """Read what these rows of one kind point to by the foreign key ``name``, each but once, and return it. What Django's
    ``prefetch_related`` does, which builds its question anew each time."""
    if not rows:
        return []
    key: Any = type(rows[0])._meta.get_field(name)
    numbers = {number for row in rows if (number := getattr(row, key.attname)) is not None}
    found = {each.pk: each for each in _numbered(numbers, of=key.related_model)}
    for row in rows:
        key.set_cached_value(row, found.get(getattr(row, key.attname)))
    return list(found.values())


@prepared
def _numbered(numbers: Collection[int], *, of: type[Model]) -> QuerySet[Model]:
    return of._base_manager.filter(pk__in=numbers).order_by()


class _As:
    """Something with some of its attributes replaced."""

    def __init__(self, real: Any, **replaced: Any) -> None:
        self.__dict__.update(replaced)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
