"""Carries a mapping out. Runs in the worker only: what it does may take for ever, or all the memory there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import cel
import jsonpath_rfc9535
from jinja2 import TemplateError, TemplateSyntaxError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .form import FIELDS, GROUPS, is_path, is_template

ITEMS_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1_000, 15_000, 200
_VARIABLES = ("payload", "item", "index")
# Macros name variables of their own: payload.checks.filter(check, check.failed)
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")
_TEXTS = tuple(name for name in FIELDS if name not in ("items", "when"))
Variables = dict[str, Any]


class Wrong(Exception):
    """A field of the mapping that can't be carried out, and why."""

    def __init__(self, field: str, value: str, why: str) -> None:
        super().__init__(why)
        self.field, self.value, self.why = field, value, why


class _Nothing(Undefined):
    """What a payload does not have: nothing, as deep as one asks. It may differ from one payload to the next."""

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self

    __getitem__ = __getattr__


def _printed(value: Any) -> Any:
    """What a template prints: lists and objects as JSON, not as Python has them."""
    return _text(value) if isinstance(value, dict | list | bool) or value is None else value


def _in_order(value: Any) -> Any:
    """The same with the names of objects in order: an expression gives them in any, and a payload has to read the same
    whenever it is read."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value, key=str)}
    return [_in_order(each) for each in value] if isinstance(value, list | tuple) else value


_templates = ImmutableSandboxedEnvironment(
    undefined=_Nothing, autoescape=False, auto_reload=False, cache_size=0, finalize=_printed
)
_templates.globals.clear()


def _text(value: Any) -> str:
    """Whatever came out, as a text: nothing as none, a truth value as JSON has it, lists and objects as JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            found = value
        case datetime() | date():
            found = value.isoformat()
        case int() | float():
            found = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        case dict() | list():
            found = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        case _:
            found = str(value)
    return found.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:TEXT_LIMIT].strip()


def _first_line(error: BaseException) -> str:
    text = (str(error) or type(error).__name__).strip().splitlines()[0]
    return text.partition("ERROR: <input>:")[2].partition(" expecting ")[0] or text[:300]


def _lower(text: str) -> str:
    return str(text).lower()


def _upper(text: str) -> str:
    return str(text).upper()


def _replace(text: str, old: str, new: str) -> str:
    return str(text).replace(str(old), str(new))


def _split(text: str, by: str) -> list[str]:
    return str(text).split(str(by))


def _join(texts: list[Any], by: str) -> str:
    return str(by).join(_text(each) for each in _in_order(texts))


def _trim(text: str) -> str:
    return str(text).strip()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lower": _lower, "upper": _upper, "replace": _replace, "split": _split, "join": _join, "trim": _trim,
}  # fmt: skip


def expression(field: str, source: str, *, lenient: bool = True) -> Callable[[Variables], Any]:
    """An expression, ready to be evaluated. What the payload does not have is nothing (None), or, unless ``lenient``, wrong.

    :raises Wrong: it is none, or names something that is not there.
    """
    try:
        program = cel.compile(source)
        known = {*_VARIABLES, *_MACRO.findall(source)}
        unknown = [name for name in program.variables() if name not in known]
    except Exception as error:
        raise Wrong(field, source, f"it can't be read as an expression: {_first_line(error)}") from None
    if unknown:
        raise Wrong(field, source, f"there is no {unknown[0]!r}; use payload or item, and 'quotes' around a text")

    def evaluate(variables: Variables) -> Any:
        context = cel.Context(variables)
        for name, function in _FUNCTIONS.items():
            context.add_function(name, function)
        try:
            return program.execute(context)
        except (KeyError, IndexError) as error:
            if lenient:
                return None
            raise Wrong(field, source, f"this payload has no {error}; ask has(…) first, such as has(item.kind) && …")
        except Exception as error:
            raise Wrong(field, source, _first_line(error)) from None

    return evaluate


