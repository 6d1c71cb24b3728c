"""The worker from outside: started when it is first needed, asked, and started again when it had to be ended."""

from __future__ import annotations

import atexit
import hashlib
import os
import select
import subprocess
import sys
import threading
from typing import Any

import msgspec

from ...kernel import clock
from .worker import CPU_SECONDS, SIZE_BYTES

WAIT_SECONDS = 20.0  # by the clock on the wall; by the processor's it has CPU_SECONDS
REST_SECONDS = 60.0  # how long a payload that took a mapping too long is left alone; others are read
_RESTING_LIMIT = 1_000
_ANSWER_LIMIT = 64 * 1024 * 1024
_TOO_LONG = f"it takes more than {CPU_SECONDS:g} s, or more memory than it may have; make it simpler"
_SLOW = {"field": "", "value": "", "why": _TOO_LONG, "slow": True}
_SHARED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class _Gone(Exception):
    """It has ended, or does not answer."""


class Worker:
    """One process. It may be asked from any thread; one question at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._resting: dict[bytes, float] = {}  # by the question's hash, oldest first: until when it isn't asked again

    def ask(self, mapping: dict[str, Any], payload: Any, *, only_check: bool = False) -> dict[str, Any]:
        """The alerts of a payload (``alerts``), or what is wrong with the mapping (``field``, ``value``, ``why``, and
        ``slow`` where it took too long).

        With ``only_check`` it is only seen whether its expressions and templates are any; there are no alerts then.
        """
        said = msgspec.json.encode({name: value for name, value in mapping.items() if name != "tests"}).decode()
        question = msgspec.json.encode([said, payload, only_check])
        identity = hashlib.sha256(question).digest()
        with self._lock:
            if self._resting.get(identity, 0.0) > clock.monotonic():
                return dict(_SLOW)
            try:
                return self._answer(question)
            except _Gone:
                self._end()
                self._rest(identity)
                return dict(_SLOW)

    def _rest(self, identity: bytes) -> None:
        self._resting.pop(identity, None)
        if len(self._resting) >= _RESTING_LIMIT:
            del self._resting[next(iter(self._resting))]
        self._resting[identity] = clock.monotonic() + REST_SECONDS

    def close(self) -> None:
        with self._lock:
            self._end()

    def _answer(self, question: bytes) -> dict[str, Any]:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._start()
        deadline = clock.monotonic() + WAIT_SECONDS
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(len(question).to_bytes(SIZE_BYTES) + question)
            process.stdin.flush()
        except OSError:
            raise _Gone from None
        size = int.from_bytes(_read(process.stdout.fileno(), SIZE_BYTES, deadline))
        if size > _ANSWER_LIMIT:
            raise _Gone
        found: dict[str, Any] = msgspec.json.decode(_read(process.stdout.fileno(), size, deadline))
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        # Of the environment nothing that is a secret: whoever writes a template writes for this process.
        environment = {name: os.environ[name] for name in _SHARED_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            bufsize=-1,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                try:
                    assert stream is not None
                    stream.close()
                except OSError:
                    pass
            process.wait()


def _read(handle: int, size: int, deadline: float) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - clock.monotonic()))
        piece = os.read(handle, min(size - len(pieces), 1 << 20)) if ready else b""
        if not piece:
            raise _Gone
        pieces += piece
    return bytes(pieces)


worker = Worker()
atexit.register(worker.close)
