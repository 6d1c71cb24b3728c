"""What this agent has begun, on its own disk before it begins: so that whatever it is sent, nothing is run twice."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

_MOST = 2_000  # orders remembered; older ones have ended in Watchroom


class Journal:
    """A file with a line for each order that was begun, and one for each that ended."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._begun: dict[str, bool] = {}  # token: whether it ended
        self._orders: dict[str, int] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    said = json.loads(line)
                    token = str(said["token"])
                except (ValueError, KeyError, TypeError):
                    continue  # a line that was cut off: its order was never begun
                self._begun[token] = self._begun.get(token, False) or bool(said.get("ended"))
                self._orders[token] = int(said.get("order", 0)) or self._orders.get(token, 0)
        self._rewrite()  # also to find out now whether it can be written

    @property
    def cut_off(self) -> list[tuple[int, str]]:
        """Orders (with their tokens) that were begun, and whose end is not known."""
        return [(self._orders[token], token) for token, ended in self._begun.items() if not ended]

    def begin(self, order: int, token: str) -> bool:
        """Write down that it is begun. False: it was before, and must not be run."""
        with self._lock:
            if token in self._begun:
                return False
            self._begun[token], self._orders[token] = False, order
            try:
                self._write({"order": order, "token": token})
            except OSError:
                self._begun[token] = True  # nothing was begun: nothing is cut off
                raise
            return True

    def end(self, token: str) -> None:
        """Write down that Watchroom knows how it ended."""
        with self._lock:
            self._begun[token] = True
            self._write({"order": self._orders.get(token, 0), "token": token, "ended": True})

    def _write(self, said: dict[str, object]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(said) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _rewrite(self) -> None:
        """Without what is long past."""
        self._begun = dict(list(self._begun.items())[-_MOST:])
        fresh = self._path.with_suffix(self._path.suffix + ".new")
        with fresh.open("w") as file:
            for token, ended in self._begun.items():
                file.write(json.dumps({"order": self._orders[token], "token": token, "ended": ended}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
