"""A gate in this process, on a port of its own, and a plain client for it."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from watchroom.kernel.settings import current
from watchroom.live.hub import Hub
from watchroom.serving.gate import _Server, build
from watchroom.serving.ports import listen
from watchroom.serving.protocol import Protocol


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A gate that answers on ``port``."""

    port: int
    hub: Hub

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def send(self, key: str, body: bytes | list[Any], path: str = "/api/v2/alerts") -> Answer:
        """Send a signal."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", f"/in/{key}{path}", raw, Content_Type="application/json")


@contextmanager
def running_gate(web_socket: Path | None = None, *, keep_alive_seconds: int = 5) -> Iterator[Running]:
    hub = Hub()
    config = uvicorn.Config(
        build(current(), hub, web_socket), loop="uvloop", http=Protocol, ws="none", lifespan="on", log_config=None,
        access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=3,
        timeout_keep_alive=keep_alive_seconds,
    )  # fmt: skip
    server = _Server(config, hub)
    listener = listen("127.0.0.1", 0)
    started = threading.Event()

    async def say_started(*arguments: Any, **named: Any) -> None:
        await startup(*arguments, **named)
        started.set()

    startup, server.startup = server.startup, say_started  # type: ignore[method-assign]
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert started.wait(60), "the gate does not start"
    try:
        yield Running(listener.getsockname()[1], hub)
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        assert not thread.is_alive(), "the gate does not end"


def alert(name: str = "Test", **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}
