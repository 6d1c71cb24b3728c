"""Starting an outside program, waiting until it answers, and ending it."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# What a test waits for takes so many seconds at most on an idle machine. Others may be at work on this one.
PATIENCE = 3


class NotStarted(RuntimeError):
    """A program could not be started; the message ends with its log."""


# Below those that the system gives to connections that go out (32768 and above, see ip_local_port_range): of those it could
# give one away before the program that is to listen there has started.
_PORTS = range(15_000, 32_000)
_WORKERS = 16  # each of so many workers of pytest-xdist has ports of its own


def free_port() -> int:
    """A TCP port on the loopback address that nobody uses at this moment, and that no connection takes by chance.

    Several processes ask for ports at the same time, and what is to listen there takes a while to start: none asks for those
    of another worker, and of several runs on this machine each begins somewhere else, and goes on from there.
    """
    for _ in _PORTS:
        port = next(_next_ports)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was closed just now is free
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise NotStarted(f"No port from {_PORTS[0]} to {_PORTS[-1]} is free.")


def _from_somewhere() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = _PORTS[worker % _WORKERS :: _WORKERS]
    first = random.SystemRandom().randrange(len(mine))
    return itertools.cycle([*mine[first:], *mine[:first]])


_next_ports = _from_somewhere()


def find(*names: str, package: str) -> str:
    """The path of the first of ``names`` that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise NotStarted(f"{names[0]} is not installed. Run scripts/install-peers, or: apt-get install {package}")


def temporary_directory(purpose: str) -> Path:
    """A new directory with a short path (a Unix socket's path ends at 107 bytes)."""
    return Path(tempfile.mkdtemp(prefix=f"watchroom-{purpose}-"))


def answers(url: str) -> bool:
    """Whether a GET of ``url`` (http://host:port/path) is answered with 2xx."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=2)
    try:
        connection.request("GET", f"/{path}")
        return 200 <= connection.getresponse().status < 300
    except OSError:
        return False
    except http.client.HTTPException:
        return False
    finally:
        connection.close()


def wait_until(true: Callable[[], bool], timeout: float, what: str) -> None:
    """Look every twentieth of a second until ``true()``; for other processes, which can't be waited for otherwise.

    :raises AssertionError: the time is over.
    """
    deadline = time.monotonic() + PATIENCE * timeout
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {PATIENCE * timeout:g} s: {what}")
        time.sleep(0.05)


class Program:
    """One outside program. It gets a process group of its own, and dies with us even if we are killed."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        self.name = " ".join(command[:4])
        command = [*command]
        if setpriv := shutil.which("setpriv"):
            become = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
            command = [setpriv, *become, "--pdeathsig=KILL", "--", *command]
        elif user:
            raise NotStarted(f"setpriv (Debian package util-linux) is needed to run {command[0]} as {user}.")
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def tail(self, lines: int = 40) -> str:
        """The end of what it has written."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], timeout: float = 60) -> None:
        """Wait until ``ready()``.

        :raises NotStarted: it has ended, or the time is over.
        """
        deadline = time.monotonic() + PATIENCE * timeout
        while not ready():
            if not self.is_running:
                raise NotStarted(f"It ended with {self.process.returncode} ({self.name}). Its log:\n{self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise NotStarted(
                    f"It was not ready within {PATIENCE * timeout:g} s ({self.name}). Its log:\n{self.tail()}"
                )
            time.sleep(0.05)

    def signal_group(self, number: int) -> None:
        """Send a signal to it and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self, with_signal: int = signal.SIGTERM, timeout: float = 60) -> int:
        """Ask it to end, insist when it doesn't, and give its exit code."""
        if self.is_running:
            self.process.send_signal(with_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.kill()
        return int(self.process.returncode)

    def kill(self) -> None:
        """SIGKILL to it and all its children, as a power cut would."""
        self.signal_group(signal.SIGKILL)
        self.process.wait(60)
