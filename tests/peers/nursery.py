"""Gates and engines that start in no time, so that they can be killed often: a process that has loaded everything forks them.

They are the product's own (`run_gate`, `run_engine`), on a database of their own; only `watchroom serve` and its start are
left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from .programs import wait_until
from .server import Server

_NURSERY = """
import json, os, signal, sys
from datetime import timedelta
import django
django.setup()
from watchroom.engine import loop
from watchroom.kernel import settings as conf
from watchroom.kernel.db import configuration
from watchroom.serving import engine, gate
from watchroom.serving.parent import VARIABLE
loop.all_duties()
for name, module in list(sys.modules.items()):
    if name.startswith("watchroom.paging.") and hasattr(module, "SEND_LEASE"):
        module.SEND_LEASE = timedelta(seconds=float(sys.argv[1]))

def be(asked):
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.environ[VARIABLE] = str(os.getppid())
    if asked.get("database"):
        from django.db import connections
        os.environ["DATABASE_URL"] = asked["database"]
        conf.current.cache_clear()
        settings = conf.current()
        new = configuration(settings.database_url, settings.sqlite_path, settings.journal_path)
        connections.databases["default"] |= new["default"]
    if asked["do"] == "gate":
        gate.run_gate("127.0.0.1", asked["port"])
    else:
        engine.run_engine()

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            be(json.loads(line))
        finally:
            os._exit(1)
    print(child, flush=True)
"""


class Nursery:
    """Forks gates and engines of an installation. ``lease_seconds``: after this long a message counts as cut off."""

    def __init__(self, server: Server, *, lease_seconds: float = 5) -> None:
        self.server, self._log = server, (server.home / "serve.log").open("ab")
        env = {**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY, str(lease_seconds)],
            env=env, cwd=server.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready", server.log

    def gate(self) -> int:
        """A gate at the server's address. Returns its process id, as all of these do."""
        return self._fork({"do": "gate", "port": self.server.port})

    def engine(self, *, database: str = "") -> int:
        """An engine, with another way to the database if one is given."""
        return self._fork({"do": "engine", "database": database})

    def _fork(self, asked: dict[str, object]) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @staticmethod
    def lives(pid: int) -> bool:
        return Path(f"/proc/{pid}").exists()

    def kill9(self, *pids: int) -> None:
        """SIGKILL, without warning. Returns when they are gone."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(self.lives, pids)), 60, "they are gone")

    @staticmethod
    def fill_disk(*pids: int, at: int | None) -> None:
        """Let no file of theirs grow beyond ``at`` bytes; None: as far as they like, again. Needs no root."""
        for pid in pids:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if at is None else at, hard))

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """All that it has forked dies with it."""
        self._process.kill()
        self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._log.close()
