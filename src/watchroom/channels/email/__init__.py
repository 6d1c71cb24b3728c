"""E-mail: text and HTML with one big button, through the mail server of ``WATCHROOM_SMTP_URL``.

Format: RFC 5322 (message), 2046 (multipart/alternative), 3834 (Auto-Submitted), 6531 (addresses beyond ASCII; the
domain is always sent in ASCII, RFC 5890). A retry has the same Message-ID, so that a server or reader can drop it, and
mails with the same ``facts["thread"]`` share a reference, so that mail programs show them as one conversation.
"""

from __future__ import annotations

import hashlib
import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import Refused
from ..base import Delivery, DeliveryFailed, Field, Message
from ..wording import one_line, plain, title
from . import page, reply, smtp


class Email:
    """See the module's text."""

    name = "email"
    label = "E-mail"
    summary = "Choose this for what can wait for minutes, and as a second way beside a louder one."
    fields = (Field("address", "Address", "For example kim@example.org.", kind="email"),)
    quiet = True

    def missing(self) -> str:
        return "" if conf.current().smtp_url else "Watchroom has no mail server yet: WATCHROOM_SMTP_URL is not set."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: it is not an e-mail address."""
        return {"address": str(parse_address(settings.get("address")).addr_spec)}

    def describe(self, settings: dict[str, Any]) -> str:
        return str(settings.get("address", ""))

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Hand the mail to the server; the provider's id is the Message-ID.

        :raises DeliveryFailed: permanent when no mail server is set or it answers 5xx; see :func:`.smtp.deliver`.
        """
        configured = conf.current()
        if not configured.smtp_url:
            raise DeliveryFailed(
                "No mail server is set, so Watchroom can't send mail.",
                permanent=True,
                fix="Set WATCHROOM_SMTP_URL, for example to smtp+starttls://user:password@mail.example.org:587.",
            )
        sender = sender_of(configured.mail_from)
        try:
            recipient = parse_address(settings.get("address"))
        except Refused as error:
            raise DeliveryFailed(error.message, permanent=True, fix=error.fix) from None
        mail = compose(message, sender, recipient)
        smtp.deliver(smtp.Server.of(configured.smtp_url), mail, sender.addr_spec, recipient.addr_spec)
        return Delivery(provider_id=str(mail["Message-ID"]))


def parse_address(text: object) -> Address:
    """A bare address; its domain in ASCII, so that only letters before the @ can need SMTPUTF8.

    :raises Refused: it is not one.
    """
    raw = text.strip() if isinstance(text, str) else ""
    user, _, domain = raw.rpartition("@")
    try:
        if not raw.isprintable() or len(raw.encode()) > 254 or any(each in raw for each in " <>,;"):
            raise ValueError("not one bare address")
        if not user or not domain or any(not label for label in domain.split(".")):
            raise ValueError("a part is missing")
        ascii_domain = domain if domain.startswith("[") else domain.encode("idna").decode().lower()
        # The standard library's parser knows ASCII only, so any other letter takes a plain one's place before it.
        Address(addr_spec=f"{re.sub('[^ -~]', 'x', user)}@{ascii_domain}")
        return Address(username=user, domain=ascii_domain)
    except Exception:  # the parser of the standard library raises IndexError and more on odd input
        raise Refused(
            "That is not an e-mail address.",
            field="address",
            value=raw[:254],
            fix="Use one address such as kim@example.org.",
        ) from None


def sender_of(mail_from: str) -> Address:
    """``WATCHROOM_MAIL_FROM`` as ``Name <address>`` or a bare address."""
    name, spec = parseaddr(mail_from)
    try:
        return _named(name, parse_address(spec))
    except Refused:
        raise DeliveryFailed(
            "WATCHROOM_MAIL_FROM is not an e-mail address.", permanent=True, fix="Use Name <address> or an address."
        ) from None


def _named(name: str, address: Address) -> Address:
    return Address(display_name=one_line(name, 100), username=address.username, domain=address.domain)


def _identifier(kind: str, text: str, domain: str) -> str:
    """A Message-ID that is always the same for the same text and never holds any of it."""
    return f"<{kind}.{hashlib.sha256(text.encode()).hexdigest()[:32]}@{domain}>"


def compose(message: Message, sender: Address, recipient: Address) -> EmailMessage:
    """The whole mail. No text of the message can add or end a header: line breaks are taken out of each value."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender if sender.display_name else _named("Watchroom", sender)
    mail["To"] = _named(message.person, recipient)
    if (number := message.facts.get("notification")) and message.actions and conf.current().mail_reply_to:
        mail["Reply-To"] = reply.address(conf.current().mail_reply_to, int(number))
    mail["Subject"] = title(message)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = _identifier("message", message.key, sender.domain)
    if thread := message.facts.get("thread"):
        reference = _identifier("thread", str(thread), sender.domain)
        mail["In-Reply-To"] = reference
        mail["References"] = reference
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # Outlook's and Exchange's word for the same
    mail["X-Watchroom-Purpose"] = one_line(message.purpose, 40)
    if message.drill:
        mail["X-Watchroom-Drill"] = "yes"
    if message.urgent:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    text = plain(message)
    if mail["Reply-To"] and message.purpose in {"page", "role"}:
        text += "\n\nOr reply with one word: ack, or escalate."
    mail.set_content(_encodable(text), cte="quoted-printable")
    mail.add_alternative(_encodable(page.render(message)), subtype="html", cte="quoted-printable")
    return mail


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


channel = Email()
