"""A copy of all that must not be lost, made while Watchroom runs, and put back from it.

A backup is one directory: ``backup.json`` says what is in it, ``watchroom.sqlite3`` and ``watchroom.signals.sqlite3`` (SQLite)
or ``database.dump`` (PostgreSQL, the custom format of ``pg_dump``) hold the database, ``attachments/`` the files of incidents
where they lie in a directory. The secret key is never in it: whoever has both can read every secret.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import msgspec

from .. import __version__
from ..intake.gate.database import Unavailable, database
from ..intake.gate.sqlite import spool_of
from ..kernel import clock, wake
from ..kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ..kernel.files import sync
from ..kernel.settings import Settings, current

ABOUT, DUMP, ATTACHMENTS = "backup.json", "database.dump", "attachments"
MAIN, JOURNAL = "watchroom.sqlite3", "watchroom.signals.sqlite3"
_BESIDE = ("", "-wal", "-shm", "-spool")  # the files of one database: SQLite's, and the gate's before the journal


class About(msgspec.Struct, frozen=True):
    """What a backup says of itself."""

    made_at: str  # ISO 8601, UTC
    version: str  # of the Watchroom that made it
    database: str  # sqlite or postgresql
    key: str  # proves the secret key with which its secrets were encrypted, and does not tell it
    sums: dict[str, str]  # SHA-256 of each file but the attachments, whose names are theirs


def make(to: Path, *, attachments: bool = True) -> Path:
    """Write a backup into a new directory below ``to``, and give its path. It has its name only once it is complete.

    :raises Refused: ``to`` can't be written to, or there is nothing to keep yet.
    :raises WatchroomError: the database could not be copied.
    """
    settings, now = current(), clock.now()
    whole = to / f"watchroom-{now:%Y%m%dT%H%M%SZ}"
    if not settings.is_postgresql and not settings.sqlite_path.exists():
        raise Refused(
            "There is no database yet.",
            field="WATCHROOM_DATA",
            value=str(settings.data),
            fix="Name its data directory.",
        )
    try:
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = Path(tempfile.mkdtemp(dir=to, prefix=f".{whole.name}."))
    except OSError as error:
        raise _not_written(to, error) from None
    try:
        if settings.is_postgresql:
            _dump(settings, part / DUMP)
        else:
            _settle(settings)
            # In this order: signals that have been read by the database's own account are then never missing in the journal.
            _copy_sqlite(settings.sqlite_path, part / MAIN)
            _copy_sqlite(settings.journal_path, part / JOURNAL)
        files = settings.attachments_directory
        if attachments and files is not None and files.is_dir():
            _copy_attachments(files, part / ATTACHMENTS)
        sums = {each.name: _sum(each) for each in sorted(part.iterdir()) if each.is_file()}
        kind = "postgresql" if settings.is_postgresql else "sqlite"
        about = About(f"{now:%Y-%m-%dT%H:%M:%SZ}", __version__, kind, _proof(settings) or "", sums)
        (part / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about)) + b"\n")
        _sync(part)
        part.rename(whole)  # refused where one of this second lies already
        sync(to)
    except OSError as error:
        raise _not_written(to, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return whole


def check(backup: Path) -> About:
    """Read a whole backup and compare it with what it says of itself.

    :raises NotFound: it is no backup.
    :raises WatchroomError: something in it is missing or damaged.
    """
    try:
        about = msgspec.json.decode((backup / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError):
        raise NotFound(
            "This is no backup.", field="from", value=str(backup), fix=f"Name the directory in which {ABOUT} lies."
        ) from None
    expected = {DUMP} if about.database == "postgresql" else {MAIN, JOURNAL}
    if wrong := sorted(expected - about.sums.keys()) + [
        name for name, said in about.sums.items() if not (backup / name).is_file() or _sum(backup / name) != said
    ]:
        raise _damaged(backup, wrong)
    if about.database == "sqlite" and (wrong := [name for name in (MAIN, JOURNAL) if not _is_sound(backup / name)]):
        raise _damaged(backup, wrong)
    kept = _attachments(backup / ATTACHMENTS)
    if wrong := [f"{ATTACHMENTS}/{each.name[:12]}" for each in kept if _sum(each) != each.name]:
        raise _damaged(backup, wrong)
    return about


def restore(backup: Path, *, replace: bool = False, other_key: bool = False) -> About:
    """Put a backup back where the settings say that Watchroom's data lies.

    With ``replace``, what lies there on SQLite is set aside under another name; nothing is deleted. With ``other_key``, it is
    put back even if its secret key is not here: contact methods and other secrets then have to be entered again.

    :raises NotFound: it is no backup.
    :raises Conflict: Watchroom runs, or there is a database already.
    :raises Refused: its database is of another kind, or its secret key is not here.
    :raises WatchroomError: it is damaged, or the database did not take it.
    """
    settings, about = current(), check(backup)
    kind = "postgresql" if settings.is_postgresql else "sqlite"
    if about.database != kind:
        raise Refused(
            f"This backup is of {about.database}, and the settings name {kind}.",
            field="DATABASE_URL",
            value=kind,
            fix="Set it to a database of the same kind.",
        )
    if not other_key and about.key != _proof(settings):
        raise Refused(
            "The secret key with which this backup's secrets are encrypted is not here.",
            field="WATCHROOM_SECRET_KEY",
            fix=f"Set it, or put its file back as {settings.data / 'secret.key'}. If it is lost: --other-key, and enter "
            "contact methods and other secrets again.",
        )
    try:
        if settings.is_postgresql:
            _refuse_tables(settings)
        else:
            _refuse_database(settings, replace)
        # The files first: named by what is in them, they harm nothing should the rest fail.
        if (files := settings.attachments_directory) is not None:
            _copy_attachments(backup / ATTACHMENTS, files)
        if settings.is_postgresql:
            _load(settings, backup / DUMP)
        else:
            _put_back(settings, backup)
    except OSError as error:
        raise WatchroomError(f"It can't be put back: {error}.", fix="Mend that, and do it again.") from None
    return about


def _not_written(to: Path, error: OSError) -> Refused:
    return Refused("The backup can't be written.", field="to", value=str(to), fix=f"{error}.")


def _attachments(directory: Path) -> Iterator[Path]:
    """The files of a directory of attachments. What is still being written has another name."""
    return (each for each in directory.glob("*/*") if re.fullmatch("[0-9a-f]{64}", each.name))


def _copy_attachments(source: Path, target: Path) -> None:
    """Files never change; one may come or go meanwhile."""
    for each in _attachments(source):
        copy = target / each.parent.name / each.name
        if copy.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = copy.with_name(f".{each.name}.part")
        with contextlib.suppress(FileNotFoundError):  # it has just been forgotten
            shutil.copyfile(each, part)
            part.rename(copy)


def _damaged(backup: Path, wrong: list[str]) -> WatchroomError:
    return WatchroomError(
        f"This backup is damaged: {', '.join(wrong[:5])}.", field="from", value=str(backup), fix="Take another one."
    )


def _proof(settings: Settings) -> str | None:
    """What only this secret key gives. None: there is no key here (and none is made)."""
    key, path = settings.secret_key, settings.data / "secret.key"
    if not key and path.exists():
        key = path.read_text().strip()
    return hmac.digest(key.encode(), b"watchroom.backup", "sha256").hex()[:32] if key else None


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(directory: Path) -> None:
    for each in directory.rglob("*"):
        sync(each)
    sync(directory)


# --- SQLite ---


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup, in one step: a reader, which keeps no writer waiting (https://sqlite.org/backup.html)."""
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(target)) as here,
        ):
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")  # one file, which can be opened where nothing may be written
    except sqlite3.Error as error:
        raise WatchroomError(
            f"{source.name} could not be copied: {error}.", fix="Look for space and at the disk."
        ) from None


