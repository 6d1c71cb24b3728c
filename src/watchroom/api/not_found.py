"""Problem documents for what never reaches a handler: unknown addresses, wrong methods, bodies that can't be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..kernel.errors import NotFound, WatchroomError
from ..kernel.known import one_of
from . import HELP
from .problems import problem

_BELOW = "/api/v1/"


class WrongMethod(WatchroomError):
    """This address has no such method."""

    status, title, code = 405, "Method not allowed", "method_not_allowed"


class Unreadable(WatchroomError):
    """The request could not be read."""

    status, title, code = 400, "Bad request", "bad_request"


class WrongType(WatchroomError):
    """The body has a type that is not read here."""

    status, title, code = 415, "Not JSON", "unsupported_media_type"


class ApiProblemMiddleware:
    """Every 400, 404 and 405 under ``/api/`` is a problem document. HEAD is answered as GET is; whoever serves us leaves the body
    out."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        said = request.method
        if said == "HEAD" and request.path.startswith("/api/"):
            request.method = "GET"
        answer = self.answer(request)
        request.method = said
        if not request.path.startswith("/api/") or "problem+json" in answer.get("Content-Type", ""):
            return answer
        if answer.status_code == 405:
            refused = problem(wrong_method(request, answer, f"Use {{}}. See {HELP}."))
            refused["Allow"] = answer["Allow"]
            return refused
        if answer.status_code == 404:
            return problem(nothing_at(request.path))
        return problem(Unreadable(fix=f"See {HELP}.")) if answer.status_code == 400 else answer


def wrong_method(request: HttpRequest, answer: HttpResponseBase, fix: str = "Use {}.") -> WrongMethod:
    """What to say where ``answer`` is that the address does not take the request's method; ``{}`` in ``fix`` are those that it takes."""
    taken = one_of(answer.get("Allow", "").split(", "))
    return WrongMethod(
        f"{request.path[:200]} takes {taken}, not {request.method}.",
        field="method",
        value=request.method,
        fix=fix.format(taken),
    )


def nothing_at(path: str) -> NotFound:
    """What to say where there is no operation at ``path``: which one was meant, or which number in it is none."""
    said = f"There is nothing at {path[:200]}."
    asked = _BELOW + path.removeprefix(_BELOW).removeprefix("/api/").strip("/")
    meant: list[str] = []
    for address, numbers in _addresses_like(asked):
        if address != path:
            meant.append(address)
        for name, value in numbers.items():
            if address == asked and not value.isdecimal():
                return NotFound(said, field=name, value=value, fix="Use a whole number.")
    near = get_close_matches(asked, meant, n=1)
    return NotFound(said, field="path", value=path, fix=f"{f'Did you mean {near[0]}? ' if near else ''}See {HELP}.")


def _addresses_like(asked: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The addresses whose words are as those of ``asked``, or nearly, with what stands there in the place of their parameters; and
    what stands in the place of numbers, by their names. Those of its very words come last."""
    from .root import api

    parts = asked.split("/")
    found = []
    for template, operations in api.get_openapi_schema()["paths"].items():
        places = list(zip(template.split("/"), parts, strict=False))
        if template.count("/") != len(parts) - 1 or not all(_near(place, part) for place, part in places):
            continue
        [first, *_] = operations.values()
        integers = {each["name"] for each in first["parameters"] if each["schema"].get("type") == "integer"}
        address = "/".join(part if place.startswith("{") else place for place, part in places)
        numbers = {place[1:-1]: part for place, part in places if place.startswith("{") and place[1:-1] in integers}
        found.append((address, numbers))
    yield from sorted(found, key=lambda each: each[0] == asked)


def _near(place: str, part: str) -> bool:
    """Whether somebody who writes ``part`` may mean ``place``."""
    if place.startswith("{") or place == part:
        return True
    return (len(part) > 2 and place.startswith(part)) or bool(get_close_matches(part.lower(), [place]))


def unreadable(request: HttpRequest) -> WatchroomError:
    """What to say of a body that is not JSON: where it breaks off being one, or of which type it was said to be."""
    said = request.content_type or ""
    if said and "json" not in said:
        return WrongType(
            f"The body came as {said}, and is not JSON.",
            field="Content-Type",
            value=said,
            fix="Send JSON, with Content-Type: application/json.",
        )
    try:
        json.loads(request.body)
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})"
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8"
    except (ValueError, RecursionError):
        why = "a number in it is too long, or it is too deep"
    else:
        return Unreadable(fix=f"See {HELP}.")
    return Unreadable(f"The body is not JSON: {why}.", field="body", fix="Send one JSON object, in UTF-8.")
