"""Running one command: no shell, a session of its own, an end in time, and the last of its output."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO

from .config import Command

KEPT = 16_000  # characters of output, the last ones: they say how it went
TELL_EVERY_SECONDS = 5.0
GRACE_SECONDS = 5.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME")

Tell = Callable[[str, str], object]  # state, output


class _Tail:
    """The last of what was written, whoever reads it."""

    def __init__(self) -> None:
        self._kept, self._lost = b"", False
        self._lock = threading.Lock()

    def follow(self, stream: IO[bytes]) -> None:
        for chunk in iter(lambda: os.read(stream.fileno(), 65_536), b""):
            with self._lock:
                joined = self._kept + chunk
                self._lost = self._lost or len(joined) > KEPT * 4
                self._kept = joined[-KEPT * 4 :]

    @property
    def text(self) -> str:
        with self._lock:
            text, lost = self._kept.decode("utf-8", "replace").replace("\0", ""), self._lost
        return ("…" if lost or len(text) > KEPT else "") + text[-KEPT:]


def carry_out(command: Command, given: Mapping[str, str], seconds: int, tell: Tell) -> tuple[str, str]:
    """Run it to its end; ``tell`` hears every few seconds how far it is. Returns the state and the output.

    :raises Refused: a parameter is not allowed; nothing was run.
    """
    argv = command.filled(given)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict(command.environment)
    limit = float(min(seconds, command.seconds))
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            cwd=command.directory or None, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return "failed", f"It could not be started: {error}"
    tail, out = _Tail(), process.stdout
    assert out is not None
    reader = threading.Thread(target=tail.follow, args=(out,), daemon=True)
    reader.start()
    left = limit
    while left > 0:
        try:
            process.wait(min(TELL_EVERY_SECONDS, left))
            break
        except subprocess.TimeoutExpired:
            left -= TELL_EVERY_SECONDS
            tell("running", tail.text)
    ended = process.poll() is not None
    if not ended:
        _stop(process)
    reader.join(GRACE_SECONDS)  # a child that lives on may hold the pipe
    if not reader.is_alive():
        out.close()
    if not ended:
        return "failed", f"{tail.text}\nIt was stopped after {int(limit)} seconds.".strip()
    code = process.returncode
    return ("succeeded" if code == 0 else "failed"), f"{tail.text}\nIt ended with {code}.".strip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The whole session: what it has started, too."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        if how == signal.SIGTERM:  # its children may have stayed
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
        return
