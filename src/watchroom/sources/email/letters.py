"""From a request to the letter in it. Pure. A letter comes as it is (RFC 5322), or as a mail service has taken it apart.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

from __future__ import annotations

import hashlib
import hmac
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qs

import nh3

from ..base import Inbound
from ..webhook import SHOWN_LIMIT, TEXT_LIMIT, Said, Unusable, form_of, is_form, json_of

_HEADERS_LIMIT, _HEADER_LIMIT, _ADDRESS_LIMIT = 100, 1_000, 320
_PARTS_LIMIT = 100


@dataclass(frozen=True)
class Letter:
    """A mail, as far as it matters. Header names are in lower case; of several with one name the first counts."""

    subject: str
    sender: str
    to: str
    text: str
    tag: str = ""  # what followed a + in the address that it was sent to
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """What a mapping sees of it."""
        named = {"subject": self.subject, "from": self.sender, "to": self.to, "text": self.text, "tag": self.tag}
        return {**named, "headers": dict(self.headers)}


def letter_of(inbound: Inbound) -> Letter:
    """The letter in a request.

    :raises Unusable: there is none, or its signature is wrong.
    """
    match inbound.path:
        case "/mailgun" | "/mailgun/mime":
            return _of_mailgun(inbound)
        case "/sendgrid":
            return _of_sendgrid(inbound)
        case "/postmark":
            return _of_postmark(inbound)
    return _of_message(inbound.body, (parse_qs(inbound.query).get("tag") or [""])[0])


def _clean(text: str, most: int) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:most]


def _plain(markup: str) -> str:
    """The words of an HTML text."""
    broken = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>", "\n", markup[: 20 * TEXT_LIMIT])
    text = html.unescape(nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "head", "title"}))
    return re.sub(r"\n\s*\n+", "\n\n", "\n".join(" ".join(line.split()) for line in text.splitlines())).strip()


def _letter(subject: str, sender: str, to: str, text: str, markup: str, tag: str, headers: Mapping[str, str]) -> Letter:
    return Letter(
        subject=" ".join(_clean(subject, 1_000).split()),
        sender=_clean(parseaddr(sender)[1] or sender, _ADDRESS_LIMIT).lower(),
        to=_clean(to, _ADDRESS_LIMIT),
        text=_clean(text.strip() or _plain(markup), TEXT_LIMIT),
        tag=_clean(tag, 100),
        headers={name: _clean(value, _HEADER_LIMIT) for name, value in list(headers.items())[:_HEADERS_LIMIT]},
    )


def _first(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(_clean(name, 100).lower(), value)
    return found


def _of_message(raw: bytes, tag: str) -> Letter:
    try:
        message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
        headers = _first([(str(name), str(value)) for name, value in message.items()])
    except Exception:  # the parser of the standard library fails on some letters in ways of its own
        raise Unusable("body", raw[:SHOWN_LIMIT].decode(errors="replace"), "send a mail as RFC 5322 has it.") from None
    if not headers:
        raise Unusable("body", raw[:SHOWN_LIMIT].decode(errors="replace"), "send a mail as RFC 5322 has it.")
    if message.get_content_type() == "multipart/report":
        headers["auto-submitted"] = "auto-replied"  # a bounce
    text, markup = _content(message, "plain"), _content(message, "html")
    return _letter(headers.get("subject", ""), headers.get("from", ""), "", text, markup, tag, headers)


def _content(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        raw = part.get_payload(decode=True) if part is not None else b""
        charset = part.get_content_charset("utf-8") if part is not None else "utf-8"
    except Exception:  # as above
        return ""
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(charset, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _fields(inbound: Inbound) -> dict[str, str]:
    """The fields of a form, in either of its two encodings; files are left out."""
    if is_form(inbound):
        return form_of(inbound.body)
    if not inbound.content_type.lower().startswith("multipart/form-data"):
        raise Unusable("Content-Type", inbound.content_type, "send a form.")
    head = b"Content-Type: " + inbound.content_type.encode(errors="replace") + b"\r\n\r\n"
    found: dict[str, str] = {}
    try:
        form = BytesParser(policy=policy.HTTP).parsebytes(head + inbound.body)
        for part in list(form.iter_parts())[:_PARTS_LIMIT]:
            name = part.get_param("name", header="content-disposition")
            raw = part.get_payload(decode=True)
            if isinstance(name, str) and part.get_filename() is None and isinstance(raw, bytes):
                found[name] = raw.decode("utf-8", "replace").rstrip("\r\n")
    except Exception:  # as above
        raise Unusable("body", "", "send a form.") from None
    return found


def _of_mailgun(inbound: Inbound) -> Letter:
    said = _fields(inbound)
    key = str(inbound.settings.get("signing_key") or "")
    if key:
        signed = f"{said.get('timestamp', '')}{said.get('token', '')}".encode(errors="replace")
        expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
        stated = said.get("signature", "")
        if not said.get("token") or not hmac.compare_digest(expected.encode(), stated.encode(errors="replace")):
            raise Unusable("signature", stated, "sign with the key of this integration's settings.")
    if "body-mime" in said:
        return _of_message(said["body-mime"].encode(), _tag(said.get("recipient", "")))
    try:
        pairs = Said(json_of(said.get("message-headers", "[]").encode(errors="replace"))).value
    except Unusable:
        pairs = []
    listed = pairs if isinstance(pairs, list) else []
    headers = _first([(str(each[0]), str(each[1])) for each in listed if isinstance(each, list) and len(each) == 2])
    if not said.get("subject") and not said.get("body-plain") and not said.get("body-html"):
        raise Unusable("subject", "", "send the fields that Mailgun sends.")
    to = said.get("recipient", "")
    sender = said.get("from") or said.get("sender", "")
    return _letter(
        said.get("subject", ""), sender, to, said.get("body-plain", ""), said.get("body-html", ""), _tag(to), headers
    )


def _of_sendgrid(inbound: Inbound) -> Letter:
    said = _fields(inbound)
    to = said.get("to", "")
    try:
        envelope = Said(json_of(said.get("envelope", "{}").encode(errors="replace")))
        to = next((each.line() for each in envelope["to"].each()), to)
    except Unusable:
        pass
    if "email" in said:  # “POST the raw, full MIME message”
        return _of_message(said["email"].encode(), _tag(to))
    lines = re.sub(r"\r?\n[ \t]+", " ", said.get("headers", "")).splitlines()
    headers = _first([(name, value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon])
    if not said.get("subject") and not said.get("text") and not said.get("html"):
        raise Unusable("subject", "", "send the fields that SendGrid sends.")
    return _letter(
        said.get("subject", ""), said.get("from", ""), to, said.get("text", ""), said.get("html", ""), _tag(to), headers
    )


def _of_postmark(inbound: Inbound) -> Letter:
    said = Said(json_of(inbound.body))
    headers = _first([(each["Name"].line(), each["Value"].text(_HEADER_LIMIT)) for each in said["Headers"].each()])
    if not said["Subject"] and not said["TextBody"] and not said["HtmlBody"]:
        raise Unusable("Subject", said["Subject"].value, "send the object that Postmark sends.")
    return _letter(
        said["Subject"].line(1_000), said["From"].line(_ADDRESS_LIMIT), said["OriginalRecipient"].line(_ADDRESS_LIMIT),
        said["TextBody"].text(TEXT_LIMIT), said["HtmlBody"].text(10 * TEXT_LIMIT), said["MailboxHash"].line(100), headers,
    )  # fmt: skip


def _tag(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[0].partition("+")[2]
