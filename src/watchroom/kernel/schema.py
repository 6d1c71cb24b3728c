"""Bringing a database up to date.

A new database is made from the models in a second or two and its migrations are noted as done: replaying the whole history
of an empty database takes half a minute and ends at the same tables (`tests/kernel/test_schema.py` compares them). One that
has a history is migrated as usual.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.migrations.executor import MigrationExecutor


def bring_up_to_date() -> None:
    """Make or migrate every database that the settings name."""
    for alias in connections:  # a migration of the journal may take over what lay in the default database
        if not connections[alias].introspection.table_names():
            _make(alias)
        elif not is_up_to_date(alias):
            call_command("migrate", database=alias, interactive=False, verbosity=0)


def is_up_to_date(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether every migration has been applied. Django's own command looks at a good deal more before it does nothing,
    and every start waits for it."""
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


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
