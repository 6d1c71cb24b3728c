"""What senders that post one JSON object (or a form) have in common: reading it carefully, checking its signature, answering.

A source of this kind is a :class:`Webhook` with a function from the object to drafts. Everything that it reads goes
through :class:`Said`, so that any bytes at all give drafts or a problem that names the field.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..kernel.errors import Refused
from .base import ChangeSaid, Draft, Inbound, Parsed, Problem, Reply, Setting, Severity

SHOWN_LIMIT, LABEL_LIMIT, TEXT_LIMIT, TITLE_LIMIT = 120, 200, 15_000, 300
SEVERITIES: Mapping[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "page", "emergency", "fatal", "disaster", "p1", "sev0", "sev1"), "critical"),
    **dict.fromkeys(("error", "err", "major", "high", "alert", "p2", "sev2"), "error"),
    **dict.fromkeys(("warning", "warn", "minor", "medium", "average", "p3", "sev3"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "low", "notice", "debug", "p4", "p5", "sev4"), "info"),
}
OVER = {
    *("resolved", "resolve", "ok", "up", "recovered", "recovery", "closed", "close", "normal", "inactive", "end"),
    *("ended", "clear", "cleared", "fixed", "success"),
}
# [FIRING:2], [RESOLVED], RESOLVED:, ** OK - and the like: what is said about the state, which is no part of a problem's name
_ADDRESS = re.compile(r"\bADDRESS\b")
_STATE = re.compile(
    r"^\W*(?:\[?\s*(?P<word>firing|alerting|alert|triggered|problem|down|critical|warning|error|info|resolved|recovered|recovery|ok|up"
    r"|closed|cleared|normal)(?::\d+)?\s*(?:\]\s*[:-]?|:|\s-|\s\N{EN DASH}))\W*",
    re.IGNORECASE,
)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # matches at any quote: no text is looked at twice
_CONTROL = re.compile(rb"[\x01-\x1f]")
_FORM_FIELDS_LIMIT = 200
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Unusable(Exception):
    """A part of what was sent is not accepted."""

    def __init__(self, field: str, value: object, fix: str) -> None:
        super().__init__(field)
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        self.problem = Problem(field, text if len(text) <= SHOWN_LIMIT else text[: SHOWN_LIMIT - 1] + "…", fix)


@dataclass(frozen=True)
class Said:
    """A JSON value, and where in the body it stands."""

    value: Any
    place: str = ""

    def __bool__(self) -> bool:
        return self.value not in (None, "", [], {})

    def __getitem__(self, name: str) -> Said:
        place = f"{self.place}.{name}" if self.place else name
        return Said(self.value.get(name) if isinstance(self.value, dict) else None, place)

    def each(self) -> Iterator[Said]:
        """The parts of a list; of anything else none."""
        for number, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Said(value, f"{self.place}[{number}]")

    def items(self) -> Iterator[tuple[str, Said]]:
        """The parts of an object; of anything else none."""
        for name in self.value if isinstance(self.value, dict) else ():
            yield Said(name).text(), self[name]

    def text(self, most: int = LABEL_LIMIT) -> str:
        """As one text without NUL: a number or a truth value as JSON has it, anything larger as nothing."""
        match self.value:
            case bool():
                found = "true" if self.value else "false"
            case str():
                found = self.value.replace("\0", "\N{REPLACEMENT CHARACTER}")
            case int() | float():
                found = str(self.value)
            case _:
                return ""
        return found.encode(errors="replace").decode()[:most]

    def line(self, most: int = TITLE_LIMIT) -> str:
        """The same in one line."""
        text = " ".join(self.text(TEXT_LIMIT).split())
        return text if len(text) <= most else text[: most - 1] + "…"

    def key(self) -> str:
        """The same in one line, whole: :class:`Draft` shortens what is too long so that two stay two."""
        return self.line(TEXT_LIMIT)

    def needed(self, fix: str, most: int = LABEL_LIMIT) -> str:
        """The same, which has to be there.

        :raises Unusable: it is not.
        """
        text = self.line(most)
        if not text:
            raise Unusable(self.place, self.value, fix)
        return text

    def time(self, otherwise: datetime) -> datetime:
        """An instant in RFC 3339, or as seconds or milliseconds since 1970; ``otherwise`` where there is none or one
        that can't be."""
        try:
            match self.value:
                case bool():
                    return otherwise
                case int() | float():
                    seconds = self.value / 1000 if abs(self.value) > 100_000_000_000 else self.value
                    found = datetime.fromtimestamp(seconds, UTC)
                case str():
                    if re.fullmatch(r"\d{9,14}", self.value, re.ASCII):
                        return Said(int(self.value)).time(otherwise)
                    found = datetime.fromisoformat(self.value.strip())
                    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
                case _:
                    return otherwise
        except (ValueError, OverflowError, OSError):
            return otherwise
        return found if 1970 < found.year < 9000 else otherwise

    def severity(self, otherwise: Severity = "warning") -> Severity:
        """The severity that a word means; ``otherwise`` for no word or an unknown one."""
        return SEVERITIES.get(self.line(40).lower().replace(" ", ""), otherwise)

    def link(self) -> str:
        """An address that a browser can be sent to, or nothing."""
        text = self.text(2001).strip()
        return text if len(text) <= 2000 and text.lower().startswith(("http://", "https://")) else ""


