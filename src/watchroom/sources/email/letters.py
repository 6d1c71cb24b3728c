"""From a request to the letter in it. Pure. A letter comes as it is (RFC 5322), or as a mail service has taken it apart.

Whoever knows an address may send what is made to be slow to read. So headers are cut before anything looks into them, the
depth of its parts is limited, and the newer parser of the standard library, which needs minutes for some headers, is not used.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

from __future__ import annotations

import codecs
import hashlib
import hmac
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qs

import nh3

from ..base import Inbound
from ..webhook import SHOWN_LIMIT, TEXT_LIMIT, Said, Unusable, form_of, is_form, json_of

_HEADERS_LIMIT, _HEADER_LIMIT, _ADDRESS_LIMIT = 100, 1_000, 320
_PARTS_LIMIT, _DEPTH_LIMIT = 100, 10
_RAW_HEADER_LIMIT = 4_096  # characters of a header that are looked at, encoded as it is
_TAGS_LIMIT = 10_000  # of a text in HTML; what is nested deeper takes its reader too long
_UNREAD = "The text of this mail can't be read; as it came, it is kept with the integration's signals."
_NO_CHARSETS = ("idna", "punycode", "unicode_escape")  # of mail; the first two are quadratic


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


class _Cut(Compat32):
    """Keeps no more of a header than is looked at; of those of the parts too, which the parser itself reads."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_RAW_HEADER_LIMIT]


class _Part(Message):
    """A message, or a part of one. The parser asks for every line whether it ends any of the parts that it is inside of."""

    depth = 0

    def attach(self, payload: Message) -> None:  # type: ignore[override]
        if isinstance(payload, _Part):
            payload.depth = self.depth + 1
            if payload.depth > _DEPTH_LIMIT:
                raise ValueError("parts in parts")
        super().attach(payload)


def _parsed(raw: bytes, *, head_only: bool = False) -> Message:
    """A message with headers that are cut.

    :raises ValueError: its parts are too deep in each other. The parser fails on some messages in ways of its own, too.
    """
    return BytesParser(_class=_Part, policy=_Cut()).parsebytes(raw, headersonly=head_only)


def letter_of(inbound: Inbound, *, head_only: bool = False) -> Letter:
    """The letter in a request. With ``head_only`` its text is left as it came: it only says whether there is any.

    :raises Unusable: there is none, or its signature is wrong.
    """
    match inbound.path:
        case "/mailgun" | "/mailgun/mime":
            return _of_mailgun(inbound, head_only)
        case "/sendgrid":
            return _of_sendgrid(inbound, head_only)
        case "/postmark":
            return _of_postmark(inbound, head_only)
    return _of_message(inbound.body, (parse_qs(inbound.query).get("tag") or [""])[0], head_only)


def _clean(text: str, most: int) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:most]


def _plain(markup: str) -> str:
    """The words of an HTML text."""
    broken = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,1000}>", "\n", markup[: 20 * TEXT_LIMIT])
    broken = "<".join(broken.split("<", _TAGS_LIMIT)[:_TAGS_LIMIT])
    text = html.unescape(nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "head", "title"}))
    return re.sub(r"\n\s*\n+", "\n\n", "\n".join(" ".join(line.split()) for line in text.splitlines())).strip()


def _letter(
    subject: str, sender: str, to: str, text: str, markup: str, tag: str, headers: Mapping[str, str], head_only: bool
) -> Letter:
    return Letter(
        subject=" ".join(_clean(subject, 1_000).split()),
        sender=_clean(_address(sender) or sender, _ADDRESS_LIMIT).lower(),
        to=_clean(to, _ADDRESS_LIMIT),
        text=_clean(text.strip() or (markup.strip() if head_only else _plain(markup)), TEXT_LIMIT),
        tag=_clean(tag, 100),
        headers={name: _clean(value, _HEADER_LIMIT) for name, value in headers.items()},
    )


def _first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, as they came. Of several with one name the first counts, of too many names the first ones."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if len(found) == _HEADERS_LIMIT:
            break
        found.setdefault(_clean(name, 100).lower(), value)
    return found


def _address(text: str) -> str:
    try:
        return parseaddr(text[:_HEADER_LIMIT])[1]
    except RecursionError:  # comments in comments
        return ""


