"""Our own functions as they are written: for what is told of them elsewhere, so that it is said once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any


def code_of(function: FunctionType) -> ast.FunctionDef | None:
    """How ``function`` is written; None: not with ``def``, or its file is another one since it was loaded."""
    code = function.__code__
    found = _functions(code.co_filename).get(code.co_firstlineno)
    return found if found is not None and found.name == code.co_name else None


@cache
def _functions(path: str) -> dict[int, ast.FunctionDef]:
    """The functions of a file, by the line on which each begins."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {min([node.lineno, *(each.lineno for each in node.decorator_list)]): node for node in found}


def meant(name: ast.expr, known: dict[str, Any]) -> Any:
    """What ``name`` (``f``, ``module.f``) stands for where ``known`` are the names; None: nothing that is known before it runs."""
    if isinstance(name, ast.Name):
        return known.get(name.id)
    if isinstance(name, ast.Attribute) and isinstance(of := meant(name.value, known), ModuleType | type):
        return getattr(of, name.attr, None)
    return None