def stated(line: str) -> tuple[str, str]:
    """The name of a problem, and the word in front of it that says how it is (in lower case; empty: none does)."""
    found = _STATE.match(line)
    if found is None or not line[found.end() :]:
        return line, ""
    return line[found.end() :], found["word"].lower()


def json_of(body: bytes) -> Any:
    """A JSON value. A text may run over several lines as it is, though JSON wants them written as ``\\n``: whoever fills a
    sender's template in does not always take care of that.

    :raises Unusable: the body is none.
    """
    try:
        return msgspec.json.decode(body)
    except _BROKEN as error:
        with contextlib.suppress(*_BROKEN):
            if (mended := _STRING.sub(lambda found: _CONTROL.sub(_escaped, found[0]), body)) != body:
                return msgspec.json.decode(mended)
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Unusable("body", body[:SHOWN_LIMIT].decode(errors="replace"), f"send one JSON object: {reason}.")


def _escaped(control: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % control[0][0]


def form_of(body: bytes) -> dict[str, Any]:
    """The fields of a form (``application/x-www-form-urlencoded``); of several with one name the last.

    :raises Unusable: it has too many fields.
    """
    try:
        return dict(
            parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FORM_FIELDS_LIMIT)
        )
    except ValueError:
        raise Unusable(
            "body", body[:SHOWN_LIMIT].decode(errors="replace"), f"send {_FORM_FIELDS_LIMIT} fields at most."
        )


def is_form(inbound: Inbound) -> bool:
    """Whether the body is that of an HTML form."""
    return inbound.content_type.lower().startswith("application/x-www-form-urlencoded")


def labels(**given: Said | str) -> dict[str, str]:
    """Labels of whatever is there; what is not is left out."""
    found = {name: value if isinstance(value, str) else value.line(LABEL_LIMIT) for name, value in given.items()}
    return {name: value for name, value in found.items() if value}


def notes(**given: Said | str) -> dict[str, str]:
    """Longer texts of whatever is there."""
    found = {name: value if isinstance(value, str) else value.text(TEXT_LIMIT) for name, value in given.items()}
    return {name: value for name, value in found.items() if value}


