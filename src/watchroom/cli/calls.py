"""Which command carries out an operation of the API, read from the commands themselves: what each calls of the API."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import FunctionType
from typing import Any

from ..kernel.code import code_of, meant
from .main import cli
from .reference import commands, usage

_DEEPEST = 4
_Call = tuple[str, str]  # method, path with {} for what is filled in
_ANYTHING = ("", "")  # what is done with the API can't be read


def commands_for(method: str, path: str) -> list[str]:
    """The commands, with their arguments, that do what ``method path`` does."""
    return _done_by().get((method, re.sub(r"\{[^}]*\}", "{}", path.removeprefix("/api/v1"))), [])


@cache
def _done_by() -> dict[_Call, list[str]]:
    """By operation, the commands that do it: it is their only call, or the only one that changes something. What has a command of its
    own (a note) does not count in others that can do it as well (`watchroom ack --note`)."""
    said = {
        usage(path, command): frozenset(_calls(command.callback, {}, _DEEPEST))
        for path, command in commands("watchroom", cli)
        if any(each.name == "as_json" for each in command.params)  # its answer is that of the API
    }
    found: dict[_Call, list[str]] = {}
    for _ in range(2):
        own = set(found)
        for line, calls in said.items():
            done = [each for each in calls if each[0] != "GET"] or list(calls)
            if len(done) > 1:
                done = [each for each in done if each not in own]
            if len(done) == 1 and line not in found.setdefault(done[0], []):
                found[done[0]].append(line)
    return found


def _calls(function: Any, given: Mapping[str, str], deep: int) -> Iterator[_Call]:
    """The calls of the API in ``function``, to whose parameters the texts ``given`` are handed, and in what it hands the API to."""
    function = inspect.unwrap(function)
    code = code_of(function) if isinstance(function, FunctionType) and deep else None
    for node in ast.walk(code) if code else ():
        if not isinstance(node, ast.Call):
            continue
        texts = [_text(each, given) for each in node.args]
        if isinstance(node.func, ast.Attribute) and _is_api(node.func.value):
            method, path = (texts if node.func.attr == "call" else [node.func.attr.upper(), *texts])[:2]
            yield (method, f"/{path.strip('/').partition('?')[0]}") if method and path else _ANYTHING
        elif any(map(_is_api, node.args)):
            called = meant(node.func, function.__globals__)
            if not isinstance(called, FunctionType):
                yield _ANYTHING
                continue
            handed = dict(zip(inspect.signature(called).parameters, texts, strict=False))
            handed |= {each.arg: _text(each.value, given) for each in node.keywords if each.arg}
            yield from _calls(called, {name: text for name, text in handed.items() if text}, deep - 1)


def _is_api(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "api"


def _text(node: ast.expr, given: Mapping[str, str]) -> str:
    """A text as it is written, with ``{}`` for what is not known before it runs; empty: it is none."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return given.get(name, "")
        case ast.JoinedStr(values=parts):
            return "".join(
                _text(part.value if isinstance(part, ast.FormattedValue) else part, given) or "{}" for part in parts
            )
    return ""
