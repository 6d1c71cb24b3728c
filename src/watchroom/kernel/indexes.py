"""Indexes of migrations that can be built beforehand, while everything goes on."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class AddIndex(migrations.AddIndex):
    """Adds an index, unless it is there already: writers of a large PostgreSQL table would wait for it, so it may have been
    built by hand before (docs/operations.md, "Upgrade")."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection, model = schema_editor.connection, to_state.apps.get_model(app_label, self.model_name)
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
        if self.index.name not in there:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
