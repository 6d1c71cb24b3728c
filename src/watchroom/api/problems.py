"""Errors as problem documents (RFC 9457, ``application/problem+json``)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from ninja import Field, Schema
from ninja.errors import ValidationError

from ..kernel.asked import sounds_secret
from ..kernel.errors import Refused, WatchroomError
from ..kernel.known import suggestion


class Wrong(Schema):
    """One value that is not accepted."""

    field: str
    value: str
    fix: str


class Problem(Schema):
    """Why something was refused, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="Which value, as `steps.0.after_minutes`.")
    value: str | None = Field(None, description="What was given there; a secret is not repeated.")
    fix: str | None = Field(None, description="What to do.")
    errors: list[Wrong] | None = Field(None, description="All values that do not fit, where there may be several.")


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
            "fix": _fix(each),
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


_FIXES = {
    "missing": "It has to be given.",
    "model_attributes_type": "Send a JSON object.",
    "model_type": "Send a JSON object.",
    "dict_type": "Send a JSON object.",
    "list_type": "Send a list.",
    "string_type": "Send a text, in quotes.",
    "int_type": "Use a whole number.",
    "int_parsing": "Use a whole number.",
    "int_from_float": "Use a whole number.",
    "bool_type": "Use true or false.",
    "bool_parsing": "Use true or false.",
    "less_than_equal": "Use {le} at most.",
    "greater_than_equal": "Use {ge} at least.",
    "string_too_long": "Use at most {max_length} characters.",
    "string_too_short": "Use at least {min_length} characters.",
    "too_long": "Use at most {max_length}.",
    "too_short": "Use at least {min_length}.",
    "literal_error": "Use {expected}.",
    "timezone_aware": "Say its offset, as in 2027-03-02T22:00+01:00.",
}
_FIXES |= dict.fromkeys(
    ("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
    "Use a time with its offset, as 2027-03-02T22:00+01:00.",
)
_FIXES |= dict.fromkeys(
    ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
    "Use a day, as 2027-03-02.",
)


def _fix(each: dict[str, Any]) -> str:
    """What to do, in our words where we have some; else as Pydantic, or a validator of ours, says it."""
    if _is_unknown(each):
        return suggestion(str(_place(each)[-1]), each["known"])
    if each.get("type") == "missing" and _place(each) == ("body",):
        return "Send a JSON object."
    words = _FIXES.get(each.get("type", ""))
    return words.format_map(each.get("ctx", {})) if words else str(each["msg"]).removeprefix("Value error, ")


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
