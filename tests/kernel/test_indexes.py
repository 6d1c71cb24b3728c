"""An index that was built by hand before the upgrade is left as it is."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.state import ProjectState
from django.db.models import Index

from watchroom.catalog.models import Service
from watchroom.kernel.indexes import AddIndex


def names() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, Service._meta.db_table))


@pytest.mark.django_db(transaction=True)
def test_an_index_is_added_unless_it_is_there() -> None:
    added = AddIndex("service", Index(fields=["created_at"], name="service_of_a_test"))
    state = ProjectState.from_apps(apps)
    try:
        for _ in range(2):  # the second time it is there
            with connection.schema_editor() as editor:
                added.database_forwards("catalog", editor, state, state)
            assert "service_of_a_test" in names()
    finally:
        with connection.schema_editor() as editor:
            added.database_backwards("catalog", editor, state, state)
    assert "service_of_a_test" not in names()


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_index_whose_building_was_broken_off_is_built_anew() -> None:
    """It counted as there, and no query ever used it."""
    added = AddIndex("service", Index(fields=["created_at"], name="service_of_a_test"))
    state = ProjectState.from_apps(apps)

    def valid() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'service_of_a_test'::regclass")
            return bool(cursor.fetchone()[0])

    try:
        with connection.schema_editor() as editor:
            added.database_forwards("catalog", editor, state, state)
        with connection.cursor() as cursor:  # as a concurrent building leaves it when it fails
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'service_of_a_test'::regclass")
        assert not valid()
        with connection.schema_editor() as editor:
            added.database_forwards("catalog", editor, state, state)
        assert valid()
    finally:
        with connection.schema_editor() as editor:
            added.database_backwards("catalog", editor, state, state)
