"""What an operation needs, read from its code: the actions that its commands ask for (`accounts.changes.change`,
`Actor.require`). So it is said in one place only, where it is decided."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from ..accounts.roles import Action
from ..kernel.code import code_of, meant

_ONLY_ASKED = {"may", "may_somewhere", "teams_where"}  # what is shown depends on it; nothing is refused
_BELOW = ("watchroom.kernel.", "watchroom.accounts.changes", "watchroom.accounts.actors")
_DEEPEST = 6


def actions_of(do: Callable[..., Any]) -> frozenset[Action]:
    """The actions that the operation carried out by ``do`` asks for; more than one where it depends on whose it is. None: it
    changes nothing, and shows what its caller may see."""
    return _actions(inspect.unwrap(do), _DEEPEST)


@cache
def _actions(do: Any, deep: int) -> frozenset[Action]:
    """Those that ``do`` names, itself or by what decides it for it; if none, those of what it calls."""
    if not isinstance(do, FunctionType) or not do.__module__.startswith("watchroom.") or not deep:
        return frozenset()
    if do.__module__.startswith(_BELOW):
        return frozenset()
    named, called = _said_in(do)
    asked = [each for each in called if not named or _decides(each, do)]
    return named.union(*(_actions(each, deep - 1) for each in asked))


def _decides(called: Any, do: FunctionType) -> bool:
    """Whether ``called`` says which action ``do`` needs, or is a check of its own module."""
    if not isinstance(called, FunctionType):
        return False
    beside = called.__module__ == do.__module__ and called.__name__.startswith("_")
    return beside or called.__annotations__.get("return") == Action.__name__


@cache
def _said_in(do: FunctionType) -> tuple[frozenset[Action], tuple[Any, ...]]:
    """The actions that ``do`` names, and what it calls."""
    named: set[Action] = set()
    called: dict[Any, None] = {}
    code = code_of(do)
    for node in _decisive(code) if code else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Action":
            named.add(Action[node.attr])
        elif isinstance(node, ast.Call):
            called |= dict.fromkeys(map(inspect.unwrap, _targets(node.func, do.__globals__)))
    return frozenset(named), tuple(called)


def _targets(name: ast.expr, known: dict[str, Any]) -> list[Any]:
    """What may be called by ``name``; by ``CHOICES[key]`` any of them."""
    one_of = meant(name.value, known) if isinstance(name, ast.Subscript) else None
    targets = [*one_of.values()] if isinstance(one_of, dict) else [meant(name, known)]
    return [each for each in targets if callable(each)]


def _decisive(code: ast.AST) -> Iterator[ast.AST]:
    """What stands in ``code``, but for questions whose answer refuses nothing."""
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ONLY_ASKED:
            continue
        yield node
        yield from _decisive(node)
