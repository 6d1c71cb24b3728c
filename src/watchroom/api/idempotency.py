"""A write sent twice with the same ``Idempotency-Key`` is done once, and both get the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ..kernel.clock import now
from ..kernel.errors import Conflict, NotSignedIn, Refused
from .auth import session_or_token
from .duties import KEPT
from .models import IdempotencyKey
from .problems import problem

HEADER = "Idempotency-Key"
ABANDONED = timedelta(minutes=5)  # a request that has not answered for so long was cut off
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class IdempotencyMiddleware:
    """Applies the key to every write under ``/api/v1/``."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get(HEADER, "").strip()
        if not key or request.method not in _WRITES or not request.path.startswith("/api/v1/"):
            return self.answer(request)
        if len(key) > 200:
            return problem(Refused("That key is too long.", field=HEADER, fix="Use at most 200 characters."))
        try:
            actor = session_or_token(request)
        except NotSignedIn as error:
            return problem(error)
        if actor is None or actor.person is None:
            return self.answer(request)
        digest = _digest(request, actor.scope or "")
        IdempotencyKey.objects.filter(person=actor.person, key=key, created_at__lte=now() - KEPT).delete()
        IdempotencyKey.objects.filter(
            person=actor.person, key=key, status=None, created_at__lte=now() - ABANDONED
        ).delete()
        try:
            with transaction.atomic():
                kept = IdempotencyKey.objects.create(
                    person=actor.person, key=key, request_hash=digest, created_at=now()
                )
        except IntegrityError:
            return _again(IdempotencyKey.objects.filter(person=actor.person, key=key).first(), digest)
        try:
            answer = self.answer(request)
        except BaseException:
            kept.delete()
            raise
        if answer.status_code >= 500 or answer.status_code in {401, 409} or not isinstance(answer, HttpResponse):
            kept.delete()  # worth trying again
        else:
            kept.status, kept.body = answer.status_code, answer.content.decode()
            kept.save(update_fields=["status", "body"])
        return answer


def _digest(request: HttpRequest, scope: str) -> str:
    """What was asked, with the right of whoever asked: a token that may do less is not given the answer again."""
    head = f"{scope} {request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request.body).hexdigest()


def _again(kept: IdempotencyKey | None, digest: str) -> HttpResponse:
    if kept is not None and kept.request_hash != digest:
        return problem(
            Refused("That key was used for a different request.", field=HEADER, value=kept.key, fix="Use a new key.")
        )
    if kept is None or kept.status is None:
        return problem(Conflict("The first request with that key is still running.", fix="Send it again in a moment."))
    kind = "application/json" if kept.status < 400 else "application/problem+json"
    answer = HttpResponse(kept.body or "", status=kept.status, content_type=kind)
    answer["Idempotency-Replayed"] = "true"
    return answer
