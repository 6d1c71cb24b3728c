"""What strangers read, at its addresses: below ``/status/<slug>`` and under a page's own domain."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from ...kernel import clock
from ...kernel.errors import NotFound
from ..models import StatusPage
from ..queries import view
from ..rules import LANGUAGES, pick
from .access import REMEMBERED, cookie_of, knows_password, may_read
from .documents import PATHS, Document, Place, make

CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
SHELF = "X-Watchroom-Shelf"  # tells the gate that it may keep this answer, and of which page it is; never goes further
SHELF_WITH = "X-Watchroom-Shelf-With"  # and which documents belong to it, so that it keeps those before anybody asks


def base_of(request: HttpRequest, slug: str) -> str:
    """What stands before the address of each of a page's documents: another one under its own domain."""
    return getattr(request, "status_base", f"/status/{slug}/")


def language_of(request: HttpRequest, page: StatusPage) -> str:
    """The reader's language: what they chose, what their browser says, or the page's own."""
    chosen = request.GET.get("lang", "")
    return chosen if chosen in LANGUAGES else pick(request.headers.get("Accept-Language", ""), page.language)


def page_for(request: HttpRequest, slug: str) -> tuple[StatusPage, bool]:
    """The page, and whether who asks may read it now. To others a page without a password is not there at all.

    :raises NotFound: there is none, or it is not for them.
    """
    page = StatusPage.objects.select_related("team").filter(slug=slug).first()
    readable = page is not None and may_read(request, page)
    if page is None or not (readable or page.password):
        raise NotFound("There is no such status page.", field="slug", value=slug, fix="Check the address.")
    return page, readable


@require_safe
def document(request: HttpRequest, slug: str, path: str = "") -> HttpResponse:
    """The page or one of its documents; works without scripts."""
    page, readable = page_for(request, slug)
    language = language_of(request, page)
    if not readable and path != "style.css":  # the form that asks for the password has that, too
        return _closed(request, page, path, language)
    # The same for everybody, since caches keep it: made without the request, so that nothing of who reads is in it.
    made = make(view(page, clock.now()), path, Place(base_of(request, slug), language=language))
    if made is None:
        raise Http404
    return _answer(request, page, made, language, path)


def _answer(request: HttpRequest, page: StatusPage, made: Document, language: str, path: str) -> HttpResponse:
    """Let caches keep a public page for a moment, and answer 304 to whoever has it already."""
    answer = HttpResponse(made.body, content_type=made.content_type)
    answer["Content-Language"] = language
    if not page.public:
        answer["Cache-Control"] = "private, no-store"
        return answer
    if made.content_type == "application/json":
        answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"], answer["Vary"] = CACHE, "Accept-Language"
    answer["ETag"] = f'"{hashlib.sha256(made.body).hexdigest()[:32]}"'
    kept = get_conditional_response(request, etag=answer["ETag"], response=answer) or answer
    kept[SHELF] = str(page.pk)
    if not path:
        kept[SHELF_WITH] = " ".join(PATHS[1:])
    return kept


def _closed(request: HttpRequest, page: StatusPage, path: str, language: str, wrong: bool = False) -> HttpResponse:
    """Ask for the password: people by a form, programs by HTTP Basic."""
    with translation.override(language):
        context = {"page": page, "base": base_of(request, page.slug), "language": language, "wrong": wrong}
        html = render_to_string("status/public/closed.html", context)
    answer = HttpResponse(html, status=401 if path else 403)
    if path:
        answer["WWW-Authenticate"] = 'Basic realm="status page", charset="UTF-8"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@csrf_exempt  # nobody's session is used: whoever sends this form must know the password
@require_POST
def password(request: HttpRequest, slug: str) -> HttpResponse:
    """The password of a page."""
    page, _ = page_for(request, slug)
    if not knows_password(request, page, request.POST.get("password", "")):
        return _closed(request, page, "", language_of(request, page), wrong=True)
    answer = redirect(base_of(request, slug).rstrip("/") or "/")
    name, value = cookie_of(page)
    answer.set_cookie(
        name, value, max_age=REMEMBERED, secure=request.is_secure(), httponly=True, samesite="Lax", path="/"
    )
    return answer
