"""Subscribing to a page, confirming it, choosing components and leaving. Nobody signs in for it: a signed link is
the key, and what a link opens is done by a button, since mail programs open links by themselves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ...kernel.errors import NotFound, WatchroomError
from ...kernel.numbers import wholes
from .. import commands
from ..models import StatusPage, Subscriber
from .access import address_of, may_read
from .views import base_of, language_of, page_for


def _gone(slug: str) -> NotFound:
    return NotFound("There is no such status page.", field="slug", value=slug, fix="Check the address.")


def _of_link(request: HttpRequest, slug: str, purpose: str) -> tuple[StatusPage, Subscriber]:
    """The page and the subscription that a link is for.

    :raises NotFound: there is no such page.
    :raises NotAllowed: the link is not for that.
    """
    page = StatusPage.objects.filter(slug=slug).first()
    if page is None:
        raise _gone(slug)
    return page, commands.subscriber_of(request.GET.get("token", ""), purpose, page)


def _may_know(request: HttpRequest, page: StatusPage, row: Subscriber) -> bool:
    """Whether who opens a link may know what the page is called: who may read it, and who is told of it all the same."""
    told = row.as_reader and row.state != Subscriber.State.ENDED
    return told or may_read(request, page)


def _page(request: HttpRequest, slug: str) -> StatusPage:
    page, readable = page_for(request, slug)
    if not readable:
        raise _gone(slug)
    return page


def _show(request: HttpRequest, page: StatusPage, name: str, status: int = 200, **context: Any) -> HttpResponse:
    language = language_of(request, page)
    with translation.override(language):
        context |= {"page": page, "base": base_of(request, page.slug), "language": language}
        answer = HttpResponse(render_to_string(f"status/public/{name}.html", context), status=status)
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"  # the address is the key
    return answer


def _chosen(request: HttpRequest) -> list[int]:
    return wholes(request.POST.getlist("component"))


@csrf_exempt  # it asks an address for its consent and uses nobody's session
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask to be told."""
    page = _page(request, slug)
    error: WatchroomError | None = None
    kind, address = request.POST.get("kind", Subscriber.Kind.EMAIL), request.POST.get("address", "")
    if request.method == "POST":
        try:
            commands.subscribe(
                page,
                kind=kind,
                address=address,
                asked_from=address_of(request),
                components=_chosen(request),
                language=language_of(request, page),
            )
        except WatchroomError as refused:
            error = refused
        else:
            return _show(request, page, "asked", kind=kind)
    context = {"kind": kind, "address": address, "error": error, "kinds": Subscriber.Kind.choices}
    return _show(
        request,
        page,
        "subscribe",
        error.status if error else 200,
        components=page.components.all(),
        chosen=_chosen(request),
        **context,
    )


@csrf_exempt  # the token in the address is the key
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """Their consent."""
    page, row = _of_link(request, slug, "confirm")
    if not _may_know(request, page, row):
        raise _gone(slug)
    if request.method == "POST":
        commands.confirm(row)
        token = commands.link_token(row, "manage")
        return redirect(f"{base_of(request, slug)}subscription?token={token}&done=confirmed")
    return _show(request, page, "confirm", row=row)


@csrf_exempt  # the token in the address is the key; RFC 8058 posts without anything else
@require_http_methods(["GET", "POST"])
def subscription(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose components, or leave. Leaving works for everybody, also for who may no longer read the page; what it is
    called, and what is on it, is no business of theirs then."""
    page, row = _of_link(request, slug, "manage")
    token, known = request.GET.get("token", ""), _may_know(request, page, row)
    if request.method == "POST":
        if request.POST.get("do") == "choose":
            if not known:
                raise _gone(slug)
            commands.choose(row, _chosen(request))
            return redirect(f"{base_of(request, slug)}subscription?token={token}&done=saved")
        commands.leave(row)
        row.refresh_from_db()
        known = _may_know(request, page, row)
    return _show(
        request,
        page,
        "subscription",
        row=row,
        known=known,
        components=page.components.all() if known else [],
        chosen=[] if row.all_components else list(row.components.values_list("pk", flat=True)),
        done=request.GET.get("done", ""),
    )