def alert(
    inbound: Inbound,
    key: str,
    title: str,
    *,
    over: bool,
    severity: Severity = "warning",
    named: Mapping[str, str],
    texts: Mapping[str, str] | None = None,
    link: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Draft:
    """A problem that fires, or one that is over. Nothing lies in the future: a sender's clock may run ahead."""
    now = inbound.received_at
    starts_at = min(since or now, now)
    return Draft(
        dedup_key=key,
        title=title[:TITLE_LIMIT] or key[:TITLE_LIMIT],
        severity=severity,
        labels=dict(named),
        starts_at=starts_at,
        ends_at=max(starts_at, min(until or now, now)) if over else None,
        stated_end=over,
        annotations=dict(texts or {}),
        link=link,
        act="end" if over else "fire",
    )


@dataclass(frozen=True)
class Signed:
    """How a sender signs: HMAC-SHA256 of the body in hex, in ``header`` after ``prefix``, keyed with the setting
    ``secret``. Where there is one of the headers ``timestamps``, what it says and a colon stand before the body. Without that
    setting nothing is checked."""

    header: str
    prefix: str = ""
    timestamps: tuple[str, ...] = ()

    def problem(self, inbound: Inbound) -> Problem | None:
        """What is wrong with the signature, if anything is."""
        secret = str(inbound.settings.get("secret") or "")
        if not secret:
            return None
        stated = inbound.headers.get(self.header, "")
        fix = "sign with the secret of this integration; see its settings."
        if not stated.startswith(self.prefix):
            return Problem(self.header, stated[:SHOWN_LIMIT], fix)
        at = next(filter(None, (inbound.headers.get(name, "") for name in self.timestamps)), "")
        signed = f"{at}:".encode() + inbound.body if at else inbound.body
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if hmac.compare_digest(stated.removeprefix(self.prefix).encode(), expected.encode()):
            return None
        return Problem(self.header, stated[:SHOWN_LIMIT], fix)


class Webhook:
    """A sender that posts one JSON object to the integration's address."""

    resolve_timeout_seconds: int | None = None

    def __init__(
        self,
        name: str,
        label: str,
        summary: str,
        read: Callable[[Said, Inbound], Iterable[Draft | ChangeSaid]],
        instructions: str,
        *,
        methods: tuple[str, ...] = ("POST",),
        headers: tuple[str, ...] = (),
        signed: Signed | None = None,
        forms: bool = False,
        accepted: Reply | None = None,
    ) -> None:
        self.name, self.label, self.summary = name, label, summary
        self.headers = (*headers, *((signed.header, *signed.timestamps) if signed else ()))
        self._read, self._instructions, self._signed, self._methods = read, instructions, signed, methods
        self._forms, self._accepted = forms, accepted or Reply(200, b'{"status": "accepted"}')
        self.asks: tuple[Setting, ...] = (
            (
                Setting(
                    "secret", "Secret", "What its signatures are made with. Empty: they are not checked.", secret=True
                ),
            )
            if signed
            else ()
        )

    def accepts(self, method: str, path: str) -> bool:
        return method in self._methods and path in ("", "/")

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: one that is not known, or a secret that is no text of at most 500 letters.
        """
        known = {each.name for each in self.asks}
        for name, value in settings.items():
            if name not in known:
                raise Refused("There is no such setting.", field=name, value=value, fix="Leave it out.")
            if not isinstance(value, str) or len(value) > 500:
                raise Refused("That is no secret.", field=name, value="", fix="Use a text of at most 500 letters.")
        return {name: value.strip() for name, value in settings.items() if value.strip()}

    def parse(self, inbound: Inbound) -> Parsed:
        if self._signed is not None and (problem := self._signed.problem(inbound)) is not None:
            return Parsed(problems=(problem,))
        try:
            said = Said(form_of(inbound.body) if self._forms and is_form(inbound) else json_of(inbound.body))
            if not isinstance(said.value, dict):
                raise Unusable("body", said.value, "send one JSON object.")
            found = tuple(self._read(said, inbound))
        except Unusable as unusable:
            return Parsed(problems=(unusable.problem,))
        drafts = tuple(each for each in found if isinstance(each, Draft))
        return Parsed(drafts, changes=tuple(each for each in found if isinstance(each, ChangeSaid)))

    def reply(self, parsed: Parsed) -> Reply:
        if not parsed.problems:
            return self._accepted
        unsigned = self._signed is not None and parsed.problems[0].field == self._signed.header
        said = {
            "title": "Signature not accepted" if unsigned else "Not accepted",
            "status": 401 if unsigned else 400,
            "detail": "\n".join(map(str, parsed.problems)),
        }
        return Reply(401 if unsigned else 400, msgspec.json.encode(said), "application/problem+json")

    def instructions(self, address: str) -> str:
        # A word of its own: Nagios has a macro $HOSTADDRESS$.
        return _ADDRESS.sub(lambda _: address.rstrip("/"), self._instructions)
