"""Handing a mail to the server of ``WATCHROOM_SMTP_URL``, and what its answers mean (RFC 5321, 4.2.1)."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ..base import DeliveryFailed
from ..wording import one_line

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A mail server as ``WATCHROOM_SMTP_URL`` names it. Only smtps and smtp+starttls encrypt, and then they must."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Server:
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def connect(self) -> smtplib.SMTP:
        """An open, encrypted and signed-in connection, as far as the URL says so."""
        if self.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            if self.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def deliver(server: Server, mail: EmailMessage, sender: str, recipient: str) -> None:
    """Hand ``mail`` over. Returns only after the server has taken responsibility for it.

    :raises DeliveryFailed: permanent for a 5xx answer and for what the server can't do, temporary for anything else.
    """
    try:
        smtp = server.connect()
        try:
            smtp.send_message(mail, from_addr=sender, to_addrs=[recipient])
        finally:
            # The mail is in the server's hands, or it is not: a quarrel about the goodbye changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _answered(server, code, said) from None
    except smtplib.SMTPAuthenticationError as error:
        raise _answered(
            server, error.smtp_code, error.smtp_error, fix="Check user and password in WATCHROOM_SMTP_URL."
        ) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(server, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryFailed(
            f"The mail server {server.host} can't do what is needed: {one_line(str(error))}.",
            permanent=True,
            fix="Check the scheme of WATCHROOM_SMTP_URL, or use an address in plain letters.",
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        reason = one_line(str(error)) or type(error).__name__
        raise DeliveryFailed(f"The mail server {server.host}:{server.port} could not be used: {reason}.") from None


def _answered(server: Server, code: int, said: bytes | str, fix: str = "") -> DeliveryFailed:
    text = one_line(said.decode(errors="replace") if isinstance(said, bytes) else said)
    return DeliveryFailed(
        f"The mail server {server.host} answered {code} {text}".rstrip() + ".", permanent=500 <= code <= 599, fix=fix
    )
