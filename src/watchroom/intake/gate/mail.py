"""Mail in: an SMTP listener (RFC 5321) inside the gate. ``KEY@…`` is an integration, ``KEY+tag@…`` the same with a tag; two
more addresses are those of replies to pages and of mails that declare incidents, which the web process reads.

A mail is accepted (250) after the commit that holds it. There is nothing to relay: an address that is no key is refused.
Whoever is connected has to send mail: who only talks, or takes too long, is sent away and may come back.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, AnyStr, Protocol, cast
from urllib.parse import urlencode

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from ...sources.base import Reply
from . import addresses, limits
from .database import Integration, Unavailable
from .seats import Full, Seats

log = logging.getLogger("watchroom.gate")

RECIPIENTS = 20
IDLE_SECONDS = 60  # between two commands, and for one mail
PATIENCE_SECONDS = 180.0  # without a mail that was taken
ANSWERS = 100  # without a mail that was taken; twenty recipients need some thirty
LINE_BYTES = (
    128 * 1024
)  # RFC 5321 has 1000, which scripts do not know; a line that is longer would be a mail that is lost
LAST_WORD_SECONDS = 5.0  # for our last line to be read
HEARTBEAT_PREFIX = "wrh_"
_WORDS = {"": "", "ok": "", "success": "", "start": "start", "fail": "fail", "log": "log"}
_NOBODY = "550 5.1.1 No integration has this address; copy it again from its page."
_LATER = "451 4.3.0 It can't be stored at the moment; send it again later."


class Doors(Protocol):
    """What the gate does with a mail."""

    async def integration(self, key: str) -> Integration | None: ...

    async def take_mail(self, integration: Integration, body: bytes, query: str, remote: str) -> Reply: ...

    async def ping(self, key: str, word: str, body: bytes) -> int: ...

    async def hand_over(self, path: str, mail: bytes) -> tuple[int, bytes]: ...


class _Told(msgspec.Struct):
    """What the web process says of a mail. ``refused``: whoever sent it shall hear ``text`` from their mail server."""

    text: str = ""
    refused: bool = False


class MailIn:
    """The listener, as a part of the gate."""

    def __init__(
        self,
        doors: Doors,
        host: str,
        port: int,
        *,
        domain: str = "",
        certificate: Path | None = None,
        key: Path | None = None,
        trusted: tuple[addresses.Network, ...] = (),
        handed_over: Mapping[str, str] | None = None,
    ) -> None:
        """``handed_over``: which addresses are for the web process (``incidents@in.example.org``), and its path for each."""
        self._handed_over = {address.lower(): path for address, path in (handed_over or {}).items()}
        self._doors, self._host, self._port, self._domain = doors, host, port, domain
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificate, key)
        self._server: asyncio.Server | None = None
        self.seats = Seats(trusted)

    @property
    def port(self) -> int:
        """Where it listens; of interest when it was told to choose."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # it writes addresses down, and they are keys
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self._port)
        log.info("Mail is taken at %s:%d.", self._host, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def _session(self) -> SMTP:
        return _Connection(
            self,
            data_size_limit=limits.BODY_BYTES,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=self._domain or "watchroom",
            ident="Watchroom",
            tls_context=self._tls,
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )

    # --- What aiosmtpd asks ---

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local, _, domain = address.rpartition("@")
        if self._domain and domain.lower() != self._domain.lower():
            return "550 5.7.1 Mail is taken for this domain only: " + self._domain
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        key = local.partition("+")[0]
        if not key.lower().startswith(HEARTBEAT_PREFIX) and self._path_for(address) is None:
            try:
                found = await self._find(key)
            except Unavailable:
                return _LATER
            if found is None:
                return _NOBODY
            if found.paused:
                return "450 4.2.1 This integration is paused"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        body = envelope.content if isinstance(envelope.content, bytes) else b""
        remote = str(session.peer[0]) if isinstance(session.peer, tuple) else ""
        told = [await self._deliver(address, body, remote) for address in envelope.rcpt_tos]
        if isinstance(server, _Connection) and any(each.startswith("2") for each in told):
            server.has_sent()
        # One answer for all of them: what one did not get is sent again to all, and alerts know themselves by their key.
        return next((each for each in told if each.startswith("4")), None) or next(
            (each for each in told if each.startswith("5")), "250 2.0.0 Stored"
        )

    async def _find(self, key: str) -> Integration | None:
        found = await self._doors.integration(key)
        if found is None and key != key.lower():
            found = await self._doors.integration(key.lower())
        return found if found is not None and found.source == "email" else None

    async def _deliver(self, address: str, body: bytes, remote: str) -> str:
        key, _, tag = address.rpartition("@")[0].partition("+")
        try:
            if (path := self._path_for(address)) is not None:
                return await self._hand_over(path, address, body)
            if key.lower().startswith(HEARTBEAT_PREFIX):
                return await self._ping(key, tag, body)
            integration = await self._find(key)
            if integration is None:
                return _NOBODY
            reply = await self._doors.take_mail(integration, body, urlencode({"tag": tag[:100]}) if tag else "", remote)
        except Unavailable:
            return _LATER
        if reply.status < 300:
            return "250 2.0.0 Stored"
        # What can't be read is in the tray; the sender's mail server shall tell its owner, not try again.
        return "554 5.6.0 It can't be read; see the tray of the integration." if reply.status in (400, 401) else _LATER

    def _path_for(self, address: str) -> str | None:
        local, _, domain = address.lower().rpartition("@")
        return self._handed_over.get(f"{local.partition('+')[0]}@{domain}")

    async def _hand_over(self, path: str, address: str, body: bytes) -> str:
        # The envelope says for which message a reply is; the To line may name a list or somebody else.
        to = "".join(each for each in address if each.isprintable())
        status, said = await self._doors.hand_over(path, f"Delivered-To: {to}\r\n".encode() + body)
        if status >= 300:
            return _LATER if status >= 500 or status in (408, 429) else "554 5.6.0 It can't be read."
        try:
            told = msgspec.json.decode(said, type=_Told)
        except msgspec.MsgspecError:
            return _LATER
        text = " ".join(told.text.encode("ascii", "replace").decode().split())[:300]
        return f"550 5.7.1 {text}" if told.refused else f"250 2.0.0 {text}"

    async def _ping(self, key: str, tag: str, body: bytes) -> str:
        word = _WORDS.get(tag.lower())
        if word is None:
            return "550 5.1.1 After the + say start, fail or log"
        status = await self._doors.ping(key, word, body)
        return (
            "250 2.0.0 OK" if status < 300 else _LATER if status >= 500 else "550 5.1.1 No heartbeat has this address"
        )


class _Connection(SMTP):
    """One connection; one too many is told to come back, and so is one that sends no mail."""

    line_length_limit = LINE_BYTES

    def __init__(self, mail: MailIn, **named: Any) -> None:
        super().__init__(mail, **named)
        self._mail = mail
        self._seat: str | None = None
        self._answers, self._over = 0, False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        if self._seat is None:  # after STARTTLS it is called again
            peer = transport.get_extra_info("peername")
            try:
                self._seat = self._mail.seats.take(str(peer[0]) if peer else "")
            except Full as full:
                transport.write(f"421 4.7.0 {full}; come back later\r\n".encode())
                transport.close()
                return
            self._wait_for_a_mail()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if self._seat is not None:
            self._mail.seats.leave(self._seat)
            self._seat = None
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._seat is not None else False

    async def push(self, status: AnyStr) -> None:
        """Answer. Every command has at least one, also one that makes no sense."""
        if self._over:
            return
        self._answers += 1
        if self._answers > ANSWERS:
            self._send_away("421 4.7.0 Too many commands without a mail; come back later")
        else:
            await super().push(status)

    def has_sent(self) -> None:
        """A mail was taken: whoever sends is welcome for as long again."""
        self._answers = 0
        self._wait_for_a_mail()

    def _wait_for_a_mail(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        said = "421 4.4.2 Too long without a mail; come back later"
        self._patience = self.loop.call_later(PATIENCE_SECONDS, self._send_away, said)

    def _send_away(self, said: str) -> None:
        transport = cast("asyncio.Transport | None", self.transport)
        if self._over or transport is None:
            return
        self._over = True
        transport.write(f"{said}\r\n".encode())
        transport.close()
        # One who does not read would keep the connection, and its seat, for ever.
        self.loop.call_later(LAST_WORD_SECONDS, transport.abort)

    def _timeout_cb(self) -> None:
        self._send_away("421 4.4.2 Too slow; come back later")
