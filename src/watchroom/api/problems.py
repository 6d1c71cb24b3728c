"""Errors as problem documents (RFC 9457, ``application/problem+json``)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from ninja.errors import ValidationError

from ..kernel.asked import sounds_secret
from ..kernel.errors import Refused, WatchroomError
from ..kernel.known import suggestion

_DEPTH = 5  # so far a value that is made of others is shown


def problem(error: WatchroomError, **more: Any) -> HttpResponse:
    """``error`` as an answer: type, title, status, detail, and our field, value and fix."""
    body: dict[str, Any] = {
        "type": f"about:blank#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
    }
    if error.field:
        body["field"] = error.field
    if error.value is not None:
        body["value"] = plain(error.value)[:200]
    if error.fix:
        body["fix"] = error.fix
    return HttpResponse(json.dumps(body | more), status=error.status, content_type="application/problem+json")


def plain(value: Any) -> str:
    """A value as who sent it would write it: a list as its words, nothing of how Python writes things."""
    if isinstance(value, list | tuple | set | frozenset) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(plain(one) for one in value)
    if isinstance(value, dict | list) or value is None or isinstance(value, bool):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def validation_problem(error: ValidationError) -> HttpResponse:
    """What the schema did not accept: the first as the problem itself, all of them under ``errors``."""
    errors = [
        {
            "field": ".".join(str(part) for part in _place(each)),
            "value": _given(each),
            "fix": suggestion(str(_place(each)[-1]), each["known"]) if _is_unknown(each) else each["msg"],
        }
        for each in sorted(
            error.errors, key=lambda each: not _is_unknown(each)
        )  # what is misspelt is missing elsewhere
    ]
    first = errors[0] if errors else {"field": "", "value": None, "fix": ""}
    refused = Refused(
        "The request does not fit the schema.", field=str(first["field"]), value=first["value"], fix=str(first["fix"])
    )
    return problem(refused, errors=errors)


def _is_unknown(each: dict[str, Any]) -> bool:
    return each.get("type") == "extra_forbidden"


def _place(each: dict[str, Any]) -> tuple[str | int, ...]:
    return tuple(each["loc"][2:] or each["loc"][1:])


def _given(each: dict[str, Any]) -> str:
    """What was refused. Nothing that may be a secret is said again: answers are logged, and kept with their keys."""
    # Of what is missing, pydantic gives all that lies around it.
    if each.get("type") == "missing" or any(sounds_secret(str(part)) for part in _place(each)):
        return ""
    return plain(_without_secrets(each.get("input", "")))[:200]


def _without_secrets(value: Any, depth: int = 0) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == _DEPTH:
        return "…"
    if isinstance(value, list):
        return [_without_secrets(one, depth + 1) for one in value]
    return {name: "" if sounds_secret(str(name)) else _without_secrets(one, depth + 1) for name, one in value.items()}
