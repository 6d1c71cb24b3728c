"""Mail as an alert: letters as they are, and as Mailgun, SendGrid and Postmark document that they bring them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchroom.kernel.errors import Refused
from watchroom.sources.base import Draft, Inbound, Parsed
from watchroom.sources.email import letters, source

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
MAILGUN = {
    "recipient": "key+shelf@mg.example.org", "sender": "bounce@san.example.org", "from": "Storage <san@example.org>",
    "subject": "Re: [PROBLEM] Disk 7 failed", "body-plain": "Replace it.", "stripped-text": "Replace it.", "timestamp": "1772441940",
    "token": "d8ddf54d3ba7a5bd5a6e6d4b7b1d2cc7bbd4d5e9d6b58f3c15", "message-headers": '[["X-Priority", "1"], ["Subject", "x"]]',
}  # fmt: skip
POSTMARK = {
    "From": "san@example.org", "FromFull": {"Email": "san@example.org", "Name": "Storage"}, "To": "key+shelf@inbound.example.org",
    "OriginalRecipient": "key+shelf@inbound.example.org", "Subject": "Disk 7 failed", "MessageID": "22c74902", "MailboxHash": "shelf",
    "Date": "Mon, 2 Mar 2026 09:59:00 +0100", "TextBody": "Replace it.", "HtmlBody": "<p>Replace it.</p>",
    "Headers": [{"Name": "Importance", "Value": "high"}], "Attachments": [],
}  # fmt: skip


def parse(path: str, body: bytes, kind: str, **settings: Any) -> Parsed:
    return source.parse(Inbound(path, body, kind, NOW, settings=settings))


def letter(text: str, **settings: Any) -> Draft:
    (draft,) = parse("", text.replace("\n", "\r\n").encode(), "message/rfc822", **settings).drafts
    return draft


def multipart(fields: dict[str, str]) -> bytes:
    parts = [
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    file = '--xYzZY\r\nContent-Disposition: form-data; name="attachment1"; filename="a.txt"\r\n\r\nx\r\n'
    return "".join([*parts, file, "--xYzZY--\r\n"]).encode()


SENDGRID = {
    "headers": "Received: by mx.example.org\r\nX-Priority: 1 (Highest)\r\nSubject: x\r\n", "from": "Storage <san@example.org>",
    "to": "alarms@example.org", "subject": "Disk 7 failed", "text": "Replace it.", "html": "<p>Replace it.</p>",
    "envelope": '{"to":["key+shelf@example.org"],"from":"san@example.org"}', "charsets": '{"subject":"UTF-8"}', "attachments": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/mailgun", urlencode(MAILGUN).encode(), FORM),
        ("/mailgun", multipart(MAILGUN), "multipart/form-data; boundary=xYzZY"),
        ("/sendgrid", multipart(SENDGRID), "multipart/form-data; boundary=xYzZY"),
        ("/postmark", json.dumps(POSTMARK).encode(), "application/json"),
    ],
)
def test_each_mail_services_letter_is_the_same_alert(path: str, body: bytes, kind: str) -> None:
    parsed = parse(path, body, kind)
    (draft,) = parsed.drafts
    assert (draft.title, draft.severity, draft.dedup_key) == ("Disk 7 failed", "error", "shelf:Disk 7 failed")
    assert draft.labels == {"alertname": "Disk 7 failed", "sender": "san@example.org", "tag": "shelf"}
    assert draft.annotations == {"description": "Replace it."}
    assert source.reply(parsed).status == 200 and source.accepts("POST", path)


def test_raw_letters_of_mailgun_and_sendgrid() -> None:
    raw = "From: san@example.org\r\nSubject: Disk 7 failed\r\n\r\nReplace it.\r\n"
    (one,) = parse("/mailgun/mime", urlencode({**MAILGUN, "body-mime": raw}).encode(), FORM).drafts
    (two,) = parse(
        "/sendgrid", multipart({"to": "key+shelf@example.org", "email": raw}), "multipart/form-data; boundary=xYzZY"
    ).drafts
    assert one == two and one.dedup_key == "shelf:Disk 7 failed"


def test_mailguns_signature_is_checked_where_its_key_is_set() -> None:
    key = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"
    signature = hmac.new(key.encode(), f"{MAILGUN['timestamp']}{MAILGUN['token']}".encode(), hashlib.sha256).hexdigest()

    def status(**changed: str) -> tuple[int, int]:
        parsed = parse(
            "/mailgun", urlencode({**MAILGUN, **changed}).encode(), FORM, **source.check({"signing_key": key})
        )
        return len(parsed.drafts), source.reply(parsed).status

    assert status(signature=signature) == (1, 200)
    assert status() == (0, 406)  # to Mailgun: don't send it again
    for changed in ({"token": ""}, {"token": "other"}, {"timestamp": "1"}, {"signature": "ü"}):
        assert status(**{"signature": signature, **changed}) == (0, 406)
    with pytest.raises(Refused):
        source.check({"signing_key": "x" * 501})


def test_a_state_in_front_of_the_subject_and_headers_of_ours() -> None:
    fires, ends = letter("Subject: CRITICAL: Disk 7\n\nx"), letter("Subject: AW: Re: [RESOLVED] Disk 7\n\nx")
    assert (fires.severity, fires.act, ends.act) == ("critical", "fire", "end") and fires.dedup_key == ends.dedup_key
    stated = letter(
        "Subject: anything\nX-Watchroom-Key: backup/db1\nX-Watchroom-State: ok\nX-Watchroom-Severity: error\n\nx"
    )
    assert (stated.dedup_key, stated.act, stated.severity) == ("backup/db1", "end", "error")
    assert letter("Subject: anything\nImportance: low\n\nx").severity == "info"


def test_encodings_and_html() -> None:
    draft = letter(
        "From: =?utf-8?q?K=C3=BCche?= <k@example.org>\nSubject: =?utf-8?b?RmV1ZXIgaW4gZGVyIEvDvGNoZQ==?=\nMIME-Version: 1.0\n"
        "Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<style>p{}</style><p>Es brennt in der K=FCche</p><script>x</script><p>1 &lt; 2</p>\n"
    )
    assert draft.title == "Feuer in der Küche"
    assert draft.annotations["description"].split() == ["Es", "brennt", "in", "der", "Küche", "1", "<", "2"]


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_automatic_replies_and_bounces_open_nothing(headers: str) -> None:
    parsed = parse("", f"Subject: Re: your mail\r\n{headers}\r\n\r\nx".encode(), "message/rfc822")
    assert parsed.drafts == () and parsed.problems == ()


def test_a_mapping_sees_the_letter() -> None:
    said = {
        "key": "payload.headers['message-id']", "title": "{{ payload.subject.split(' - ')[1] }}",
        "labels": {"site": "payload.tag", "by": "payload.from"},
    }  # fmt: skip
    draft = letter(
        "From: a@example.org\nMessage-ID: <1@a>\nSubject: ALARM - Door open\n\nx", **source.check({"mapping": said})
    )
    assert (draft.dedup_key, draft.title, draft.labels) == ("<1@a>", "Door open", {"by": "a@example.org"})
    kept = source.check({"mapping": said, "signing_key": " k "})
    assert kept["signing_key"] == "k" and kept["mapping"]["title"] == said["title"]


def test_headers_are_read_as_their_senders_wrote_them() -> None:
    folded = letter("Subject: =?utf-8?q?Disk_7?=\n =?utf-8?q?_of_?= db1\n is full\n\nx")
    assert folded.title == "Disk 7 of db1 is full"
    assert letter("Subject: Küche brennt\n\nx").title == "Küche brennt"
    assert letter("Subject: =?utf-8?q?K=C3=BCche?= in C:\\users\n\nx").title == "Küche in C:\\users"
    assert letter("Subject: =?no-such-charset?q?K=C3=BCche?= brennt\n\nx").title == "Küche brennt"
    assert letter("Subject: =?utf-8?b?a?= brennt\n\nx").title == "=?utf-8?b?a?= brennt"


def test_no_more_of_a_header_is_looked_at_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    decode = letters.decode_header

    def counted(text: str) -> Any:
        looked_at.append(len(text))
        return decode(text)

    monkeypatch.setattr(letters, "decode_header", counted)
    words = " =?utf-8?q?Disk?=\n" * 20_000
    many = "".join(f"X-{number}: 1\n" for number in range(1_000))
    draft = letter(f"Subject:{words}Received: x\nReceived: y\n{many}From: san@example.org\n\nx")
    assert draft.title.startswith("DiskDiskDisk") and max(looked_at) <= 4_096 and len(looked_at) == 100


def test_headers_of_parts_are_cut_too() -> None:
    odd = 'x="' + ";" * 400_000
    body = f"--b\n\n--b\nContent-Type: text/plain; charset=utf-8; {odd}\n\nReplace it.\n--b--\n"
    draft = letter(f"Subject: Disk 7\nContent-Type: multipart/mixed; boundary=b; {odd}\n\n{body}")
    assert draft.title == "Disk 7"
    form = f'--b\r\nContent-Disposition: form-data; name="subject"; {odd}\r\n\r\nDisk 7\r\n--b--\r\n'.encode()
    assert parse("/sendgrid", form, "multipart/form-data; boundary=b").drafts[0].title == "Disk 7"


def test_a_letter_of_parts_in_parts_in_parts_is_read_by_its_head() -> None:
    def nested(depth: int) -> Parsed:
        inside = [f"Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n" for at in range(depth)]
        return parse("", f"Subject: Disk 7\n{''.join(inside)}\nReplace it.\n".encode(), "message/rfc822")

    assert nested(10).drafts[0].annotations["description"] == "Replace it."
    assert "can't be read" in nested(11).drafts[0].annotations["description"]


@pytest.mark.parametrize("markup", ["<br" * 60_000, "<br " + "x" * 200_000, "<div>" * 60_000 + "x"])
def test_markup_that_is_made_to_be_slow_to_read_is_read(markup: str) -> None:
    html = f"Subject: Disk 7\nContent-Type: text/html\n\n<p>Replace it.</p>{markup}"
    assert letter(html).annotations["description"].startswith("Replace it.")


def test_a_text_is_what_is_not_attached() -> None:
    draft = letter(
        "Subject: Disk 7\nContent-Type: multipart/mixed; boundary=a\n\n"
        "--a\nContent-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nthe log\n"
        "--a\nContent-Type: message/rfc822\n\nSubject: another\n\nanother\n"
        "--a\nContent-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/html\n\n<p>Markup</p>\n--b\nContent-Type: text/plain; charset=punycode\n\nReplace it.\n--b--\n"
        "--a--\n"
    )
    assert draft.annotations["description"] == "Replace it."


def test_the_gate_looks_at_the_head_of_a_letter_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> str:
        raise AssertionError("the text of a letter is for the engine to read")

    monkeypatch.setattr(letters, "_content", never)
    monkeypatch.setattr(letters, "_plain", never)

    def glance(text: str, **said: Any) -> int:
        return source.reply(source.glance(Inbound("", text.encode(), "message/rfc822", NOW, settings=said))).status

    html = "Content-Type: text/html\r\n\r\n"
    assert glance(f"Subject: Disk 7\r\n{html}<p>x</p>") == glance(f"{html}<p>x</p>") == 200
    assert glance(f"From: a@example.org\r\n{html}\r\n") == glance("no head") == 400
    assert glance(f"From: a@example.org\r\n{html}", mapping={"key": "'k'", "title": "'t'"}) == 200


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=300),
    path=st.sampled_from(["", "/mailgun", "/sendgrid", "/postmark"]),
    kind=st.sampled_from(
        [FORM, "multipart/form-data; boundary=x", "multipart/form-data", "message/rfc822", "application/json"]
    ),
)
def test_any_bytes_are_a_letter_or_a_problem(body: bytes, path: str, kind: str) -> None:
    for raw in (body, b"Subject: x\r\nContent-Type: " + body + b"\r\n\r\n" + body):
        parsed = parse(path, raw, kind)
        assert parsed == parse(path, raw, kind)
        for draft in parsed.drafts:
            assert (
                draft.dedup_key
                and draft.title
                and not any("\0" in text for text in (draft.title, *draft.labels.values(), *draft.annotations.values()))
            )
