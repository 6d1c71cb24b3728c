"""A page under its own domain: a request whose host is one is answered as if it had asked for ``/status/<slug>``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import validate_host

from ...kernel import clock
from ...kernel import settings as conf
from ..models import StatusPage

_KEPT_SECONDS = 5.0


class DomainMiddleware:
    """The first middleware: those behind it would refuse a host that is not Watchroom's own."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer
        self._slugs: dict[str, str] = {}
        self._until = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = str(request.META.get("HTTP_HOST", "")).partition(":")[0].rstrip(".").lower()
        if not host or host in settings.ALLOWED_HOSTS:
            return self.answer(request)
        slug = self._slug_of(host)
        if slug is None and not self._until and not validate_host(host, settings.ALLOWED_HOSTS):
            # Nobody has been able to say yet whose name this is. "There is no such host" would have the gate forget the page
            # that it has kept for just this hour.
            return HttpResponse("The database is away.\n", status=503, content_type="text/plain")
        if slug is not None:
            path = request.path_info.lstrip("/")
            request.path_info = request.path = f"/status/{slug}/{path}" if path else f"/status/{slug}"
            request.META["PATH_INFO"] = request.path_info
            request.META["HTTP_HOST"] = urlsplit(conf.current().url).netloc
            request.status_base = "/"  # type: ignore[attr-defined]
        return self.answer(request)

    def _slug_of(self, host: str) -> str | None:
        if clock.monotonic() >= self._until:
            try:
                rows = StatusPage.objects.exclude(domain="").values_list("domain", "slug")
                self._slugs, self._until = dict(rows), clock.monotonic() + _KEPT_SECONDS
            except Error:
                pass  # what was known goes on being answered
        return self._slugs.get(host)
