"""A mail server that keeps what it is given, for the e-mail channel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from .programs import PATIENCE, free_port


@dataclass(frozen=True)
class Mail:
    """One mail as it came: the envelope, and the message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


class SmtpPeer:
    """Listens on a free port. ``refuse_with`` makes it refuse: "451 Try again later" or "550 No such user"."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refuse_with = ""
        self.attempts = 0
        self._changed = threading.Condition()
        self._controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    def start(self) -> SmtpPeer:
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def clear(self) -> None:
        with self._changed:
            self.mails.clear()
            self.refuse_with, self.attempts = "", 0

    def wait_for(self, predicate: Callable[[Mail], bool] = lambda mail: True, timeout: float = 60) -> Mail:
        """The first mail for which ``predicate`` holds, as soon as it is there.

        :raises AssertionError: none came in time; the message lists those that did.
        """
        with self._changed:
            found: list[Mail] = []

            def there() -> bool:
                found[:] = [mail for mail in self.mails if predicate(mail)]
                return bool(found)

            if not self._changed.wait_for(there, PATIENCE * timeout):
                came = "\n".join(f"  to {', '.join(mail.recipients)}: {mail.subject}" for mail in self.mails)
                raise AssertionError(
                    f"No such mail within {PATIENCE * timeout:g} s. Those that came:\n{came or '  none'}"
                )
            return found[0]

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()
            if self.refuse_with:
                return self.refuse_with
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.mails.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 Message accepted"
