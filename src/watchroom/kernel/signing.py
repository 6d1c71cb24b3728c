"""Signed, expiring tokens and constant-time key checks, without Django, so that the gate can use them too.

Wire format of a token: ``base64url(msgpack([purpose, expires, payload])) "." base64url(HMAC-SHA256)``, where the HMAC
key is derived from the secret key and the purpose. A token for one purpose is worthless for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from .clock import now
from .errors import NotAllowed
from .settings import secret_key


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"watchroom.signing.{purpose}".encode(), "sha256")


def _mac(purpose: str, body: bytes) -> bytes:
    return hmac.digest(_key(secret_key(), purpose), body, "sha256")


def sign(purpose: str, payload: Any, *, valid_for: timedelta) -> str:
    """A URL-safe token that carries ``payload`` (plain JSON-like values) and expires."""
    expires = int((now() + valid_for).timestamp())
    body = msgspec.msgpack.encode([purpose, expires, payload])
    return f"{_b64(body)}.{_b64(_mac(purpose, body))}"


def unsign(purpose: str, token: str, *, at: datetime | None = None) -> Any:
    """The payload of a token made by :func:`sign`.

    :raises NotAllowed: it was not signed by us, is for something else, or has expired.
    """
    try:
        head, tail = token.split(".", 1)
        body = _unb64(head)
        if not hmac.compare_digest(_mac(purpose, body), _unb64(tail)):
            raise ValueError
        stated, expires, payload = msgspec.msgpack.decode(body)
    except (ValueError, msgspec.DecodeError):
        raise NotAllowed(
            "This link was not made by Watchroom, or part of it is missing.",
            fix="Open it again from the original message.",
        ) from None
    if stated != purpose or (at or now()).timestamp() > expires:
        raise NotAllowed("This link has expired.", fix="Sign in and open the page from there.")
    return payload


def mark(purpose: str, text: str) -> str:
    """By which ``text`` is recognised without being kept, and without being guessed by who does not have the secret key."""
    return _mac(purpose, text.encode()).hex()


def new_key(prefix: str) -> str:
    """A new random key such as ``wri_…`` (256 bits). Shown once; store only :func:`fingerprint` of it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def fingerprint(key: str) -> str:
    """What is stored of a key: SHA-256 in hex. Keys carry 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()
