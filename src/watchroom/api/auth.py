"""Who calls the API: a person with a session, a token, or the operator on this machine (the CLI)."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from ..accounts.actors import Actor, acting
from ..accounts.queries import actor_of_token
from ..kernel.errors import NotSignedIn

LOCAL_ACTOR = "watchroom.local_actor"  # put into the WSGI environment by our own process; no request can set it


def session_or_token(request: HttpRequest) -> Actor | None:
    """The actor of an API request; also set as ``request.actor``.

    :raises NotSignedIn: there is a token and it is unknown, expired or revoked.
    """
    actor = _actor(request)
    request.actor = actor  # type: ignore[attr-defined]
    return actor


def _actor(request: HttpRequest) -> Actor | None:
    local: Actor | None = request.META.get(LOCAL_ACTOR)
    if local is not None:
        return local
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return actor_of_token(key.strip(), address=request.META.get("REMOTE_ADDR", ""))
    if request.user.is_authenticated:
        # A session can be ridden by another site's form; a token can't.
        if CsrfViewMiddleware(lambda _: None).process_view(request, None, (), {}) is not None:  # type: ignore[arg-type,return-value]
            raise NotSignedIn("The CSRF token is missing.", fix="Send it as X-CSRFToken, or use an API token.")
        return acting(request.user, address=request.META.get("REMOTE_ADDR", ""))  # type: ignore[arg-type]
    return None


def actor_of(request: HttpRequest) -> Actor:
    """The actor that :func:`session_or_token` found."""
    return request.actor  # type: ignore[attr-defined,no-any-return]
