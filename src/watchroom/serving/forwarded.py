"""Makes the WSGI environment say who really asks, and over what, behind a proxy that we know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..intake.gate import addresses

Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_TOLD = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
         "HTTP_X_FORWARDED_BY", "HTTP_X_REAL_IP", "HTTP_FORWARDED")  # fmt: skip


class Forwarded:
    """WSGI middleware. Behind the gate (``always``) the headers are the gate's own; otherwise the peer must be trusted."""

    def __init__(
        self, application: WSGIApp, *, always: bool = False, trusted: tuple[addresses.Network, ...] = ()
    ) -> None:
        self._application, self._always, self._trusted = application, always, trusted

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        told = {name: environ.pop(name, "") for name in _TOLD}
        peer = environ.get("REMOTE_ADDR", "")
        if self._always:
            self._believe(environ, told, told["HTTP_X_FORWARDED_FOR"])
        elif addresses.is_trusted(peer, self._trusted):
            self._believe(environ, told, addresses.client(peer, told["HTTP_X_FORWARDED_FOR"], self._trusted))
        return self._application(environ, start_response)

    @staticmethod
    def _believe(environ: Environ, told: dict[str, str], client: str) -> None:
        if client:
            environ["REMOTE_ADDR"] = environ["REMOTE_HOST"] = client
        scheme = told["HTTP_X_FORWARDED_PROTO"].partition(",")[0].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"] = scheme
            environ["SERVER_PORT"] = "443" if scheme == "https" else "80"
        if host := told["HTTP_X_FORWARDED_HOST"].partition(",")[0].strip():
            environ["HTTP_HOST"] = host
