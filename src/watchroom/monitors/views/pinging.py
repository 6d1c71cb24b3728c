"""`/ping/<key>`: what jobs call. No sign-in and no form token; the key in the address is all."""

from __future__ import annotations

import uuid

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ...kernel.errors import NotFound
from ...kernel.numbers import whole
from ..commands import Said, ping

_WORDS = {"": "success", "start": "start", "fail": "fail", "log": "log"}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest, key: str, word: str = "") -> HttpResponse:
    """Take a ping. An exit code counts as success if it is 0."""
    code = whole(word, 3)
    kind = _WORDS.get(word) if code is None else ("fail" if code else "success")
    if kind is None or (code or 0) > 255:
        return _text("Use /start, /fail, /log or an exit code from 0 to 255.\n", 404)
    run = request.GET.get("rid", "")
    if run:
        try:
            run = str(uuid.UUID(run))
        except ValueError:
            return _text("rid must be a UUID.\n", 400)
    try:
        body = request.body
    except RequestDataTooBig:
        body = b"(it was too large to be kept)"
    said = Said(
        kind=kind,
        exit_code=code,
        run=run,
        method=request.method or "GET",
        remote=request.META.get("REMOTE_ADDR", ""),
        body=body[:20_000].decode(errors="replace").replace("\0", ""),
    )
    try:
        ping(key, said)
    except NotFound as error:
        return _text(f"{error.message}\n", 404)
    return _text("OK\n")


def _text(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
