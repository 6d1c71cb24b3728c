"""Pages for when something is not there or went wrong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from ...api.not_found import nothing_at
from ...api.problems import problem
from ...kernel.errors import NotAllowed, NotFound, WatchroomError
from ..middleware import page_before


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: the address leads nowhere."""
    if request.path.startswith("/api/"):
        return problem(nothing_at(request.path))
    error = NotFound("There is no such page.", fix="Check the address, or start from the home page.")
    return render(request, "web/error.html", {"error": error}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault."""
    error = WatchroomError(
        "Watchroom could not do that, and wrote down why.",
        fix="Nothing that was accepted is lost. Try again; if it stays, look at the server's log.",
    )
    return render(request, "web/error.html", {"error": error}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not sent from one of our pages, or the session has ended since. Of the API, only its document asks for that: it can
    only be read."""
    if request.path.startswith("/api/"):
        return HttpResponseNotAllowed(["GET"])
    form_page = page_before(request)
    error = NotAllowed(
        "This form is too old, or it was not sent from Watchroom.",
        fix="Go back to it, look at what you wrote, and send it again."
        if form_page
        else "Go back, reload the page and send it again.",
    )
    return render(request, "web/error.html", {"error": error, "form_page": form_page}, status=403)
