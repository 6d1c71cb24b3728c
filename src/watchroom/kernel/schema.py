"""Bringing a database up to date.

A new database is made from the models in a second or two and its migrations are noted as done: replaying the whole history
of an empty database takes half a minute and ends at the same tables (`tests/kernel/test_schema.py` compares them). One that
has a history is migrated as usual.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor


def bring_up_to_date() -> None:
    """Make or migrate every database that the settings name."""
    for alias in connections:  # a migration of the journal may take over what lay in the default database
        if connections[alias].introspection.table_names():
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        else:
            _make(alias)


def _make(alias: str) -> None:
    """Everything in one transaction: a process that is killed in between leaves an empty database behind."""
    connection = connections[alias]
    executor = MigrationExecutor(connection)
    emit_pre_migrate_signal(verbosity=0, interactive=False, db=alias)
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.can_migrate(connection) and router.allow_migrate_model(alias, model):
                editor.create_model(model)
        executor.recorder.ensure_schema()
        for app, name in executor.loader.graph.nodes:
            executor.recorder.record_applied(app, name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=alias)
