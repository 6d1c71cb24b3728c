"""What a person has written back to a mail: the address that says what it is about, and the word that says what to do.

The address of a reply carries a signed token (``reply+TOKEN@mail.example.org``), so that it needs no other proof; it is
written in letters and digits of one case, because mail systems change the case of addresses. Pure but for the key.
"""

from __future__ import annotations

import base64
import hmac
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from ...kernel.settings import secret_key

_MAC_BYTES = 15  # 24 letters of Base32
_TOKEN = re.compile(r"\+([0-9]{1,18})-([a-z2-7]{24})@")
_WORDS = {
    "answer": {"1", "ack", "acknowledge", "acknowledged", "acked", "ok", "okay", "yes", "ja", "y", "mine", "got it"},
    "escalate": {"9", "escalate", "help", "next", "no", "nein"},
}
_QUOTE = re.compile(
    r"^(>|-{2,}\s*original|-{2,}\s*forwarded|_{5,}|from:|von:|sent from my|get outlook|on .{0,200}wrote:?$|am .{0,200}schrieb.*:$)",
    re.IGNORECASE,
)
_LIMIT = 200_000


def _mac(number: int) -> str:
    key = hmac.digest(secret_key().encode(), b"watchroom.signing.mail-reply", "sha256")
    found = hmac.digest(key, str(number).encode(), "sha256")[:_MAC_BYTES]
    return base64.b32encode(found).decode().lower()


def address(reply_to: str, number: int) -> str:
    """Where the reply to a message goes: ``reply_to`` with what names the message, signed."""
    user, _, domain = reply_to.rpartition("@")
    return f"{user}+{number}-{_mac(number)}@{domain}"


def number_in(addresses: str) -> int | None:
    """The number of the message that a reply to one of these addresses is about, if we have made it."""
    for found in _TOKEN.finditer(addresses.lower()):
        if hmac.compare_digest(_mac(int(found[1])).encode(), found[2].encode()):
            return int(found[1])
    return None


def parse(raw: bytes) -> EmailMessage:
    """A mail as it came."""
    return message_from_bytes(raw[:_LIMIT], _class=EmailMessage, policy=policy.default)


def is_automatic(mail: EmailMessage) -> bool:
    """Whether a machine has sent it: an out-of-office note acknowledges nothing. RFC 3834, and what is usual besides."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    others = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "List-Id")
    return (
        submitted != "no"
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(mail.get(each) for each in others)
    )


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script", "blockquote", "head"}:
            self.hidden += 1
        elif tag in {"br", "p", "div", "li", "tr"}:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "blockquote", "head"}:
            self.hidden = max(0, self.hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def text_of(mail: EmailMessage) -> str:
    """What it says: its plain text, else its HTML without the quoted part."""
    try:
        body = mail.get_body(preferencelist=("plain", "html"))
        content = body.get_content() if body is not None else ""
    except (LookupError, ValueError, KeyError, AttributeError):  # an unknown charset, or no text at all
        return ""
    if not isinstance(content, str):
        return ""
    if body is not None and body.get_content_subtype() == "html":
        reader = _Text()
        reader.feed(content)
        return "".join(reader.parts)
    return content


def understood(text: str) -> str:
    """``answer``, ``escalate``, or nothing: by the first line that the person has written themselves. Only a line that
    says just that counts, so that "I can not acknowledge this" does not."""
    for line in text.splitlines():
        line = line.replace("\xa0", " ").strip()
        if not line:
            continue
        if _QUOTE.match(line):
            return ""
        said = re.sub(r"[^\w ]", "", line.lower()).strip()
        said = re.sub(r"^(please|bitte) | (please|bitte|thanks|thank you|danke)$", "", said)
        return next((what for what, words in _WORDS.items() if said in words), "")
    return ""
