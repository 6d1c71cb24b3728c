"""How alerts and requests are named towards Opsgenie's clients. Pure.

An alert's id follows from its alias, so that a request that names it by id needs no look-up: it is the alert's dedup
key. Its tiny id is the same number in decimal (longer than Opsgenie's own). A request's id says when it came.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ...kernel.numbers import whole
from ..base import Inbound

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)


def id_of(alias: str) -> str:
    """The id of the alert with this alias."""
    return str(UUID(bytes=hashlib.sha256(b"opsgenie\n" + alias.encode()).digest()[:16]))


def tiny_of(alert_id: str) -> str:
    """The number by which Opsgenie's clients also call an alert."""
    return str(UUID(alert_id).int)


def id_from(identifier: str, kind: str) -> str | None:
    """The id that ``identifier`` stands for; ``kind`` is Opsgenie's ``identifierType``. ``None``: it is no such thing."""
    if kind == "alias":
        return id_of(identifier)
    if kind == "tiny":
        number = whole(identifier, 39)
        return None if number is None or number >> 128 else str(UUID(int=number))
    return identifier.lower() if kind == "id" and _UUID.fullmatch(identifier.lower()) else None


def request_id(inbound: Inbound) -> str:
    """The id of a request: when it came, to the microsecond, and a hash of what it said."""
    micros = (inbound.received_at - _EPOCH) // _MICROSECOND
    said = hashlib.sha256(f"{inbound.path}?{inbound.query}\n".encode(errors="replace") + inbound.body).digest()
    return str(UUID(bytes=micros.to_bytes(8, "big") + said[:8]))


def came_at(request: str) -> datetime | None:
    """When the request with this id came; ``None`` for what is no id of ours."""
    if not _UUID.fullmatch(request.lower()):
        return None
    try:
        return _EPOCH + (UUID(request).int >> 64) * _MICROSECOND
    except OverflowError:
        return None