def path(field: str, source: str) -> Callable[[Variables], Any]:
    """A path (JSONPath, RFC 9535) from an item, ready to be followed. One that names a single place gives what is there; one
    that may lead to several gives a list, or the one thing that it leads to. Nothing is None.

    :raises Wrong: it is none.
    """
    try:
        query = jsonpath_rfc9535.compile(source.strip())
        single = query.singular_query()
    except Exception as error:
        raise Wrong(field, source, f"it can't be read as a path: {_first_line(error)}") from None

    def follow(variables: Variables) -> Any:
        try:
            found = query.find(variables["item"]).values()
        except Exception as error:
            raise Wrong(field, source, _first_line(error)) from None
        if field == "items" and not single:
            return found
        return found if len(found) > 1 else found[0] if found else None

    return follow


def template(field: str, source: str) -> Callable[[Variables], Any]:
    """A template, ready to be filled.

    :raises Wrong: it is none.
    """
    try:
        compiled = _templates.from_string(source)
    except TemplateSyntaxError as error:
        raise Wrong(field, source, f"it can't be read as a template: {_first_line(error)}") from None
    except (TemplateError, ValueError, RecursionError) as error:
        raise Wrong(field, source, _first_line(error)) from None

    def fill(variables: Variables) -> Any:
        try:
            pieces, size = [], 0
            for piece in compiled.generate(variables):
                pieces.append(piece)
                size += len(piece)
                if size > TEXT_LIMIT:
                    break
            return "".join(pieces)
        except SecurityError as error:
            raise Wrong(field, source, f"that is not allowed: {_first_line(error)}") from None
        except Exception as error:
            raise Wrong(field, source, _first_line(error)) from None

    return fill


class Mapping:
    """A mapping whose expressions and templates are ready."""

    def __init__(self, said: dict[str, Any]) -> None:
        def ready(field: str, source: str) -> Callable[[Variables], Any]:
            if is_template(source) and not is_path(source):
                return template(field, source)
            return picked(field, source)

        def picked(field: str, source: str, *, lenient: bool = True) -> Callable[[Variables], Any]:
            return path(field, source) if is_path(source) else expression(field, source, lenient=lenient)

        self.items = picked("items", said["items"]) if "items" in said else None
        self.when = picked("when", said["when"], lenient=False) if "when" in said else None
        self.texts = {name: ready(name, said[name]) for name in _TEXTS if name in said}
        self.groups = {
            group: {name: ready(f"{group}.{name}", source) for name, source in said.get(group, {}).items()}
            for group in GROUPS
        }

    def alerts(self, payload: Any) -> list[dict[str, Any]]:
        """The texts of each alert that the payload becomes.

        :raises Wrong: a field can't be carried out on it.
        """
        items = [payload]
        if self.items is not None:
            found = self.items({"payload": payload, "item": payload, "index": 0})
            if isinstance(found, dict):
                found = [found]
            if not isinstance(found, list | tuple):
                raise Wrong("items", _text(found)[:100], "it has to lead to a list")
            if len(found) > ITEMS_LIMIT:
                raise Wrong("items", str(len(found)), f"a payload may become {ITEMS_LIMIT} alerts at most")
            items = [_in_order(each) for each in found]
        alerts = []
        for index, item in enumerate(items):
            variables = {"payload": payload, "item": item, "index": index}
            if self.when is not None and self.when(variables) in (False, None, "", []):
                continue
            alert: dict[str, Any] = {name: _text(evaluate(variables)) for name, evaluate in self.texts.items()}
            for group, fields in self.groups.items():
                values = ((name, _text(evaluate(variables))) for name, evaluate in fields.items())
                alert[group] = {name: value for name, value in values if value}
            alerts.append(alert)
        return alerts


@lru_cache(maxsize=64)
def _ready(said: str) -> Mapping:
    return Mapping(json.loads(said))


def carry_out(said: str, payload: Any, only_check: bool) -> dict[str, Any]:
    """The alerts, or what was wrong with the mapping. ``said`` is the mapping as JSON."""
    try:
        ready = _ready(said)
        return {"alerts": [] if only_check else ready.alerts(payload)}
    except Wrong as wrong:
        return {"field": wrong.field, "value": wrong.value[:120], "why": wrong.why}
    except (MemoryError, RecursionError) as error:
        return {"field": "", "value": "", "why": f"it needs more than it may have ({type(error).__name__})"}
