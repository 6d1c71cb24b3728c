"""The whole product as its users run it: ``watchroom serve`` with a data directory of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from . import migrated
from .programs import Program, answers, free_port, temporary_directory

SECRET_KEY = "watchroom-tests-fixed-secret-key-0123456789abcdef"


class Server:
    """One installation. It keeps its address and its data over :meth:`kill9` and :meth:`restart`.

    Its database is a migrated one, but with ``fresh`` on SQLite there is none yet: `serve` makes and migrates it.
    """

    def __init__(self, *, database_url: str = "", start_timeout: float = 60, fresh: bool = False, **env: str) -> None:
        self.start_timeout = start_timeout
        self.home = temporary_directory("server")
        self.data = self.home / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        if database_url:
            database_url = migrated.lay_postgresql(database_url, self.home.name.replace("-", "_"))
        elif not fresh:
            migrated.lay_sqlite(self.data)
        # What the developer's own shell says about Watchroom does not count here.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("WATCHROOM_", "DJANGO_"))}
        self.env: dict[str, str] = {
            **inherited,
            "WATCHROOM_DATA": str(self.data),
            "WATCHROOM_URL": self.url,
            "WATCHROOM_SECRET_KEY": SECRET_KEY,
            "WATCHROOM_PRIVATE_TARGETS": "127.0.0.0/8",
            "DATABASE_URL": database_url,
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        self._program: Program | None = None

    def start(self) -> Server:
        """Start it and wait until it says that it is ready."""
        command = [sys.executable, "-m", "watchroom", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self._program = Program(command, log=self.home / "serve.log", env=self.env, cwd=self.home)
        self._program.wait_until(lambda: answers(f"{self.url}/readyz"), self.start_timeout)
        return self

    @property
    def log(self) -> str:
        """All that it has written since it was made."""
        path = self.home / "serve.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        return self._program is not None and self._program.is_running

    def cli(self, *arguments: str, input: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``watchroom ARGUMENTS`` on this installation."""
        return self._run("watchroom", *arguments, input=input, check=check)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Django's own commands on this installation."""
        return self._run("django", *arguments)

    def processes(self) -> dict[int, str]:
        """The process ids of this installation with their command lines."""
        found: dict[int, str] = {}
        if self._program is None:
            return found
        for path in Path("/proc").glob("[0-9]*"):
            try:
                pid = int(path.name)
                if os.getpgid(pid) == self._program.pid or os.getsid(pid) == self._program.pid:
                    found[pid] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except (ProcessLookupError, FileNotFoundError, PermissionError):
                continue
        return found

    def kill9(self, part: str = "") -> list[int]:
        """SIGKILL to every process whose command line contains ``part`` (all of them by default), without warning."""
        killed = [pid for pid, command in self.processes().items() if part in command]
        assert killed, f"There is no process {part!r} among {self.processes()}"
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not part and self._program:
            self._program.kill()
        return killed

    def restart(self, **env: str) -> Server:
        """End it (it may be dead already) and start it again on the same data."""
        self.end()
        self.env.update(env)
        return self.start()

    def end(self) -> int:
        """Ask it to end as an operator would, and give its exit code."""
        code = self._program.stop() if self._program else 0
        self._program = None
        return code

    def stop(self) -> None:
        """End it and throw its data away."""
        self.end()
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(
        self, module: str, *arguments: str, input: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={**self.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
            cwd=self.home,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and done.returncode:
            shown = f"{module} {' '.join(arguments)}"
            raise AssertionError(f"`{shown}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done
