"""A throw-away PostgreSQL server.

``python -m peers.postgres [--durable] COMMAND…`` runs a command with ``DATABASE_URL`` set to one (scripts/with-postgres).
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from .programs import NotStarted, Program, free_port, temporary_directory

# What may be lost in a crash is thrown away anyway.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def binaries() -> Path:
    """The directory of the newest PostgreSQL server that is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(re.sub(r"\D.*", "", path.parts[-3]) or 0),
    )
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    raise NotStarted("PostgreSQL is not installed. Run scripts/install-peers, or: apt-get install postgresql")


class Postgres:
    """A cluster of its own, which trusts whoever connects from this machine. It refuses root, so root lends it a user."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.port = 0
        self._home: Path | None = None
        self._program: Program | None = None
        self._command: list[str] = []
        self._user: str | None = None

    def start(self) -> Postgres:
        user = "postgres" if os.geteuid() == 0 else None
        programs, home = binaries(), temporary_directory("postgres")
        self._home, data = home, home / "data"
        if user:
            owner = pwd.getpwnam(user)
            os.chown(home, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [
                *(
                    [str(shutil.which("setpriv")), f"--reuid={user}", f"--regid={user}", "--init-groups"]
                    if user
                    else []
                ),
                str(programs / "initdb"),
                *("--pgdata", str(data), "--username=watchroom", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
                *(() if self.durable else ("--no-sync",)),
            ],
            capture_output=True,
            text=True,
            cwd=home,
        )
        if made.returncode:
            raise NotStarted(f"initdb failed:\n{made.stdout}{made.stderr}")
        self.port = free_port()
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(home),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            **({} if self.durable else _FAST),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._command, self._user = [str(programs / "postgres"), "-D", str(data), *options], user
        return self.resume()

    def resume(self) -> Postgres:
        """Start it (again) on the same data and the same port."""
        assert self._home is not None
        self._program = Program(self._command, log=self._home / "server.log", user=self._user, cwd=self._home)
        ready = [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "watchroom"]
        self._program.wait_until(lambda: subprocess.run([*ready, "-d", "postgres"]).returncode == 0)
        return self

    def down(self, *, crash: bool = False) -> None:
        """End it as an operator would, or as a power cut of its machine (SIGQUIT: its processes stop where they are, and
        it recovers from its log when it starts again). Its data stay."""
        if self._program:
            self._program.stop(signal.SIGQUIT if crash else signal.SIGINT)
            self._program = None

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://watchroom@127.0.0.1:{self.port}/{database}"

    @property
    def log(self) -> str:
        return self._program.tail(200) if self._program else ""

    def stop(self) -> None:
        if self._program:
            # SIGINT is its "fast" shutdown: it ends sessions and does not wait for them.
            self._program.stop(signal.SIGINT)
            self._program = None
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> Postgres:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def new_database(url: str, name: str) -> str:
    """Make the database ``name`` on the server of ``url``, anew if it exists, and give its address."""
    import psycopg
    from psycopg import sql

    server = url.partition("?")[0].rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{server}/{name}"


def main(arguments: list[str]) -> int:
    durable = arguments[:1] == ["--durable"]
    command = arguments[1:] if durable else arguments
    if not command:
        print("usage: scripts/with-postgres [--durable] COMMAND...", file=sys.stderr)
        return 2
    with Postgres(durable=durable) as server:
        url = new_database(server.url(), "watchroom")
        child = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url})
        # The terminal sends Ctrl-C to the child too: let it end in its own way, and follow.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        code = child.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
