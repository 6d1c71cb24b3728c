"""Questions that are asked many times a second, put into SQL once.

Django builds the SQL of a query anew each time that it is asked, which takes several times as long as the database takes to
answer. Here it is built once for each form of a question; after that only its values are put in. How the answer becomes instances is
worked out once as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

import msgspec
from django.db import connections
from django.db.models import JSONField, Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.utils import create_namedtuple_class
from django.db.transaction import TransactionManagementError

from .quick import Maker, carry_out

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
        rows: Any = make(*arguments, **fixed)
        if vars(rows)["_prefetch_related_lookups"]:
            raise TypeError(f"{make.__qualname__}: what rows point to is read by attach()")
        self.alias = rows.db
        compiler = rows.query.get_compiler(self.alias)
        self.sql, given = compiler.as_sql()
        self.locks = rows.query.select_for_update
        self._made = self._maker(make, rows, compiler)
        columns = [selected[0] for selected in compiler.select]
        self.width = len(columns)
        # The same for every connection: what they need of one is given to them with each value.
        self.converters = [
            (at, [_of_column(convert) for convert in converters], expression)
            for at, (converters, expression) in compiler.get_converters(columns).items()
        ]
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

    def _maker(self, make: Callable[..., Any], rows: Any, compiler: Any) -> Callable[[Sequence[Any]], list[Any]]:
        """What makes of the database's rows what ``make`` asks for."""
        if rows._iterable_class is ValuesListIterable:
            return lambda found: [tuple(row) for row in found]
        if rows._iterable_class is FlatValuesListIterable:
            return lambda found: [row[0] for row in found]
        if rows._iterable_class is NamedValuesListIterable:
            named: Any = create_namedtuple_class(*rows._fields)
            return lambda found: [named._make(row) for row in found]
        if rows._iterable_class is not ModelIterable or rows._known_related_objects:
            raise TypeError(f"{make.__qualname__}: a prepared question gives instances or values_list()")
        about, select = compiler.klass_info, compiler.select
        self.make, fields = Maker(about["model"]), about["select_fields"]
        self.begin, self.end = fields[0], fields[-1] + 1
        self.names = [selected[0].target.attname for selected in select[self.begin : self.end]]
        self.related = get_related_populators(about, select, self.alias)  # type: ignore[call-arg]  # that of 6.1
        _quickly(self.related)
        self.annotations = list((compiler.annotation_col_map or {}).items())
        return self._instances

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
        return self._made(self._converted(carry_out(connection, self.sql, given, rows=True), connection))

    def _converted(self, found: Sequence[Sequence[Any]], connection: Any) -> Sequence[Any]:
        """What the database gives, as Python has it: what Django's compilers do with each row, column by column."""
        columns: list[Any] = list(zip(*found, strict=True))[: self.width]
        if not columns:
            return []
        for at, converters, expression in self.converters:
            for convert in converters:
                columns[at] = convert(columns[at], expression, connection)
        return list(zip(*columns, strict=True))

    def _instances(self, rows: Sequence[Any]) -> list[Any]:
        """As Django's ``ModelIterable`` makes them."""
        made, make = [], self.make.from_db
        for row in rows:
            one: Any = make(self.alias, self.names, row[self.begin : self.end])
            for related in self.related:
                related.populate(row, one)
            for name, at in self.annotations:
                setattr(one, name, row[at])
            made.append(one)
        return made


def _quickly(related: Sequence[Any]) -> None:
    """Have what is read along made in the same way."""
    for each in related:
        each.model_cls = Maker(each.model_cls)
        _quickly(each.related_populators)


def _of_column(convert: Any) -> Callable[[Sequence[Any], Any, Any], Sequence[Any]]:
    """``convert`` for all values of a column. JSON is read by msgspec: it takes a tenth of the time. What msgspec does not take
    (``NaN``, half of a surrogate pair), and what is no text, is left to Django."""

    def each(values: Sequence[Any], expression: Any, connection: Any) -> Sequence[Any]:
        return [convert(value, expression, connection) for value in values]

    if getattr(convert, "__func__", None) is not JSONField.from_db_value or convert.__self__.decoder is not None:
        return each

    def decoded(value: Any, expression: Any, connection: Any) -> Any:
        try:
            return msgspec.json.decode(value) if type(value) is str else convert(value, expression, connection)
        except msgspec.DecodeError:
            return convert(value, expression, connection)

    def all_decoded(values: Sequence[Any], expression: Any, connection: Any) -> Sequence[Any]:
        try:
            if {*map(type, values)} == {str}:
                return [*map(msgspec.json.decode, values)]
        except msgspec.DecodeError:
            pass  # one of them: which one it is does not matter
        return [decoded(value, expression, connection) for value in values]

    return all_decoded


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
