"""`watchroom gate`: the gate's parts put together, and served by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from pathlib import Path

import uvicorn

from ..intake.gate import addresses
from ..intake.gate.app import Gate
from ..intake.gate.database import database
from ..intake.gate.keys import TOPIC, Keys
from ..intake.gate.mail import MailIn
from ..intake.gate.metrics import Metrics
from ..intake.gate.proxy import Proxy
from ..intake.gate.store import Store
from ..kernel import plugins
from ..kernel.errors import Refused
from ..kernel.settings import Settings, current
from ..live.events import Live
from ..live.hub import EVERYTHING, Hub
from ..live.rooms import Rooms
from ..live.wakes import wakes
from .logs import to_stderr
from .parent import die_with_parent
from .ports import listen
from .protocol import Protocol
from .shelf import Shelf

log = logging.getLogger("watchroom.gate")

_KEEP_ALIVE_SECONDS = 320  # Prometheus keeps idle connections for five minutes; it should be the one to close them
_GRACE_SECONDS = 8


def run_gate(host: str, port: int, web_socket: str | Path | None = None) -> None:
    """Serve the gate until SIGTERM or SIGINT. With ``web_socket``, whatever is not for the gate is passed on to there.

    :raises CannotListen: the port is in use.
    """
    die_with_parent()
    to_stderr()
    listener = listen(host, port)
    hub = Hub()
    application = build(current(), hub, web_socket)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # uvicorn raises the signal again after its clean end: that shall be the end of it, not a traceback.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: None)
    gc.collect()
    gc.freeze()
    _stay_on_one_processor()
    _Server(config, hub).run(sockets=[listener])


def _stay_on_one_processor() -> None:
    """Keep all threads of this process on the processor on which it runs now (Linux).

    The event loop and the writer take turns: each waits for the other, some thousand times a second. On one processor that is a
    change of threads, a few microseconds; to wake another one that sleeps takes some fifty, which was a tenth of what a sender
    waits for. Others, who may run anywhere, make room.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) == 1:
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        about = Path("/proc/self/stat").read_text()
        fields = about.rpartition(")")[
            2
        ].split()  # from the third on, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        os.sched_setaffinity(0, {int(fields[39 - 3])})


def build(settings: Settings, hub: Hub, web_socket: str | Path | None = None) -> Gate:
    """The whole gate as an ASGI application."""
    try:
        trusted = addresses.networks(settings.trusted_proxies)
    except ValueError as error:
        raise Refused(
            "WATCHROOM_TRUSTED_PROXIES is not accepted:",
            field="WATCHROOM_TRUSTED_PROXIES",
            value=",".join(settings.trusted_proxies),
            fix=f"{error}.",
        ) from None
    keys = Keys(database(settings))
    numbers = Metrics(lambda: len(store))
    store = Store(database(settings), committed=numbers.committed)
    reloads: set[asyncio.Task[None]] = set()

    def heard(topics: frozenset[str]) -> None:
        if TOPIC in topics or EVERYTHING in topics:
            task = asyncio.ensure_future(keys.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    hub.on_wake(heard)
    proxy = Proxy(str(web_socket), trusted) if web_socket else None
    shelf = Shelf(proxy, settings, trusted) if proxy is not None else None
    if shelf is not None:
        hub.on_wake(shelf.heard)
    rooms = Rooms(proxy.ask) if proxy is not None else None
    if rooms is not None:
        hub.on_wake(rooms.heard)
    gate = Gate(
        keys=keys,
        store=store,
        numbers=numbers,
        sources=plugins.all_of("watchroom.sources"),
        live=Live(hub, rooms),
        proxy=proxy,
        shelf=shelf,
        parts=[wakes(hub, settings), *(each for each in (shelf, rooms) if each is not None)],
        trusted=trusted,
        metrics_token=settings.metrics_token,
        signals_per_minute=settings.signals_per_minute,
    )
    if settings.smtp_listen is not None:
        gate.add(_mail(gate, settings, *settings.smtp_listen, trusted))
    return gate


def _mail(gate: Gate, settings: Settings, host: str, port: int, trusted: tuple[addresses.Network, ...]) -> MailIn:
    certificate, key = settings.smtp_certificate, settings.smtp_certificate_key
    if settings.mail_reply_to and settings.mail_reply_to.lower() == settings.mail_declare_to.lower():
        raise Refused(
            "Replies to pages and mail that declares incidents can't come to the same address.",
            field="WATCHROOM_MAIL_DECLARE_TO",
            value=settings.mail_declare_to,
            fix="Give each an address of its own, such as reply@… and incidents@….",
        )
    asked = {settings.mail_reply_to: "/mail/reply", settings.mail_declare_to: "/mail/declare"}
    try:
        return MailIn(
            gate.letters, host, port, domain=settings.smtp_domain, certificate=certificate, key=key, trusted=trusted,
            handed_over={address: path for address, path in asked.items() if address},
        )  # fmt: skip
    except OSError as error:  # a missing file, or what is no certificate (ssl.SSLError)
        raise Refused(
            "The certificate for mail can't be read.",
            field="WATCHROOM_SMTP_CERTIFICATE",
            value=str(certificate),
            fix=f"{error}.",
        ) from None


class _Server(uvicorn.Server):
    """uvicorn waits for open requests before it ends, and an event stream is one that never ends by itself."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)
