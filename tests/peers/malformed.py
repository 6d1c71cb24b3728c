"""What senders send that is broken: mails, forms of mail services and SNS messages, the same ones for the same seed.

Each is put together from parts of which some are good: what is wrong everywhere is refused at the first look, and tests little.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

CHARSETS = (
    "utf-8", "utf-16", "utf-7", "iso-8859-1", "iso-2022-jp", "x-unknown", "idna", "punycode", "rot13", "base64", "hex", "zlib",
    "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "", '"', "a" * 2_000, "utf\xff8", "utf-8\0", "../../etc", "*",
)  # fmt: skip
ENCODINGS = (
    "base64",
    "quoted-printable",
    "x-uuencode",
    "8bit",
    "binary",
    "7bit",
    "BASE64 ",
    "nothing",
    "",
    "base64; x=y",
)
TYPES = (
    "text/plain", "text/html", "multipart/mixed", "multipart/alternative", "multipart/report", "message/rfc822", "message/partial",
    "application/octet-stream", "text", "/", "", "multipart/", "text/plain/plain", "image/png",
)  # fmt: skip
TEXTS = (
    b"It burns", b"", b"\0\0\0", b"\xff\xfe\xfd", b"=?utf-8?B?????=", b"=E4=G", b"SGVsbG8", b"SGVsbG8=====", b"%%%", b"\r\r\r", b"\n\n",
    b"begin 666 x\n#0V%T\n`\nend", b"<p>" * 300, b"<script>x</script><b>It</b> burns", b"&#x110000;&#0;", b"\xed\xa0\x80", b"+ADw-", b"\\ud800 \\x",
    "Überlauf – 溢出".encode(), b"\x1b$B", b"x" * 5_000, b"--b\r\n--b--\r\n", b"a\rb", b"(" * 2_000,
)  # fmt: skip
JSON: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, 10**30, "", "x", "\0", "\ud800", "ü" * 3_000, [], {}, [[]], {"x": []}, [None], ["a", 1], {"": ""},
    "2026-13-45", "[", "{}", '{"a":', "null", "https://sns.eu-west-1.amazonaws.com/x",
)  # fmt: skip


def _text(chance: random.Random) -> bytes:
    return b"".join(chance.choice(TEXTS) for _ in range(chance.choice((1, 1, 1, 2, 5))))


def _word(chance: random.Random) -> bytes:
    """A header's value: plain, as encoded words, or as neither."""
    charset = chance.choice(CHARSETS).encode("utf-8", "replace")
    return chance.choice((
        b"[PROBLEM] Disk 7 failed", _text(chance), b"=?" + charset + b"?" + chance.choice((b"B", b"Q", b"q", b"X", b"")) + b"?" + _text(chance) + b"?=",
        b"=?utf-8?Q?a?= =?" + charset + b"?b?YQ==?= b", b" folded\r\n over\r\n\tlines", b"<a@b>, (((", b"\"open <x@y", b"@", b",;:" * 400,
    ))  # fmt: skip


def _typed(chance: random.Random) -> bytes:
    quoted = chance.choice((b'"%s"', b"%s", b"%s;", b'"%s'))
    kind, charset = chance.choice(TYPES).encode(), chance.choice(CHARSETS).encode("utf-8", "replace")
    more = chance.choice(
        (
            b"",
            b'; boundary="b"',
            b"; boundary=b",
            b"; boundary=",
            b'; boundary="' + b"b" * 300,
            b"; name*0*=%%%; name*1=x",
        )
    )
    return kind + b"; charset=" + quoted % charset + more


