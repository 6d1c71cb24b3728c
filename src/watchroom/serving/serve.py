"""`watchroom serve`: gate, web and engine behind one port, looked after by this process."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from ..kernel import clock, wake
from ..kernel.numbers import whole
from .logs import to_stderr
from .parent import VARIABLE
from .ports import listen

log = logging.getLogger("watchroom.serve")

_FIRST_PAUSE_SECONDS, _LAST_PAUSE_SECONDS = 0.5, 30.0
_STEADY_SECONDS = 60.0  # who has run for so long gets the short pause again
_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 1.0


def run_serve(host: str, port: int, prepare: Callable[[], None] = lambda: None) -> int:
    """Run everything until SIGTERM or SIGINT, and give the exit code. ``prepare`` is called first (migrations).

    :raises CannotListen: the port is in use.
    """
    listen(host, port).close()  # said now in one line, rather than by a child that is started again and again
    to_stderr()
    _apart(prepare)
    web_socket = wake.directory() / f"web-{os.getpid()}.sock"
    _remove_stale(web_socket.parent)
    commands = {
        "gate": ["gate", "--host", host, "--port", str(port), "--web-socket", str(web_socket)],
        "web": ["web", "--socket", str(web_socket)],
        "engine": ["engine"],
    }
    program = [sys.executable, "-m", "watchroom"]
    return Supervisor({name: [*program, *arguments] for name, arguments in commands.items()}).run()


class Child:
    """One process that should always run."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0  # on the monotonic clock
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE_SECONDS

    def start(self) -> None:
        self._started_at = clock.monotonic()
        # A process group of its own: Ctrl-C in a terminal is for the supervisor, which ends its children in order.
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, VARIABLE: str(os.getpid())},
            process_group=0,
        )

    def has_ended(self) -> bool:
        """Whether it has ended by itself just now. If so, it is to be started again at :attr:`start_at`."""
        if self.process is None or (code := self.process.poll()) is None:
            return False
        now = clock.monotonic()
        if now - self._started_at > _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
        log.error("%s (process %d) %s; it starts again in %g s.", self.name, self.process.pid, _why(code), self._pause)
        self.process, self.start_at = None, now + self._pause
        self._pause = min(self._pause * 2, _LAST_PAUSE_SECONDS)
        return True

    def ask_to_end(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def wait(self, until: float, hurry: Callable[[], bool]) -> None:
        """Wait for its end until ``until`` (monotonic clock), then kill it."""
        if self.process is None:
            return
        while self.process.poll() is None:
            if clock.monotonic() > until or hurry():
                log.warning("%s does not end by itself and is killed.", self.name)
                self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
        self.process = None


class Supervisor:
    """Starts the children, starts again what dies, and ends them in the order in which they are given, first alone."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self._stops = 0

    def run(self) -> int:
        with self._signals() as woken:
            try:
                while not self._stops:
                    self._look_after()
                    select.select([woken], [], [], self._sleep_seconds())
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(4096)
            finally:
                self._end()
        return 0

    def _look_after(self) -> None:
        now = clock.monotonic()
        for child in self.children:
            if child.process is not None:
                child.has_ended()
            elif now >= child.start_at:
                child.start()

    def _sleep_seconds(self) -> float:
        now = clock.monotonic()
        due = [child.start_at - now for child in self.children if child.process is None]
        return max(0.01, min([_LOOK_SECONDS, *due]))

    def _end(self) -> None:
        def hurry() -> bool:
            return self._stops > 1  # told twice

        # First the gate: what it has accepted is stored before anything else ends.
        for group in (self.children[:1], self.children[1:]):
            for child in group:
                child.ask_to_end()
            until = clock.monotonic() + _GRACE_SECONDS
            for child in group:
                child.wait(until, hurry)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """A socket that becomes readable at every signal."""

        def stop(number: int, frame: FrameType | None) -> None:
            self._stops += 1

        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        wakeup_before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGCHLD: lambda *_: None}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield woken
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_before)
            woken.close()
            waker.close()


def _apart(work: Callable[[], None]) -> None:
    """Do something in a process of its own, so that what it loads (all of Django) is gone when it is done: this process
    only looks after others, for months. If it fails it says so itself, and we end as it does."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        work()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        raise SystemExit(code if code > 0 else 128 - code)


def _why(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _remove_stale(directory: Path) -> None:
    """Remove the sockets of supervisors that were killed."""
    for path in directory.glob("web-*.sock*"):
        pid = whole(path.name.removeprefix("web-").partition(".")[0], 9)
        if pid is not None and not _exists(pid):
            path.unlink(missing_ok=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
