"""`watchroom web`: the pages and the API, served by waitress on a Unix socket (behind the gate) or on a port."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from ..intake.gate import addresses
from ..intake.gate.proxy import LATER
from ..kernel.settings import current
from . import ready
from .forwarded import Forwarded
from .parent import die_with_parent
from .ports import listen

_BODY_LIMIT_BYTES = 64 * 1024 * 1024


def run_web(host: str = "127.0.0.1", port: int = 8001, socket: str | Path | None = None) -> None:
    """Serve the web application until SIGTERM or SIGINT: on the Unix socket ``socket``, or on ``host`` and ``port``.

    :raises CannotListen: the port is in use.
    """
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = current()
    if not socket:
        listen(host, port).close()  # a port in use is said now, not once the database is there

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    import waitress

    from ..wsgi import application

    ready.wait()
    listening: dict[str, Any] = {} if socket else {"sockets": [listen(host, port)]}
    logging.getLogger("waitress").setLevel(logging.WARNING)
    trusted = addresses.networks(settings.trusted_proxies)
    application_ = Forwarded(application, always=bool(socket), trusted=trusted)

    def serving(threads: int, **where: Any) -> Any:
        return waitress.create_server(
            application_,
            **where,
            threads=max(1, threads),
            ident=None,
            clear_untrusted_proxy_headers=False,  # Forwarded judges them
            max_request_body_size=_BODY_LIMIT_BYTES,
            channel_timeout=120,
            connection_limit=400,
            asyncore_use_poll=True,
        )

    later = Path(f"{socket}{LATER}") if socket else None
    if later is not None:
        listening = {"unix_socket": str(socket), "unix_socket_perms": "600"}
        # What open pages re-read by themselves has threads of its own (see `Proxy`), few of them: a crowd of it must not
        # take the interpreter from those who do something.
        second = serving(settings.web_threads // 4, unix_socket=str(later), unix_socket_perms="600")
        threading.Thread(target=second.run, name="re-reads", daemon=True).start()
    server = serving(settings.web_threads, **listening)
    try:
        server.run()  # returns after SystemExit or KeyboardInterrupt, once the threads have ended
    finally:
        server.close()
        for path in (Path(socket), later) if socket and later else ():
            path.unlink(missing_ok=True)
