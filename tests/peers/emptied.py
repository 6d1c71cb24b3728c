"""Emptying a database after a test that committed: only tables in which something is.

Django's own way truncates every table there is and then makes all content types and permissions again, which takes far longer
than most tests.
"""

from __future__ import annotations

from functools import cache

from django.db import connections, transaction
from django.test import TransactionTestCase

_KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # what migrating makes, and tests only read


def instead_of_flushing() -> None:
    """From now on Django's test cases empty their databases in this way."""
    TransactionTestCase._fixture_teardown = _fixture_teardown  # type: ignore[attr-defined]


def _fixture_teardown(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(alias)


def empty(alias: str) -> None:
    """Delete every row. Foreign keys are looked at when that commits, so the order does not matter."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_filled(alias))
        for (table,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{table}"')


@cache
def _filled(alias: str) -> str:
    """The query that names the tables with rows."""
    tables = set(connections[alias].introspection.django_table_names(only_existing=True, include_views=False)) - _KEPT
    return " UNION ALL ".join(f"SELECT '{each}' WHERE EXISTS (SELECT 1 FROM \"{each}\")" for each in sorted(tables))
