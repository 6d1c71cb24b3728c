"""What Django does anew for each statement and each row, done at once, for what happens hundreds of times a second.

A statement that is ready goes to the driver as it is, and a row that has been read becomes an instance in one step. Where somebody
looks on (a test that captures queries, a wrapper around statements, a signal of a model), Django's own way is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init


def carry_out(here: Any, sql: str, given: Sequence[Any], *, many: bool = False, rows: bool = False) -> list[Any]:
    """Carry out ``sql`` by this thread's connection ``here``: once for ``given``, or (``many``) for each of them. ``rows``: it
    returns some, and so does this.

    What ``connection.cursor()`` does without its three layers of wrapping: its checks of the connection and of the
    transaction, and its errors.
    """
    if here.queries_logged or here.execute_wrappers:
        with here.cursor() as cursor:
            (cursor.executemany if many else cursor.execute)(sql, given)
            return list(cursor.fetchall()) if rows else []
    here.close_if_health_check_failed()
    here.ensure_connection()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors:
        cursor = here.create_cursor()
        (cursor.executemany if many else cursor.execute)(sql, given)
        return list(cursor.fetchall()) if rows else []


class Maker:
    """Makes instances of ``model`` of what has been read of it. It stands where Django has the model itself."""

    def __init__(self, model: type[Model]) -> None:
        self.from_db: Callable[[str, Sequence[str], Sequence[Any]], Model] = model.from_db
        self.model = model
        if _is_plain(model):
            self.from_db = self._quick

    def _quick(self, alias: str, names: Sequence[str], values: Sequence[Any]) -> Model:
        """``Model.from_db`` for what is no more than its columns. Those that were left out are read when they are asked for,
        as always."""
        one = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = False, alias
        held = one.__dict__
        held["_state"] = state
        held.update(zip(names, values, strict=True))
        return one


def _is_plain(model: type[Model]) -> bool:
    """Whether an instance of it is its columns and nothing else: no class of ours, no signal, no field has a hand in making it."""
    return (
        model.__init__ is Model.__init__
        and getattr(model.from_db, "__func__", None) is getattr(Model.from_db, "__func__", None)
        and not pre_init.has_listeners(model)
        and not post_init.has_listeners(model)
        and all(_descriptor(model, column.attname) in _PLAIN for column in model._meta.concrete_fields)
    )


_PLAIN = {DeferredAttribute, ForeignKeyDeferredAttribute}


def _descriptor(model: type[Model], name: str) -> type:
    return type(next(vars(each)[name] for each in model.__mro__ if name in vars(each)))
