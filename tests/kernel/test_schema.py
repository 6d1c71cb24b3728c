"""A new database, which is made from the models, is the one that its migrations lead to."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from django.apps import apps
from django.db.migrations import AddField, CreateModel
from django.db.migrations.loader import MigrationLoader

from peers.postgres import new_database
from peers.server import SECRET_KEY
from watchroom.kernel.schema import Progress

_OF_POSTGRESQL = (
    "SELECT table_name, column_name, data_type, is_nullable, character_maximum_length, is_identity "
    # Django's own migrations give the ids of auth's unused tables another size than its models do.
    "FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'auth\\_%'",
    "SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0 "
    "AND connamespace = 'public'::regnamespace",
    "SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') FROM pg_indexes WHERE schemaname = 'public'",
    _DONE := "SELECT app, name FROM django_migrations",
)


def _run(data: Path, database_url: str, *command: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WATCHROOM_", "DJANGO_"))}
    env |= {"WATCHROOM_DATA": str(data), "WATCHROOM_SECRET_KEY": SECRET_KEY, "DATABASE_URL": database_url}
    env |= {"DJANGO_SETTINGS_MODULE": "watchroom.settings", "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-m", *command], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _words(sql: str) -> list[str]:
    return sorted(filter(None, re.split(r"[ ,()]+", re.sub(r"INDEX \S+ ON", "", sql))))


def _of_sqlite(data: Path) -> dict[str, list[str]]:
    """Tables, indexes and what is noted as done, of each file; the order of a table's columns does not count."""
    found: dict[str, list[str]] = {}
    for path in sorted(data.glob("*.sqlite3")):
        with closing(sqlite3.connect(path)) as file:
            rows = file.execute("SELECT type, tbl_name, sql FROM sqlite_master").fetchall()
            found[path.name] = sorted(f"{kind} {table} {_words(sql or '')}" for kind, table, sql in rows)
            if path.name == "watchroom.sqlite3":  # the journal is replayed for the one package that has tables there
                found[path.name] += sorted(map(str, file.execute(_DONE).fetchall()))
    return found


def _in_postgresql(url: str) -> list[list[str]]:
    import psycopg

    with psycopg.connect(url) as connection:
        return [sorted(map(str, connection.execute(query).fetchall())) for query in _OF_POSTGRESQL]


def test_both_ways_lead_to_the_same_tables(tmp_path: Path, on_postgres: bool) -> None:
    servers = os.environ["DATABASE_URL"]
    at_once, replayed = (new_database(servers, name) if on_postgres else "" for name in ("at_once", "replayed"))
    _run(tmp_path / "at_once", at_once, "watchroom", "migrate")
    _run(tmp_path / "replayed", replayed, "peers.replayed", *(() if on_postgres else ("journal",)))
    if on_postgres:
        for made, migrated in zip(_in_postgresql(at_once), _in_postgresql(replayed), strict=True):
            assert set(made) ^ set(migrated) == set() and len(made) == len(migrated)
    else:
        made, migrated = _of_sqlite(tmp_path / "at_once"), _of_sqlite(tmp_path / "replayed")
        assert len(made) == 2 and made == migrated


def test_two_that_begin_at_once_do_not_get_in_each_others_way(tmp_path: Path, on_postgres: bool) -> None:
    """On an empty folder also the secret key is made by one of them, and both work with it."""
    url = new_database(os.environ["DATABASE_URL"], "at_once_by_two") if on_postgres else ""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WATCHROOM_", "DJANGO_"))}
    env |= {"WATCHROOM_DATA": str(tmp_path / "data"), "DATABASE_URL": url}
    commands = [[sys.executable, "-m", "watchroom", "migrate"]] * 2
    begun = [subprocess.Popen(each, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for each in commands]
    said = [each.communicate() for each in begun]
    assert [each.returncode for each in begun] == [0, 0], said
    assert (tmp_path / "data" / "secret.key").stat().st_size >= 64
    assert [path.name for path in (tmp_path / "data").glob("secret*")] == ["secret.key"]


def test_whoever_waits_for_migrations_is_told_how_far_they_are() -> None:
    progress = Progress(3)
    assert str(progress) == "The database is brought up to date: 0 of 3 migrations are done."
    progress.write("Operations to perform:\n  Apply all migrations: intake\nRunning migrations:\n")
    progress.write("  Applying intake.0001_initial... OK\n  Applying intake.0002_more...")
    assert str(progress).endswith("1 of 3 migrations are done, intake.0002_more is being applied.")


# Before this was a law: the last migration of each package that broke it.
_BEFORE = {
    "accounts": 1,
    "catalog": 1,
    "incidents": 18,
    "insights": 6,
    "intake": 15,
    "mitigations": 3,
    "monitors": 2,
    "oncall": 8,
    "paging": 13,
    "postmortems": 3,
    "status": 5,
    "venues": 2,
}


def test_a_new_column_can_be_left_out_by_nodes_that_do_not_know_it_yet() -> None:
    """While the nodes of an installation are restarted one by one, those of before write rows without it."""
    loader = MigrationLoader(None)
    broken = [
        f"{app}.{name}: {operation.model_name}.{operation.name}"
        for (app, name), migration in loader.disk_migrations.items()
        if apps.get_app_config(app).name.startswith("watchroom") and int(name[:4]) > _BEFORE.get(app, 0)
        for made in [{each.name_lower for each in migration.operations if isinstance(each, CreateModel)}]
        for operation in migration.operations
        if isinstance(operation, AddField)
        and operation.model_name_lower not in made  # of a table that is as new, they write no rows
        and not (operation.field.null or operation.field.many_to_many or operation.field.has_db_default())
    ]
    assert broken == []
