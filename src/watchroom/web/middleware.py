"""Who acts in a request, and errors meant for people."""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from ..accounts.actors import Actor, acting
from ..api.not_found import wrong_method
from ..api.problems import problem
from ..kernel import clock
from ..kernel.db import beyond
from ..kernel.errors import NotSignedIn, Refused, WatchroomError

Answer = Callable[[HttpRequest], HttpResponseBase]


class ActorMiddleware:
    """Sets ``request.actor`` for whoever is signed in, and the time zone in which they read; and ``request.begun_at``, since
    which a page may have become old."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.begun_at = clock.now()  # type: ignore[attr-defined]
        person = request.user
        request.actor = acting(person, address=request.META.get("REMOTE_ADDR", "")) if person.is_authenticated else None  # type: ignore[attr-defined,arg-type]
        if person.is_authenticated:
            try:
                timezone.activate(zoneinfo.ZoneInfo(person.timezone))  # type: ignore[union-attr]
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                timezone.deactivate()
        try:
            return self.answer(request)
        finally:
            timezone.deactivate()


_NO_PAGE = "It carries something out, and has no page of its own: go back to the page with its button."


class ErrorMiddleware:
    """Turns a :class:`WatchroomError` of a page, and a method that an address does not take, into something a person can act on."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.answer(request)
        if answer.status_code != 405 or request.path.startswith("/api/") or getattr(answer, "content", None):
            return answer
        if "text/html" in request.headers.get("Accept", ""):
            error = wrong_method(request, answer, _NO_PAGE)
            error.title = "There is no page at this address"
            said = render(request, "web/error.html", {"error": error}, status=405)
        else:  # a program
            said = problem(wrong_method(request, answer))
        said["Allow"] = answer["Allow"]
        return said

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        error = beyond(error) or error
        if not isinstance(error, WatchroomError) or request.path.startswith("/api/"):
            return None
        if isinstance(error, NotSignedIn):
            return _to_sign_in(request)
        if request.method == "POST" and "application/json" in request.headers.get("Accept", ""):
            return problem(error)  # a script of ours asks, and shows it
        if request.method == "POST" and error.status in {409, 422} and (came_from := page_before(request)):
            # Back to the form that was sent, with the reason on top.
            messages.error(request, str(error))
            return redirect(came_from)
        return render(request, "web/error.html", {"error": error}, status=error.status)


def page_before(request: HttpRequest) -> str:
    """The path of our page from which this was asked; empty: it was none of ours, or the browser does not say."""
    came_from, ours = request.META.get("HTTP_REFERER", ""), request.build_absolute_uri("/")
    return "/" + came_from.removeprefix(ours).lstrip("/") if came_from.startswith(ours) else ""


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which leads back to the page that was open: what was posted has none. A part that re-reads itself
    is left as it is (js/toast.js says why)."""
    if request.headers.get("HX-Request"):
        return HttpResponse("You are signed out.", status=401, content_type="text/plain")
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else page_before(request) or "/"
    return redirect("/account/login/?" + urlencode({"next": back}))


# What a job has printed must not cost it its ping, nor what a mail quotes its sender the mail; there it is left out.
_TAKES_ANYTHING = ("/ping/", "/mail/")


class TextMiddleware:
    """Refuses, anywhere in a request, what is no text: the character NUL, which PostgreSQL can't store, and half a surrogate
    pair, which no page can show. Nobody means either."""

    _NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
    _SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")  # written out in JSON, or as it is

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self._has_nul(request):
            error = Refused("The request has a NUL character in it.", field="request", fix="Leave it out.")
        elif self._has_half_a_pair(request):
            error = Refused(
                "The request has half a surrogate pair in it, such as \\ud800.", field="request", fix="Leave it out."
            )
        else:
            return self.answer(request)
        if request.path.startswith("/api/"):
            return problem(error)
        return render(request, "web/error.html", {"error": error}, status=error.status)

    def _has_nul(self, request: HttpRequest) -> bool:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return True
        if not _has_text(request):
            return False
        body = request.body
        if request.content_type == "application/x-www-form-urlencoded":
            return b"%00" in body or b"\0" in body
        return b"\0" in body or self._NUL_IN_JSON.search(body) is not None

    def _has_half_a_pair(self, request: HttpRequest) -> bool:
        """Only JSON can bring one: in addresses and forms Django replaces what is no UTF-8."""
        if not _has_text(request) or self._SURROGATE.search(request.body) is None:
            return False
        try:
            json.dumps(json.loads(request.body), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return True
        except (ValueError, RecursionError):
            pass  # no JSON: whoever reads it says so
        return False


def _has_text(request: HttpRequest) -> bool:
    """Whether it has a body that is meant to be text; a file is taken as it is."""
    return (
        request.method not in {"GET", "HEAD"}
        and not request.path_info.startswith(_TAKES_ANYTHING)
        and not request.path_info.endswith("/attachments")
    )


def actor_of(request: HttpRequest) -> Actor:
    """Who acts. For pages that need a signed-in person.

    :raises NotSignedIn: nobody is.
    """
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise NotSignedIn()
    return actor
