"""The first run: whoever opens a fresh installation is led to the walk, and only its operator may take it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ..kernel import settings as conf
from ..kernel.errors import NotAllowed
from ..kernel.signing import sign, unsign
from .queries import is_set_up

VALID_FOR = timedelta(days=7)
_PURPOSE = "set-up"
_OPEN = ("/welcome", "/static/", "/api/", "/healthz", "/readyz", "/metrics", "/live", "/favicon.ico")
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def setup_url() -> str:
    """The address at which the operator takes the first-run walk; ``watchroom serve`` prints it while nobody exists."""
    return f"{conf.current().url}/welcome?token={sign(_PURPOSE, 1, valid_for=VALID_FOR)}"


def check_token(token: str) -> None:
    """Whether this is a token of :func:`setup_url`.

    :raises NotAllowed: it is not, or it has expired.
    """
    try:
        unsign(_PURPOSE, token.strip())
    except NotAllowed as error:
        raise NotAllowed(
            error.message, fix="Run `watchroom doctor` where Watchroom runs, and open the address that it prints."
        ) from None


def is_operator(request: HttpRequest) -> bool:
    """Whether the browser runs on this very machine, so that no token is needed.

    Behind a proxy on this machine every request seems to: then, or when Watchroom has a public address, it is needed.
    """
    return (
        _is_loopback(str(request.META.get("REMOTE_ADDR", "")))
        and not any(request.META.get(name) for name in _FORWARDED)
        and _is_loopback(urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname or "")
        and _is_loopback(urlsplit(conf.current().url).hostname or "")
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class FirstRunMiddleware:
    """Leads every page of an installation without people to ``/welcome``. Asks the database until somebody exists."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer
        self._done = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self._done and not request.path.startswith(_OPEN):
            self._done = request.user.is_authenticated or is_set_up()
            if not self._done:
                if request.headers.get("HX-Request"):
                    return HttpResponse(status=204, headers={"HX-Redirect": "/welcome"})
                return HttpResponseRedirect("/welcome")
        return self.answer(request)
