"""What every kind of runner offers: it carries out a mitigation. One folder per kind; found by entry point
``watchroom.runners``.

A runner is stateless and knows nothing of Django. :meth:`Runner.start` asks the other side once; what takes longer is
followed by :meth:`Runner.poll`, which only reads. Requests go through :mod:`watchroom.kernel.http`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from ..kernel import http
from ..kernel.asked import Field as Field
from ..kernel.asked_check import check as check
from ..kernel.errors import Refused, WatchroomError

TIMEOUT_SECONDS = 8.0
LIMIT_BYTES = 2 * 1024 * 1024
OUTPUT_LIMIT = 20_000  # characters kept of what a target said

Settings = Mapping[str, Any]
Inputs = Mapping[str, str]


class RunFailed(WatchroomError):
    """It went wrong. ``sure``: nothing was done on the other side; otherwise nobody knows, and somebody has to look."""

    status = 502
    title = "It could not be carried out"
    code = "run_failed"

    def __init__(self, message: str, *, fix: str = "", sure: bool = True) -> None:
        super().__init__(message, fix=fix)
        self.sure = sure


@dataclass(frozen=True)
class Order:
    """What is to be done, once per ``key``, and for what."""

    key: str
    inputs: Inputs
    at: datetime
    mitigation: str = ""
    title: str = ""
    incident: int = 0
    incident_title: str = ""
    url: str = ""
    person: str = ""
    dry_run: bool = False
    drill: bool = False


@dataclass(frozen=True)
class Progress:
    """How far it is. ``reference``: what :meth:`Runner.poll` needs to find it again; plain JSON, no secret."""

    state: Literal["running", "succeeded", "failed", "unknown"]
    text: str = ""
    reference: dict[str, Any] = field(default_factory=dict)
    link: str = ""


class Runner(Protocol):
    """A way to carry something out. Safe to call from many threads."""

    name: str
    label: str
    summary: str  # one sentence: when to choose it
    fields: tuple[Field, ...]  # of the runner
    inputs: tuple[Field, ...]  # of each mitigation that it carries out
    has_dry_run: bool

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, cleaned. :raises Refused: naming field, value and fix."""
        ...

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        """What it shall do, cleaned. :raises Refused: naming field, value and fix."""
        ...

    def is_idempotent(self, settings: Settings) -> bool:
        """Whether the same order may be sent again when nobody knows whether it arrived."""
        ...

    def describe(self, settings: Settings) -> str:
        """A short text that tells this runner from others without giving away secrets."""
        ...

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        """In words, what it is going to do."""
        ...

    def try_it(self, settings: Settings) -> str:
        """Ask something small that changes nothing. Says what was answered. :raises RunFailed: it does not work."""
        ...

    def start(self, settings: Settings, order: Order) -> Progress:
        """Do it. :raises RunFailed: it went wrong."""
        ...

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        """Look how far it is. Changes nothing. :raises RunFailed: it could not be asked."""
        ...


TOKEN = Field("token", "Token", kind="password", required=True, secret=True)


def must_match(values: Mapping[str, str], name: str, pattern: str, fix: str) -> None:
    """:raises Refused: the value is there and does not match in full."""
    value = values.get(name, "")
    if value and not re.fullmatch(pattern, value):
        raise Refused("That is not accepted.", field=name, value=value[:80], fix=fix)


def pairs(text: str, field: str) -> dict[str, str]:
    """Lines of ``name=value``. :raises Refused: a line is something else, or a name comes twice."""
    found: dict[str, str] = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        name, sign, value = line.partition("=")
        name = name.strip()
        if not sign or not name or name in found:
            raise Refused(
                "That line is not accepted.", field=field, value=line[:80], fix="Write name=value, each name once."
            )
        found[name] = value.strip()
    return found


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    content: bytes | None = None,
    content_type: str = "application/json",
    ca: str = "",
    identity: str = "",
    changes: bool = False,
) -> http.Answer:
    """One request. ``changes``: it does something, so that a lost answer leaves open whether it was done.

    :raises RunFailed: no answer, or one that is no success. A refusal (4xx) is ``sure``; what broke on the way (5xx, no
        answer) is not, if the request ``changes`` something.
    """
    if content is None:
        content = msgspec.json.encode(body) if body is not None else b""
    sent = {"Accept": "application/json", **({"Content-Type": content_type} if content else {}), **headers}
    try:
        answer = http.fetch(
            method, url, headers=sent, content=content, timeout_seconds=TIMEOUT_SECONDS, limit_bytes=LIMIT_BYTES,
            ca=ca, identity=identity,
        )  # fmt: skip
    except http.OutgoingFailed as error:
        raise RunFailed(
            error.message, fix="Check that it runs and can be reached from here.", sure=not changes
        ) from None
    if answer.ok:
        return answer
    said = words_of(answer.body)
    if answer.status in {401, 403}:
        raise RunFailed(
            f"It refused our credentials ({answer.status}){f': {said}' if said else ''}.", fix="Correct the runner."
        )
    if 300 <= answer.status < 400:
        raise RunFailed(f"It sent us elsewhere ({answer.status}).", fix="Give the runner the address that it leads to.")
    raise RunFailed(
        f"It answered {answer.status}{f': {said}' if said else ''}.", sure=not changes or answer.status < 500
    )


def words_of(body: bytes) -> str:
    """What an error's body says, on one line: the usual fields of JSON, or short plain text. Never HTML."""
    try:
        read = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = body[:400].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else " ".join(text.split())[:300].rstrip(".")
    if isinstance(read, dict):
        for name in ("message", "error", "detail", "msg"):
            found = read.get(name)
            if isinstance(found, dict | list) and found:
                found = msgspec.json.encode(found).decode()
            if isinstance(found, str) and found:
                return " ".join(found.split())[:300].rstrip(".")
    return ""


def read(answer: http.Answer, *, changed: bool = False) -> dict[str, Any]:
    """The JSON object of an answer. ``changed``: what was asked for has been done already.

    :raises RunFailed: it is something else.
    """
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict) or answer.truncated:
        raise RunFailed(
            "Its answer is not what such a server sends.", fix="Check the address: is it the API?", sure=not changed
        )
    return found


def part(found: Any, name: str) -> dict[str, Any]:
    """An object within an object; empty where there is none."""
    inner = found.get(name) if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


def bounded(text: str) -> str:
    """``text`` as it is kept: without NUL, and its end where it is too long, because that says how it went."""
    text = text.replace("\0", "")
    return text if len(text) <= OUTPUT_LIMIT else "…" + text[-OUTPUT_LIMIT:]
