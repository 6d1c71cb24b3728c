"""Indexes of migrations that can be built beforehand, while everything goes on."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class AddIndex(migrations.AddIndex):
    """Adds an index, unless it is there already: writers of a large PostgreSQL table would wait for it, so it may have been
    built by hand before (docs/operations.md, "Upgrade"). One whose building by hand was broken off is no index; it is built anew."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection, model = schema_editor.connection, to_state.apps.get_model(app_label, self.model_name)
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
            broken = connection.vendor == "postgresql" and _is_broken(cursor, self.index.name)
        if broken:
            schema_editor.remove_index(model, self.index)
        if broken or self.index.name not in there:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def _is_broken(cursor: Any, name: str) -> bool:
    """Whether PostgreSQL keeps this index and does not use it, as ``CREATE INDEX CONCURRENTLY`` leaves it when it fails."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(quote_ident(%s)) AND NOT indisvalid)",
        [name],
    )
    return bool(cursor.fetchone()[0])
