"""Bringing a database up to date.

A new database is made from the models in a second or two and its migrations are noted as done: replaying the whole history
of an empty database takes half a minute and ends at the same tables (`tests/kernel/test_schema.py` compares them). One that
has a history is migrated as usual.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from .db import alone
from .errors import Refused

_TELL_AFTER_SECONDS, _TELL_AGAIN_SECONDS = 1.0, 10.0


def bring_up_to_date(say: Callable[[str], None]) -> None:
    """Make or migrate every database that the settings name; ``say`` how far it is, if that takes more than a second. Who
    comes while another process is at it waits, and finds it done.

    :raises Refused: a newer Watchroom has been at work on it, and this one would spoil what that one wrote.
    """
    with alone(lambda: say("Another process is bringing the database up to date. This one waits for it.")):
        _bring_up_to_date(say)


def _bring_up_to_date(say: Callable[[str], None]) -> None:
    for alias in connections:  # a migration of the journal may take over what lay in the default database
        if not connections[alias].introspection.table_names():
            _make(alias)
            continue
        executor = MigrationExecutor(connections[alias])
        if unknown := _unknown(executor):
            raise Refused(
                "A newer Watchroom than this one has been at work on the database.",
                field="migrations",
                value=", ".join(unknown[:3]),
                fix="Install that version again, or restore a backup that was made before.",
            )
        if total := len(_missing(executor)):
            with _telling(Progress(total), say) as progress:
                call_command("migrate", database=alias, interactive=False, verbosity=1, no_color=True, stdout=progress)


def is_up_to_date(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether every migration has been applied. Django's own command looks at a good deal more before it does nothing,
    and every start waits for it."""
    seen = MigrationRecorder(connections[alias]).applied_migrations()
    return seen.keys() >= _names() or not _missing(MigrationExecutor(connections[alias]))


def require_up_to_date() -> None:
    """Before anything is read or written that this version's tables are needed for.

    :raises Refused: see :func:`is_up_to_date`.
    """
    if not is_up_to_date():
        raise Refused("The database is not up to date.", fix="Run `watchroom migrate` on one node first.")


def _names() -> set[tuple[str, str]]:
    """Every migration that there is, by the names of the files: reading all of them takes a quarter of a second. Those that
    a squashed one replaces are not looked at: then the whole history is read."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        if module is not None and find_spec(module) is not None:
            found |= {(app.label, each.name) for each in iter_modules(import_module(module).__path__)}
    return found


def _missing(executor: MigrationExecutor) -> list[object]:
    return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _unknown(executor: MigrationExecutor) -> list[str]:
    """Migrations that the database has seen and this version does not have."""
    loader = executor.loader
    seen, known = loader.applied_migrations or {}, loader.disk_migrations or {}
    return sorted(f"{app}.{name}" for app, name in seen if app in loader.migrated_apps and (app, name) not in known)


class Progress(io.StringIO):
    """How far Django's command is, read from what it writes: ``  Applying intake.0001_initial...``, then `` OK``."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total

    def __str__(self) -> str:
        begun = [line.split()[1] for line in self.getvalue().splitlines() if line.startswith("  Applying ")]
        now = f", {begun[-1].partition('...')[0]} is being applied" if begun else ""
        return f"The database is brought up to date: {max(0, len(begun) - 1)} of {self.total} migrations are done{now}."


@contextmanager
def _telling(progress: Progress, say: Callable[[str], None]) -> Iterator[Progress]:
    """Tell of it while it goes on: whoever waits for a large database shall not think that it hangs, and end it."""
    over = threading.Event()

    def tell() -> None:
        pause = _TELL_AFTER_SECONDS
        while not over.wait(pause):
            say(str(progress))
            pause = _TELL_AGAIN_SECONDS

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield progress
    finally:
        over.set()
        teller.join()


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
