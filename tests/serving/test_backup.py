"""`watchroom backup` and `watchroom restore`, as an operator runs them, on both databases."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from peers import migrated
from peers.postgres import binaries, new_database
from peers.server import SECRET_KEY
from watchroom.cli.main import cli
from watchroom.kernel import settings
from watchroom.kernel.errors import WatchroomError
from watchroom.kernel.wake import Ear
from watchroom.serving.backup import MAIN, _without_password


class Installation:
    """A data directory, a database, and the command line for them, within this process."""

    def __init__(self, data: Path, database_url: str) -> None:
        self.data, self.database_url = data, database_url
        self.env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("WATCHROOM_")}
        self.env |= {
            "WATCHROOM_DATA": str(data),
            "WATCHROOM_SECRET_KEY": SECRET_KEY,
            "WATCHROOM_ATTACHMENTS": str(data / "attachments"),
            "DATABASE_URL": database_url,
        }
        if database_url:
            self.env["PATH"] = f"{binaries()}{os.pathsep}{os.environ['PATH']}"

    def run(self, *arguments: str, ok: bool = True, **env: str) -> str:
        settings.current.cache_clear()
        try:
            done = CliRunner().invoke(cli, arguments, env={**self.env, **env})
        finally:
            settings.current.cache_clear()
        said = done.output + (str(done.exception) if isinstance(done.exception, WatchroomError) else "")
        assert (done.exit_code == 0) is ok, (said, done.exception)
        return said.strip()

    def backup(self, to: Path) -> Path:
        return Path(self.run("backup", str(to)).splitlines()[0])

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """The database itself; what is written stays."""
        opened = psycopg.connect(self.database_url) if self.database_url else sqlite3.connect(self.data / MAIN)
        with closing(opened) as connection, connection:
            yield connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return [tuple(row) for row in connection.execute(query).fetchall()]


def of_this_worker(name: str) -> str:
    """The name of a database that no other worker makes meanwhile."""
    return f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture
def here(tmp_path: Path, on_postgres: bool) -> Installation:
    data = tmp_path / "here"
    data.mkdir()
    url = migrated.lay_postgresql(os.environ["DATABASE_URL"], of_this_worker("backed_up")) if on_postgres else ""
    if not url:
        migrated.lay_sqlite(data)
    place = data / "attachments" / "ba"
    place.mkdir(parents=True)
    (place / "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").write_bytes(b"abc")
    found = Installation(data, url)
    with found.connected() as connection:
        connection.execute(
            "INSERT INTO accounts_team (name, slug, description, is_demo) VALUES ('Kept', 'kept', '', false)"
        )
    return found


@pytest.fixture
def there(tmp_path: Path, on_postgres: bool) -> Installation:
    return Installation(
        tmp_path / "there", new_database(os.environ["DATABASE_URL"], of_this_worker("put_back")) if on_postgres else ""
    )


_TEAMS = "SELECT slug, name FROM accounts_team ORDER BY id"
_MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY id"


def test_what_was_kept_is_there_again(
    here: Installation, there: Installation, tmp_path: Path, on_postgres: bool
) -> None:
    made = here.backup(tmp_path / "kept")
    assert "It is whole" in there.run("restore", str(made), "--check")
    assert "is back" in there.run("restore", str(made))
    assert ("kept", "Kept") in there.rows(_TEAMS)
    assert there.rows(_MIGRATIONS) == here.rows(_MIGRATIONS) != []
    assert [path.read_bytes() for path in (there.data / "attachments").glob("*/*")] == [b"abc"]
    # A second time there is something already, and it stays.
    assert "already" in there.run("restore", str(made), ok=False)
    if not on_postgres:
        (there.data / "watchroom.signals.sqlite3-spool").write_bytes(b"what a kill has left")
        there.run("restore", str(made), "--replace")
        assert len(list(there.data.glob("watchroom.sqlite3.before-*Z"))) == 1
        (left,) = there.data.glob("watchroom.signals.sqlite3.before-*Z-spool")
        assert left.read_bytes() == b"what a kill has left"
        assert there.rows(_TEAMS) == here.rows(_TEAMS)


def test_what_a_killed_process_left_half_written_is_no_part_of_it(
    here: Installation, there: Installation, tmp_path: Path
) -> None:
    (here.data / "attachments" / "ba" / "tmp0a1b2c3d").write_bytes(b"ha")
    there.run("restore", str(here.backup(tmp_path / "kept")))
    assert [path.name[:4] for path in (there.data / "attachments").glob("*/*")] == ["ba78"]


def test_a_second_one_harms_nothing_of_the_first(here: Installation, tmp_path: Path) -> None:
    made = here.backup(tmp_path / "kept")
    with pytest.MonkeyPatch.context() as patch:
        at = datetime.strptime(made.name, "watchroom-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        patch.setattr("watchroom.serving.backup.clock.now", lambda: at)
        assert "can't be written" in here.run("backup", str(tmp_path / "kept"), ok=False)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [made.name]
    assert "It is whole" in here.run("restore", str(made), "--check")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:s%40cret@db/watchroom?sslmode=require",
        "postgresql://anna@db/watchroom?password=s%40cret&sslmode=require",
    ],
)
def test_no_command_line_holds_the_password(url: str) -> None:
    assert _without_password(url) == ("postgresql://anna@db/watchroom?sslmode=require", "s@cret")


def test_the_key_must_be_the_one_that_belongs_to_it(here: Installation, there: Installation, tmp_path: Path) -> None:
    made = here.backup(tmp_path / "kept")
    assert SECRET_KEY not in "".join(path.read_text(errors="replace") for path in made.glob("*.json"))
    for key in ("", "another-key-of-forty-characters-or-so-000000"):
        assert "--other-key" in there.run("restore", str(made), ok=False, WATCHROOM_SECRET_KEY=key)
    assert not (there.data / "secret.key").exists()  # none was made by asking
    there.run("restore", str(made), "--other-key", WATCHROOM_SECRET_KEY="another-key-of-forty-characters-or-so-000000")


def test_a_damaged_backup_is_known_and_changes_nothing(here: Installation, there: Installation, tmp_path: Path) -> None:
    made = here.backup(tmp_path / "kept")
    (attachment,) = (made / "attachments").glob("*/*")
    attachment.write_bytes(b"abd")
    assert "damaged: attachments/ba7816bf8f01" in there.run("restore", str(made), ok=False)
    database = next(path for path in made.iterdir() if path.is_file() and path.suffix in {".sqlite3", ".dump"})
    with database.open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff" * 16)
    assert f"damaged: {database.name}" in there.run("restore", str(made), "--check", ok=False)
    assert "This is no backup" in there.run("restore", str(tmp_path), ok=False)
    assert not there.data.exists()


def test_where_it_can_not_be_written_nothing_is_left(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "can't be written" in here.run("backup", str(tmp_path / "file" / "below"), ok=False)
    assert "no database yet" in Installation(tmp_path / "nothing", "").run("backup", str(tmp_path / "kept"), ok=False)
    assert list(tmp_path.glob("kept/*")) == []


class TestOnSqlite:
    """What only files have to bear."""

    @pytest.fixture(autouse=True)
    def _only_there(self, on_postgres: bool) -> None:
        if on_postgres:
            pytest.skip("PostgreSQL dumps its own snapshot")

    @pytest.fixture
    def writing(self, here: Installation) -> Iterator[None]:
        """Somebody who writes on, and has a transaction open."""
        with closing(sqlite3.connect(here.data / "watchroom.sqlite3", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE accounts_team SET name = 'not yet'")
            yield
            connection.execute("ROLLBACK")

    def test_it_waits_for_no_writer_and_keeps_none_waiting(
        self, writing: None, here: Installation, there: Installation, tmp_path: Path
    ) -> None:
        there.run("restore", str(here.backup(tmp_path / "kept")))
        assert ("kept", "Kept") in there.rows(_TEAMS)

    def test_nothing_is_put_under_a_running_watchroom(
        self, here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = here.backup(tmp_path / "kept")
        with monkeypatch.context() as patch:
            patch.setenv("WATCHROOM_DATA", str(here.data))
            settings.current.cache_clear()
            ear = Ear()
        settings.current.cache_clear()
        assert "Watchroom runs" in here.run("restore", str(made), "--replace", ok=False)
        ear.socket.close()  # as a process that was killed: its socket's file stays
        assert ear.path.exists()
        here.run("restore", str(made), "--replace")
        ear.path.unlink()

    def test_an_older_watchroom_leaves_the_database_of_a_newer_one_alone(self, here: Installation) -> None:
        with closing(sqlite3.connect(here.data / "watchroom.sqlite3")) as connection, connection:
            connection.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('intake', '9999_of_tomorrow', '2026-01-01')"
            )
        own = {**os.environ, "WATCHROOM_DATA": str(here.data), "DATABASE_URL": ""}
        done = subprocess.run([sys.executable, "-m", "watchroom", "migrate"], env=own, capture_output=True, text=True)
        assert done.returncode == 1 and "A newer Watchroom" in done.stderr
