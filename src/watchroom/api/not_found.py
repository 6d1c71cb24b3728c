"""Problem documents for what never reaches a handler: unknown addresses, wrong methods, bodies that are not JSON."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..kernel.errors import NotFound, WatchroomError
from .problems import problem


class WrongMethod(WatchroomError):
    """This address has no such method."""

    status, title, code = 405, "Method not allowed", "method_not_allowed"


class Unreadable(WatchroomError):
    """The request could not be read: its body is not JSON."""

    status, title, code = 400, "Bad request", "bad_request"


_MEANT: dict[int, type[WatchroomError]] = {400: Unreadable, 404: NotFound, 405: WrongMethod}


class ApiProblemMiddleware:
    """Every 400, 404 and 405 under ``/api/`` is a problem document."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.answer(request)
        meant = _MEANT.get(answer.status_code)
        if not meant or not request.path.startswith("/api/") or "problem+json" in answer.get("Content-Type", ""):
            return answer
        said = problem(meant(fix="See /api/v1/openapi.json."))
        if "Allow" in answer:
            said["Allow"] = answer["Allow"]
        return said
