"""Errors as problem documents (RFC 9457, ``application/problem+json``)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from ninja.errors import ValidationError

from ..kernel.errors import Refused, WatchroomError

_UNKNOWN = "There is no such setting here: check how it is written, or leave it out."


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
        body["value"] = str(error.value)[:200]
    if error.fix:
        body["fix"] = error.fix
    return HttpResponse(json.dumps(body | more), status=error.status, content_type="application/problem+json")


def validation_problem(error: ValidationError) -> HttpResponse:
    """What the schema did not accept: the first as the problem itself, all of them under ``errors``."""
    errors = [
        {
            "field": ".".join(str(part) for part in each["loc"][2:] or each["loc"][1:]),
            # Of what is missing, pydantic gives all that lies around it.
            "value": "" if each.get("type") == "missing" else str(each.get("input", ""))[:200],
            "fix": _UNKNOWN if each.get("type") == "extra_forbidden" else each["msg"],
        }
        for each in error.errors
    ]
    first = errors[0] if errors else {"field": "", "value": None, "fix": ""}
    refused = Refused(
        "The request does not fit the schema.", field=str(first["field"]), value=first["value"], fix=str(first["fix"])
    )
    return problem(refused, errors=errors)