def _settle(settings: Settings) -> None:
    """Bring what a gate that was cut off has left in its spool into the journal. One that runs does that by itself."""
    if not spool_of(settings.journal_path).exists():
        return
    gate = database(settings)
    try:
        gate.settle()
    except Unavailable as error:
        raise WatchroomError(
            f"Signals that were accepted can't be brought into {settings.journal_path.name}: {error}.",
            fix="Look for space and at the disk.",
        ) from None
    finally:
        gate.close()


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return list(connection.execute("PRAGMA quick_check")) == [("ok",)]
    except sqlite3.Error:
        return False


def _refuse_database(settings: Settings, replace: bool) -> None:
    if wake.somebody_listens():
        raise Conflict(
            "Watchroom runs on this data.", field="WATCHROOM_DATA", value=str(settings.data), fix="Stop it first."
        )
    there = [path for path in (settings.sqlite_path, settings.journal_path) if path.exists()]
    if there and not replace:
        raise Conflict(
            "There is a database already.",
            field="WATCHROOM_DATA",
            value=str(there[0]),
            fix="Name another directory, or say --replace: what is there is set aside under another name.",
        )


def _put_back(settings: Settings, backup: Path) -> None:
    targets = {MAIN: settings.sqlite_path, JOURNAL: settings.journal_path}
    aside = f".before-{clock.now():%Y%m%dT%H%M%SZ}"
    for name, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.part")
        shutil.copyfile(backup / name, fresh)
        sync(fresh)
        for beside in _BESIDE:
            old = path.with_name(path.name + beside)
            if old.exists():
                old.rename(path.with_name(path.name + aside + beside))
        fresh.rename(path)
        sync(path.parent)


# --- PostgreSQL ---


def _dump(settings: Settings, target: Path) -> None:
    _run(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")


def _refuse_tables(settings: Settings) -> None:
    import psycopg

    try:
        with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
            row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone()
    except psycopg.Error as error:
        raise WatchroomError(f"The database does not answer: {error}.", fix="Look at DATABASE_URL.") from None
    if row and row[0]:
        raise Conflict(
            "There are tables in the database already.",
            field="DATABASE_URL",
            value=urlsplit(settings.database_url).path.lstrip("/"),
            fix="Make an empty database (createdb), and name that.",
        )


def _load(settings: Settings, dump: Path) -> None:
    _run(settings, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", str(dump), into=True)


def _run(settings: Settings, program: str, *arguments: str, into: bool = False) -> None:
    """One of PostgreSQL's own programs. The password goes by the environment: everybody can read command lines."""
    if shutil.which(program) is None:
        raise Refused(
            f"{program} is not installed here.",
            field="PATH",
            value=program,
            fix="Install PostgreSQL's client programs (Debian: postgresql-client), of the server's version or newer.",
        )
    url, password = _without_password(settings.database_url)
    environ: Mapping[str, Any] = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run([program, f"--dbname={url}", *arguments], env=environ, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise WatchroomError(f"{program} failed: {said}", fix="Nothing was changed." if into else "Nothing was kept.")


def _without_password(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    asked = parse_qsl(parts.query, keep_blank_values=True)  # libpq takes it there, too
    password = next((value for key, value in asked if key == "password"), unquote(password))
    query = urlencode([(key, value) for key, value in asked if key != "password"])
    return urlunsplit(parts._replace(netloc=f"{name}{at}{host}", query=query)), password
