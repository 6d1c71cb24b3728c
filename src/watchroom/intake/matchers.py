"""Tests on labels, as Alertmanager writes and reads them: `= != =~ !~`. Pure.

An absent label equals the empty one; regular expressions are RE2 (linear time) and anchored. Two grammars are read, as
Alertmanager does by default: the UTF-8 one, where names may be any text and quoted texts have Go's escapes, and the
classic one, where a value may be bare or empty and an unknown escape stands for itself. What both can read but read
differently means what the classic one says. https://prometheus.io/docs/alerting/latest/configuration/#matcher
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import re2

from ..kernel.errors import Refused

_QUOTED = r'"((?:[^"\\\n]|\\.)*)"'
_BARE = r"""([^\s{}!=~,\\"'`]+)"""
_OPERATOR = r"(=~|!~|!=|=)"
_UTF8 = re.compile(rf"\s*(?:{_QUOTED}|{_BARE})\s*{_OPERATOR}\s*(?:{_QUOTED}|{_BARE})\s*", re.DOTALL)
_CLASSIC = re.compile(rf"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*{_OPERATOR}\s*(.*?)\s*", re.DOTALL)
_GO_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL
)
_SINGLE = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))
_PLAIN_NAME = re.compile(_BARE)
_PIECE = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^",])+?)\s*(?:,|$)', re.DOTALL)


@dataclass(frozen=True)
class Matcher:
    """A test on one label."""

    name: str
    op: str
    value: str

    def __str__(self) -> str:
        name = self.name if _PLAIN_NAME.fullmatch(self.name) else quoted(self.name)
        return f"{name}{self.op}{quoted(self.value)}"

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels pass."""
        value = labels.get(self.name, "")
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        matched = _compiled(self.value).fullmatch(value) is not None
        return matched if self.op == "=~" else not matched


def escaped(text: str) -> str:
    """A text as it stands between double quotes in matchers, label sets and PromQL."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def quoted(text: str) -> str:
    """The same with the quotes."""
    return f'"{escaped(text)}"'


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, _OPTIONS)


_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.dot_nl = True


def matcher(text: str) -> Matcher:
    """Read ``name="value"``, ``name=~"regex"`` and so on.

    :raises ValueError: with what is wrong and how to write it.
    """
    found = _classic(text) or _utf8(text)
    if found is None:
        raise ValueError(f'{text!r} is not a matcher; write for example severity="critical" or job=~"api.*"')
    return checked(found)


def typed(text: str, *, field: str) -> Matcher:
    """Read a matcher as somebody has typed it into ``field``.

    :raises Refused: it can't be read.
    """
    try:
        return matcher(text)
    except ValueError as error:
        raise Refused("That matcher is not accepted.", field=field, value=text, fix=f"{error}.") from None


def checked(stated: Matcher) -> Matcher:
    """The same matcher, if its regular expression is one.

    :raises ValueError: with what is wrong.
    """
    if stated.op in {"=~", "!~"}:
        try:
            _compiled(stated.value)
        except re2.error as error:
            told = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
            raise ValueError(f"{stated.value!r} is not a regular expression (RE2): {told}") from None
    return stated


def matchers(text: str) -> list[Matcher]:
    """Read one or several, with commas between them and perhaps braces around: ``{job="api", instance=~"a.*"}``.

    :raises ValueError: with what is wrong.
    """
    inner = text.strip()
    if inner.startswith("{"):
        if not inner.endswith("}"):
            raise ValueError(f"{text!r} has a brace that is not closed")
        inner = inner[1:-1].strip()
    found, at = [], 0
    while at < len(inner):
        piece = _PIECE.match(inner, at)
        if piece is None:
            raise ValueError(f"{text!r} is not a list of matchers; a quote or a comma is out of place")
        found.append(matcher(piece[1]))
        at = piece.end()
    return found


def _utf8(text: str) -> Matcher | None:
    found = _UTF8.fullmatch(text)
    if found is None:
        return None
    quoted_name, name, op, quoted_value, value = found.groups()
    try:
        name = _unquoted(quoted_name) if quoted_name is not None else name
        value = _unquoted(quoted_value) if quoted_value is not None else value
    except ValueError:
        return None
    return Matcher(name, op, value) if name else None


def _unquoted(text: str) -> str:
    """A text as it stands between quotes in Go.

    :raises ValueError: an escape that Go does not have, or that is no letter.
    """

    def one(found: re.Match[str]) -> str:
        single, octal, byte, short, long, other = found.groups()
        if other is not None:
            raise ValueError(f"\\{other} is not an escape")
        if single is not None:
            return _SINGLE[single]
        number = int(octal, 8) if octal else int(byte or short or long, 16)
        if 0xD800 <= number <= 0xDFFF or number > 0x10FFFF or ((octal or byte) and number > 0x7F):
            raise ValueError(f"{found[0]} is not a letter")
        return chr(number)

    return _GO_ESCAPE.sub(one, text)


def _classic(text: str) -> Matcher | None:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        return None
    name, op, raw = found.groups()
    if raw.startswith('"'):
        if len(raw) < 2 or not raw.endswith('"'):
            return None
        raw = raw[1:-1]
    letters: list[str] = []
    escaped = False
    for letter in raw:
        if escaped:
            letters.append({"n": "\n", '"': '"', "\\": "\\"}.get(letter, f"\\{letter}"))
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            return None  # a quote in the middle
        else:
            letters.append(letter)
    if escaped:  # it escapes nothing, or the closing quote
        if text.rstrip().endswith('"'):
            return None
        letters.append("\\")
    return Matcher(name, op, "".join(letters))
