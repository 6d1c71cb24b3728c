"""Asking Watchroom for orders, listening for the next, and telling what came of them. Only outgoing requests."""

from __future__ import annotations

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from ... import __version__
from ...kernel import clock
from ...kernel.errors import Refused
from .config import Config
from .journal import Journal
from .running import carry_out

log = logging.getLogger("watchroom.agent")
LISTEN_SECONDS = 50.0
AGAIN_SECONDS = 5.0
MOST_TRIES = 120  # to tell how something ended: ten minutes and more


class Asker:
    """One agent."""

    def __init__(self, config: Config, http: httpx.Client | None = None, *, pause: float = AGAIN_SECONDS) -> None:
        self.config, self.journal, self._pause = config, Journal(config.journal), pause
        self.stop = threading.Event()
        self._free = threading.Semaphore(config.at_once)
        self._pool = ThreadPoolExecutor(config.at_once)
        self._http = http or httpx.Client(
            base_url=config.url, headers={"Authorization": f"Bearer {config.key}"}, timeout=httpx.Timeout(20)
        )

    def run(self) -> None:
        """Until :attr:`stop` is set. What was cut off when it last ran is told first."""
        for order, token in self.journal.cut_off:
            self._end(order, token, "unknown", "The agent was stopped while it ran this: look.")
        while not self.stop.is_set():
            try:
                live = self.once()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                log.warning("Watchroom can't be asked: %s", error)
                self.stop.wait(self._pause)
                continue
            if live:
                self._listen(live)
        self._pool.shutdown(wait=True)

    def once(self) -> str:
        """Ask once, and have carried out what there is. Returns where to listen for more; empty: ask again."""
        while not self._free.acquire(timeout=0.5):
            if self.stop.is_set():
                return ""
        begun = False
        try:
            answer = self._http.post(
                f"/api/v1/agents/{self.config.runner}/fetch",
                json={"version": __version__, "commands": sorted(self.config.commands)},
            )
            if answer.status_code in {401, 403}:
                raise ValueError("it does not know this runner's key")
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            order = said["order"]
            if order is None:
                return str(said["live"])
            self._pool.submit(self._work, order)
            begun = True
            return ""
        finally:
            if not begun:
                self._free.release()

    def _work(self, order: dict[str, Any]) -> None:
        try:
            self.carry_out(order)
        except Exception:
            log.exception("Order %s went wrong in a way it should not.", order.get("id"))
        finally:
            self._free.release()

    def carry_out(self, order: dict[str, Any]) -> None:
        """Run what is ordered, if the file allows it and it never was run before, and tell what came of it."""
        number, token, name = int(order["id"]), str(order["token"]), str(order["command"])
        try:
            is_new = self.journal.begin(number, token)
        except OSError as error:
            self._end(number, token, "failed", f"The agent's journal can't be written: {error}. Nothing was run.")
            return
        if not is_new:
            log.error("Order %s was handed out a second time; it is not run again.", number)
            return
        command = self.config.commands.get(name)
        if command is None:
            self._end(number, token, "failed", f"The agent's file allows no command {name!r}. Nothing was run.")
            return
        log.info("Order %s (incident %s): %s", number, order.get("incident"), name)
        try:
            state, output = carry_out(
                command,
                order["parameters"],
                int(order["seconds"]),
                lambda state, said: self._tell(number, token, state, said),
            )
        except Refused as refused:
            state, output = "failed", f"{refused} Nothing was run."
        self._end(number, token, state, output)

    def _end(self, number: int, token: str, state: str, output: str) -> None:
        for _ in range(MOST_TRIES):
            if self._tell(number, token, state, output):
                try:
                    self.journal.end(token)
                except OSError:
                    log.exception("The journal can't be written.")
                return
            if self.stop.wait(self._pause):
                return

    def _tell(self, number: int, token: str, state: str, output: str) -> bool:
        """Whether Watchroom knows it now, or does not want to know any more."""
        try:
            answer = self._http.post(
                f"/api/v1/agents/{self.config.runner}/orders/{number}",
                json={"token": token, "state": state, "output": output},
            )
        except httpx.HTTPError as error:
            log.warning("Watchroom can't be told of order %s: %s", number, error)
            return False
        return answer.is_success or answer.status_code in {404, 409}

    def _listen(self, path: str) -> None:
        """Wait for a word that there is something to do; at most so long, since a word can be lost."""
        until = clock.monotonic() + LISTEN_SECONDS
        try:
            with self._http.stream("GET", path, timeout=httpx.Timeout(20, read=LISTEN_SECONDS)) as answer:
                answer.raise_for_status()
                for number, line in enumerate(answer.iter_lines()):
                    if self.stop.is_set() or clock.monotonic() > until or line.startswith("data:"):
                        return
                    if number == 0 and not self.once():  # what came between asking and listening
                        return
        except httpx.ReadTimeout:
            return
        except httpx.HTTPError as error:
            log.info("Watchroom can't be listened to (%s); it is asked every few seconds.", error)
            self.stop.wait(self._pause)


def serve(config: Config) -> None:
    """Run until SIGTERM or Ctrl-C; what runs is let come to its end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asker = Asker(config)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: asker.stop.set())
    log.info("Asking %s as %s; allowed: %s", config.url, config.runner, ", ".join(sorted(config.commands)))
    asker.run()
