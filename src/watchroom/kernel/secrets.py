"""Secrets at rest: encrypted with a key derived from the secret key (Fernet: AES-128-CBC with HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from .errors import WatchroomError
from .settings import secret_key


@cache
def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"watchroom.secrets.{key}".encode()).digest()))


def seal(value: Any) -> str:
    """Encrypt any JSON-like value."""
    return _fernet(secret_key()).encrypt(msgspec.json.encode(value)).decode()


def unseal(text: str) -> Any:
    """The value that :func:`seal` encrypted.

    :raises WatchroomError: the secret key has changed since.
    """
    try:
        return msgspec.json.decode(_fernet(secret_key()).decrypt(text.encode()))
    except InvalidToken:
        raise WatchroomError(
            "A stored secret can't be read: the secret key has changed.",
            fix="Restore WATCHROOM_SECRET_KEY or data/secret.key, or enter the secret again.",
        ) from None
