"""Expressions: what an alert's link asks for, where its threshold lies, and placeholders filled in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from ...intake.matchers import escaped, quoted

_COMPARISONS = ("==", "!=", ">=", "<=", ">", "<")
_SET_WORDS = re.compile(r"(and|or|unless)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf)", re.IGNORECASE)
_NAMED = r"(service|labels)(?:\.([a-zA-Z_][a-zA-Z0-9_]*))?"
_PLACEHOLDER = re.compile(rf"\$\{{{_NAMED}\}}|\${_NAMED}")


def expression_of_link(link: str) -> str:
    """The expression in an alert's ``generatorURL`` (``…/graph?g0.expr=…``, also behind a ``#``); empty: there is none."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    behind = parts.fragment.partition("?")[2] or parts.fragment
    for text in (parts.query, behind):
        try:
            found = parse_qs(text).get("g0.expr") or parse_qs(text).get("expr")
        except ValueError:
            continue
        if found and found[0].strip():
            return found[0].strip()
    return ""


def server_of_link(link: str) -> str:
    """Scheme, host and port of the server that an alert's link leads to, in lower case."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return f"{parts.scheme}://{unquote(parts.netloc.rpartition('@')[2])}".lower() if parts.netloc else ""


@dataclass(frozen=True)
class Threshold:
    """A limit that an expression is compared with: it is bad when the value is ``sign`` ``value``."""

    sign: str
    value: float


@dataclass(frozen=True)
class Comparison:
    """What is to be drawn, and the limits it is compared with."""

    subject: str
    thresholds: tuple[Threshold, ...] = ()


def comparison_of(expression: str) -> Comparison:
    """The part of an alert's expression that has a curve, without the comparison that cuts it off.

    ``rate(errors[5m]) > 0.1 and up`` is about ``rate(errors[5m])``, and the limit is 0.1. Whatever is not understood is
    drawn as it stands.
    """
    text = expression.strip()
    for _ in range(8):
        inner = _without_brackets(text)
        if inner == text:
            break
        text = inner
    operands, signs = _split(text)
    if len(operands) == 1:
        return comparison_of(operands[0]) if operands[0] != text else Comparison(text)
    numbers = [number_of(operand) for operand in operands]
    subjects = [place for place, number in enumerate(numbers) if number is None]
    if not subjects:
        return Comparison(expression.strip())
    place = subjects[0]
    if len(subjects) > 1:
        return Comparison(_without_brackets(operands[place]))
    found = []
    for other, number in enumerate(numbers):
        if number is not None and math.isfinite(number):
            sign = signs[other - 1] if other > place else _turned(signs[other])
            found.append(Threshold(sign, number))
    return Comparison(_without_brackets(operands[place]), tuple(found))


def number_of(text: str) -> float | None:
    """The value of a number, or of a product or quotient of numbers such as ``5 * 60``; None: it is something else."""
    text = _without_brackets(text.strip())
    parts = re.split(r"([*/])", text)
    if not all(_NUMBER.fullmatch(part.strip()) for part in parts[::2]):
        return None
    value = float(parts[0])
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        other = float(part)
        if sign == "/" and other == 0:
            return None
        value = value * other if sign == "*" else value / other
    return value


def _turned(sign: str) -> str:
    return {">": "<", "<": ">", ">=": "<=", "<=": ">="}.get(sign, sign)


def _without_brackets(text: str) -> str:
    """``text`` without a pair of brackets around all of it."""
    text = text.strip()
    if not (text.startswith("(") and text.endswith(")")):
        return text
    for place, depth in _depths(text):
        if depth == 0 and place < len(text) - 1 and place > 0:
            return text
    return text[1:-1].strip()


def _depths(text: str) -> list[tuple[int, int]]:
    """Every place outside of quoted text, with how many brackets are open after it."""
    found, depth, quote, place = [], 0, "", 0
    while place < len(text):
        letter = text[place]
        if quote:
            if letter == "\\" and quote != "`":
                place += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'`":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
            found.append((place, depth))
        place += 1
    return found


def _split(text: str) -> tuple[list[str], list[str]]:
    """The operands and signs of the comparisons on the top level, up to the first ``and``, ``or`` or ``unless``."""
    top = {place for place, depth in _depths(text) if depth == 0 and text[place] not in ")]}"}
    operands, signs, start, place, end = [], [], 0, 0, len(text)
    while place < len(text):
        if place in top:
            word = _SET_WORDS.match(text, place)
            before = text[place - 1] if place else " "
            if word and not (before.isalnum() or before in "_:"):
                end = place
                break
            sign = next((each for each in _COMPARISONS if text.startswith(each, place)), "")
            if sign:
                operands.append(text[start:place].strip())
                signs.append(sign)
                place += len(sign)
                start = place
                if bool_ := re.compile(r"\s*bool\b").match(text, place):
                    start = place = bool_.end()
                continue
        place += 1
    operands.append(text[start:end].strip())
    return operands, signs


def fill(expression: str, *, service: str, labels: Mapping[str, str], of_alert: Mapping[str, str] | None = None) -> str:
    """``expression`` with ``$service``, ``$labels`` (the service's, as matchers) and ``$labels.name`` (the alert's, else
    the service's) put in.

    Values are escaped for a text in double quotes, so that a label can't change what is asked.
    """

    def one(found: re.Match[str]) -> str:
        what, name = found[1] or found[3], found[2] or found[4]
        if what == "service":
            return escaped(service) + (f".{name}" if name else "")
        if name:
            return escaped((of_alert or {}).get(name, labels.get(name, "")))
        return ",".join(f"{key}={quoted(value)}" for key, value in sorted(labels.items()))

    return _PLACEHOLDER.sub(one, expression)