def _words(raw: bytes, charset: str) -> str:
    try:
        known = codecs.lookup(charset).name not in _NO_CHARSETS
        return raw.decode(charset if known else "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _decoded(value: str) -> str:
    """What a header says: unfolded, its encoded words (RFC 2047) decoded, what is in no charset at all read as UTF-8."""
    line = re.sub(r"[\r\n]+", "", _words(value.encode("utf-8", "surrogateescape"), "utf-8"))
    try:
        pieces = decode_header(line)
    except HeaderParseError:
        return line
    plain = "ascii" if line.isascii() else "raw_unicode_escape"  # as `decode_header` gives what is between the words
    return "".join(piece if isinstance(piece, str) else _words(piece, charset or plain) for piece, charset in pieces)


def _of_message(raw: bytes, tag: str, head_only: bool) -> Letter:
    unread = ""
    try:
        try:
            message = _parsed(raw, head_only=head_only)
        except Exception:  # parts that are too deep in each other, say: the subject is there all the same
            message, unread = _parsed(raw, head_only=True), _UNREAD
        headers = {name: _decoded(value) for name, value in _first(message.raw_items()).items()}
        is_bounce = message.get_content_type() == "multipart/report"
    except Exception:  # the parser of the standard library fails on some letters in ways of its own
        raise Unusable("body", raw[:SHOWN_LIMIT].decode(errors="replace"), "send a mail as RFC 5322 has it.") from None
    if not headers:
        raise Unusable("body", raw[:SHOWN_LIMIT].decode(errors="replace"), "send a mail as RFC 5322 has it.")
    if is_bounce:
        headers["auto-submitted"] = "auto-replied"  # it comes from a mail system
    if unread:
        text, markup = unread, ""
    elif head_only:
        body = message.get_payload(decode=True)
        text, markup = _words(body, "utf-8") if isinstance(body, bytes) else "", ""
    else:
        text, markup = _content(message, "plain"), _content(message, "html")
    return _letter(headers.get("subject", ""), headers.get("from", ""), "", text, markup, tag, headers, head_only)


def _inside(message: Message) -> list[Message]:
    """Its parts. What is no multipart is not asked: its text would be decoded, in whatever charset it says."""
    parts = message.get_payload() if message.is_multipart() else []
    return [each for each in parts if isinstance(each, Message)] if isinstance(parts, list) else []


def _texts(message: Message) -> Iterator[Message]:
    """The parts in their order, without what is attached and what is inside of it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_disposition() == "attachment":
            continue
        if part.get_content_maintype() == "multipart":
            waiting.extend(reversed(_inside(part)))
        elif part.get_content_maintype() == "text":
            yield part


def _content(message: Message, kind: str) -> str:
    try:
        part = next((each for each in _texts(message) if each.get_content_subtype() == kind), None)
        raw = part.get_payload(decode=True) if part is not None else b""
        charset = part.get_content_charset("utf-8") if part is not None else "utf-8"
    except Exception:  # as above
        return ""
    return _words(raw, charset) if isinstance(raw, bytes) else ""


def _fields(inbound: Inbound) -> dict[str, str]:
    """The fields of a form, in either of its two encodings; files are left out."""
    if is_form(inbound):
        return form_of(inbound.body)
    if not inbound.content_type.lower().startswith("multipart/form-data"):
        raise Unusable("Content-Type", inbound.content_type, "send a form.")
    head = b"Content-Type: " + inbound.content_type.encode(errors="replace") + b"\r\n\r\n"
    found: dict[str, str] = {}
    try:
        for part in _inside(_parsed(head + inbound.body))[:_PARTS_LIMIT]:
            name = part.get_param("name", header="content-disposition")
            raw = part.get_payload(decode=True)
            if isinstance(name, str) and part.get_filename() is None and isinstance(raw, bytes):
                found[name] = raw.decode("utf-8", "replace").rstrip("\r\n")
    except Exception:  # as above
        raise Unusable("body", "", "send a form.") from None
    return found


def _of_mailgun(inbound: Inbound, head_only: bool) -> Letter:
    said = _fields(inbound)
    key = str(inbound.settings.get("signing_key") or "")
    if key:
        signed = f"{said.get('timestamp', '')}{said.get('token', '')}".encode(errors="replace")
        expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
        stated = said.get("signature", "")
        if not said.get("token") or not hmac.compare_digest(expected.encode(), stated.encode(errors="replace")):
            raise Unusable("signature", stated, "sign with the key of this integration's settings.")
    if "body-mime" in said:
        return _of_message(said["body-mime"].encode(), _tag(said.get("recipient", "")), head_only)
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
    text, markup = said.get("body-plain", ""), said.get("body-html", "")
    return _letter(said.get("subject", ""), sender, to, text, markup, _tag(to), headers, head_only)


def _of_sendgrid(inbound: Inbound, head_only: bool) -> Letter:
    said = _fields(inbound)
    to = said.get("to", "")
    try:
        envelope = Said(json_of(said.get("envelope", "{}").encode(errors="replace")))
        to = next((each.line() for each in envelope["to"].each()), to)
    except Unusable:
        pass
    if "email" in said:  # “POST the raw, full MIME message”
        return _of_message(said["email"].encode(), _tag(to), head_only)
    lines = re.sub(r"\r?\n[ \t]+", " ", said.get("headers", "")).splitlines()
    headers = _first([(name, value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon])
    if not said.get("subject") and not said.get("text") and not said.get("html"):
        raise Unusable("subject", "", "send the fields that SendGrid sends.")
    text, markup = said.get("text", ""), said.get("html", "")
    return _letter(said.get("subject", ""), said.get("from", ""), to, text, markup, _tag(to), headers, head_only)


def _of_postmark(inbound: Inbound, head_only: bool) -> Letter:
    said = Said(json_of(inbound.body))
    headers = _first([(each["Name"].line(), each["Value"].text(_HEADER_LIMIT)) for each in said["Headers"].each()])
    if not said["Subject"] and not said["TextBody"] and not said["HtmlBody"]:
        raise Unusable("Subject", said["Subject"].value, "send the object that Postmark sends.")
    return _letter(
        said["Subject"].line(1_000), said["From"].line(_ADDRESS_LIMIT), said["OriginalRecipient"].line(_ADDRESS_LIMIT),
        said["TextBody"].text(TEXT_LIMIT), said["HtmlBody"].text(10 * TEXT_LIMIT), said["MailboxHash"].line(100), headers,
        head_only,
    )  # fmt: skip


def _tag(address: str) -> str:
    return _address(address).rpartition("@")[0].partition("+")[2]
