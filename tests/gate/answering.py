"""A gate with a real web process's application behind it, on the test's database."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import waitress

from gate.running import Running, running_gate
from watchroom.serving.forwarded import Forwarded


@contextmanager
def answering_gate() -> Iterator[Running]:
    """The gate, and waitress with Django, as `watchroom serve` puts them together, but in this process."""
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    application = get_wsgi_application()

    def alone(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return list(application(environ, start))
        finally:
            connections.close_all()  # this thread's own

    with tempfile.TemporaryDirectory(prefix="watchroom-web-") as home:
        socket = Path(home) / "web.sock"
        server = waitress.create_server(
            Forwarded(alone, always=True), unix_socket=str(socket), threads=2, asyncore_use_poll=True, ident=None,
            clear_untrusted_proxy_headers=False,
        )  # fmt: skip
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            with running_gate(socket) as gate:
                yield gate
        finally:
            server.close()
            server.task_dispatcher.shutdown()
