"""Databases that have been migrated already: migrating one takes many seconds, copying it takes none.

The first that needs one makes it and keeps it in ``build/migrated``: the files of SQLite, a dump of PostgreSQL. It is made
anew whenever a migration changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from .postgres import binaries, new_database

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "migrated"
_SECRET_KEY = "only-to-migrate-0123456789abcdef0123456789"


def lay_sqlite(data: Path) -> None:
    """Put migrated databases into the data directory ``data``."""
    with _one_at_a_time():
        made = HOME / fingerprint()
        if not made.exists():
            shutil.rmtree(HOME / "unfinished", ignore_errors=True)
            for older in HOME.glob("[0-9a-f]" * 16):
                shutil.rmtree(older)
            _migrate(HOME / "unfinished", "")
            (HOME / "unfinished").rename(made)
    data.mkdir(parents=True, exist_ok=True)
    for path in made.glob("*.sqlite3"):
        shutil.copy(path, data / path.name)


def lay_postgresql(url: str, name: str) -> str:
    """Make the migrated database ``name`` on the server of ``url``, anew if it exists, and give its address."""
    from psycopg import connect, sql

    server = url.partition("?")[0].rpartition("/")[0]
    template = f"migrated_{fingerprint()}"
    with _one_at_a_time(), connect(f"{server}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            _fill(new_database(url, "unfinished"))
            connection.execute(sql.SQL("ALTER DATABASE unfinished RENAME TO {}").format(sql.Identifier(template)))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        connection.execute(copy)
    return f"{server}/{name}"


def _fill(url: str) -> None:
    """Migrate an empty database, or restore what an earlier server was migrated to."""
    dump = HOME / f"{fingerprint()}.dump"
    if dump.exists():
        _run([binaries() / "pg_restore", "--no-owner", "--dbname", url, dump])
        return
    _migrate(HOME / "of-postgresql", url)
    for older in HOME.glob("*.dump"):
        older.unlink()
    _run([binaries() / "pg_dump", "--format=custom", "--file", dump.with_suffix(".unfinished"), url])
    dump.with_suffix(".unfinished").rename(dump)


@cache
def fingerprint() -> str:
    """What the migrations, ours and those of the packages that we use, are at this moment."""
    seen = hashlib.sha256()
    for path in sorted(ROOT.glob("src/watchroom/*/migrations/*.py")):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    seen.update((ROOT / "pyproject.toml").read_bytes())
    return seen.hexdigest()[:16]


def _migrate(data: Path, database_url: str) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("WATCHROOM_", "DJANGO_"))}
    ours = {"WATCHROOM_DATA": str(data), "WATCHROOM_SECRET_KEY": _SECRET_KEY, "DATABASE_URL": database_url}
    _run([sys.executable, "-m", "watchroom", "migrate"], inherited | ours)


def _run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
