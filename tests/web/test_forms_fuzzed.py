"""Every form that can be come by on the pages, sent with something odd in one of its fields: what is wrong is said, and is never
a failure on our side."""

from __future__ import annotations

import os
import random
import re
from html.parser import HTMLParser
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

import factories as make
from watchroom.demo.make import make as make_company
from web.asking import patterns

pytestmark = pytest.mark.django_db

_PAGES = int(os.environ.get("FUZZ_PAGES", 40))
_SENT = int(os.environ.get("FUZZ_SENT", 120))
_ODD: list[Any] = [
    *[
        "",
        " ",
        "x" * 9_000,
        "a\nb",
        "a\0b",
        "³",
        "٣",
        "\ud800",
        "💥",
        "=",
        "a=b",
        "a=~(",
        "@x",
        "{",
        "[]",
        "[1]",
        "null",
        "%00",
        "{{x}}",
    ],
    *["-1", "0", "1", "9" * 30, str(2**63), "1e400", "nan", "-inf", "1d", "9" * 25 + "d", "1,2", "true", "all", "on"],
    *[
        "2026-13-45",
        "2026-02-30T25:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "99:99",
        "24:00",
        "2026-03-29T02:30",
        "Europe/X",
    ],
    *[
        "http://[",
        "http://a\nb",
        "::",
        "//",
        "../../etc/passwd",
        "a@b",
        "+49",
        "'; --",
        "<b>",
        "RRULE:FREQ=SECONDLY;COUNT=1e9",
    ],
]
_FILES = [
    ("", b""),
    ("../../x.png", b"x"),
    ("a\0b", b"\0" * 100),
    ("x" * 400 + ".csv", b"\xff\xfe,\n\0"),
    ("💥.json", b"{"),
    ("con.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n"),
    ("x.svg", b"<svg/onload=x>"),
]
_KINDS = ["image/png", "", "text/csv; charset=x", "x" * 300, "application/json", "multipart/form-data"]


class Form(NamedTuple):
    """Where it is sent, and what stands in it. Of a field that is a file, None."""

    to: str
    fields: tuple[tuple[str, str | None], ...]


class _Reader(HTMLParser):
    """The links and the forms of a page. What a script would add is not there, nor what only a button says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._to: str | None = None
        self._fields: dict[str, str | None] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        if tag == "a":
            self.links.append(said.get("href", ""))
        elif tag == "form" and said.get("method", "").lower() == "post":
            self._to, self._fields = said.get("action", ""), {}
        elif self._to is None:
            return
        elif tag == "input" and name:
            self._fields[name] = None if said.get("type") == "file" else said.get("value", "")
        elif tag == "button" and name:
            self._fields.setdefault(name, said.get("value", ""))
        elif tag in {"select", "textarea"} and name:
            self._open, self._fields[name] = name, ""
        elif tag == "option" and self._open and ("selected" in said or not self._fields[self._open]):
            self._fields[self._open] = said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"select", "textarea"}:
            self._open = ""
        elif tag == "form" and self._to is not None:
            self.forms.append(Form(self._to, tuple(self._fields.items())))
            self._to = None

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            self._fields[self._open] = f"{self._fields[self._open]}{data}"


def _kind(path: str) -> str:
    """Which page it is, whatever it is about; empty: none of ours."""
    try:
        return f"/{resolve(urlsplit(path).path).route}"
    except Resolver404:
        return ""


def _found(client: Client, most: int) -> tuple[list[Form], list[tuple[str, int]]]:
    """One form of each kind, and the pages that failed."""
    waiting, seen, forms, failed = ["/"], set[str](), dict[tuple[str, tuple[str, ...]], Form](), []
    while waiting and len(seen) < most:
        page = waiting.pop(0)
        if (kind := _kind(page)) in seen or not kind or page.startswith("/account/logout"):
            continue
        seen.add(kind)
        answer = client.get(page, follow=True)
        if answer.status_code >= 500:
            failed.append((page, answer.status_code))
        if answer.streaming or "html" not in answer.get("Content-Type", ""):
            continue
        here = answer.redirect_chain[-1][0] if answer.redirect_chain else page
        read = _Reader(answer.content.decode())
        waiting += [urljoin(here, link) for link in read.links if urljoin(here, link).startswith("/")]
        for form in read.forms:
            to = urljoin(here, form.to)
            if _kind(to):
                forms.setdefault((_kind(to), tuple(name for name, _ in form.fields)), Form(to, form.fields))
    return list(forms.values()), failed


@pytest.fixture
def client() -> Client:
    """A failure on our side is an answer, as over the network."""
    made = Client(raise_request_exception=False)
    made.force_login(make.person("Ada", "administrator"), backend="allauth.account.auth_backends.AuthenticationBackend")
    return made


def test_no_form_breaks_by_what_is_written_into_it(client: Client) -> None:
    chance = random.Random(20261126)
    make_company()
    forms, failed = _found(client, _PAGES)
    broken: list[Any] = [*failed]
    assert len(forms) > 30
    places = [(form, name) for form in forms for name, _ in form.fields if name != "csrfmiddlewaretoken"]
    tried = chance.sample(places, min(_SENT, len(places))) if _SENT < 10_000 else places * (_SENT // 10_000)
    for form, odd in tried:
        sent: dict[str, Any] = {name: value for name, value in form.fields if value is not None}
        if dict(form.fields)[odd] is None:
            (name, content), kind = chance.choice(_FILES), chance.choice(_KINDS)
            sent[odd] = BytesIO(content)
            sent[odd].name, sent[odd].content_type = name, kind
        else:
            sent[odd] = chance.choice(_ODD)
        sent[odd] = sent[odd].encode("utf-8", "surrogatepass") if isinstance(sent[odd], str) else sent[odd]
        with transaction.atomic():
            answer = client.post(form.to, sent)
            if not answer.streaming:
                answer.content  # noqa: B018
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            broken.append((form.to, odd, str(sent[odd])[:60], answer.status_code))
    assert broken == []


def test_no_address_breaks_by_what_stands_in_it(client: Client) -> None:
    client.raise_request_exception = False
    chance, broken = random.Random(20261126), []
    odd = [
        "0",
        "-1",
        str(2**31),
        str(2**63),
        "9" * 40,
        "³",
        "%C2%B3",
        "%00",
        "a%00b",
        "%FF",
        "%ED%A0%80",
        "x" * 3_000,
        "%2e%2e",
        "💥",
        "%0A",
        "_",
        ".",
    ]
    for path in (path for path in patterns() if "<" in path):
        for value in chance.sample(odd, int(os.environ.get("FUZZ_ODD", 1))):
            place = value.join(re.split(r"<[^>]+>", path))
            for method in ("get", "post"):
                with transaction.atomic():
                    answer = getattr(client, method)(place)
                    transaction.set_rollback(True)
                if answer.status_code >= 500:
                    broken.append((method, path, value[:20], answer.status_code))
    assert broken == []