def letter(chance: random.Random, depth: int = 0) -> bytes:
    """One mail, or a part of one."""
    lines = []
    for name in (b"Subject", b"From", b"X-Watchroom-State", b"X-Watchroom-Key", b"X-Priority", b"Auto-Submitted"):
        if chance.random() < (0.85 if name in (b"Subject", b"From") and not depth else 0.15):
            lines.append(name + chance.choice((b": ", b": ", b": ", b":", b" : ", b"")) + _word(chance))
    lines.append(b"Content-Type: " + _typed(chance))
    if chance.random() < 0.6:
        lines.append(b"Content-Transfer-Encoding: " + chance.choice(ENCODINGS).encode())
    if chance.random() < 0.1:
        lines.append(b"X-Long: " + b"y" * chance.choice((100, 2_000, 30_000)))
    if chance.random() < 0.1:
        lines.extend(b"X-Many-%d: %d" % (number, number) for number in range(300))
    if chance.random() < 0.1:
        lines.append(
            chance.choice(
                (
                    b"no colon at all",
                    b"\xff\xfe: \xff",
                    b": empty",
                    b"Content-Disposition: attachment; filename*=x''%",
                    b"\0",
                )
            )
        )
    chance.shuffle(lines)
    end = chance.choice((b"\r\n", b"\r\n", b"\n", b"\r"))
    body = _text(chance)
    if depth < 12 and chance.random() < (0.5 if depth < 3 else 0.7 if depth > 5 else 0.1):
        parts = [letter(chance, depth + 1) for _ in range(chance.choice((1, 1, 2)) if depth < 4 else 1)]
        body = b"--b\r\n" + b"\r\n--b\r\n".join(parts) + chance.choice((b"\r\n--b--\r\n", b"\r\n--b", b""))
    return end.join(lines) + chance.choice((end + end, end + end, end, b"")) + body


def letters(seed: int, number: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(number):
        yield letter(chance)


def _value(chance: random.Random) -> Any:
    return chance.choice(JSON) if chance.random() < 0.7 else _word(chance).decode("latin-1")


def posted_letters(seed: int, number: int) -> Iterator[tuple[str, str, bytes]]:
    """Path, content type and body of what mail services post."""
    chance = random.Random(seed)
    for _ in range(number):
        path = chance.choice(("", "/mailgun", "/mailgun/mime", "/sendgrid", "/postmark"))
        fields = {
            "/postmark": ("Subject", "From", "TextBody", "HtmlBody", "MailboxHash", "OriginalRecipient", "Headers"),
            "/sendgrid": ("subject", "from", "to", "text", "html", "headers", "envelope", "email", "charsets"),
        }.get(
            path,
            (
                "subject",
                "from",
                "sender",
                "recipient",
                "body-plain",
                "body-html",
                "message-headers",
                "body-mime",
                "token",
            ),
        )
        said = {name: _value(chance) for name in fields if chance.random() < 0.6}
        if path == "/postmark" or chance.random() < 0.05:
            yield path, "application/json", _as_json(said)
            continue
        if path == "" or chance.random() < 0.05:
            yield path, chance.choice(("message/rfc822", "text/plain", "", "\xff")), letter(chance)
            continue
        boundary = chance.choice(("b", "", "b" * 200))
        parts = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + chance.choice((b"", b"; filename=x", b"; name*=%"))
            + b"\r\n" + chance.choice((b"", b"Content-Type: " + _typed(chance) + b"\r\n")) + b"\r\n"
            + (letter(chance) if name in ("email", "body-mime") else str(value).encode("utf-8", "replace")) + b"\r\n"
            for name, value in said.items()
        )  # fmt: skip
        yield path, f"multipart/form-data; boundary={boundary}", parts + chance.choice((b"--b--\r\n", b""))


def _as_json(said: object) -> bytes:
    return json.dumps(said).encode("utf-8", "replace")


def broken_messages(seed: int, number: int, good: list[dict[str, Any]]) -> Iterator[bytes]:
    """SNS messages of which some fields, or the whole, are not what SNS sends."""
    chance = random.Random(seed)
    for _ in range(number):
        said: Any = dict(chance.choice(good))
        for name in chance.sample(sorted(said), chance.choice((1, 1, 2, 4))):
            if chance.random() < 0.2:
                del said[name]
            else:
                said[name] = chance.choice(JSON)
        body = _as_json(chance.choice((said, said, said, said, said, [said], chance.choice(JSON))))
        yield body[: chance.randrange(len(body))] if body and chance.random() < 0.1 else body
