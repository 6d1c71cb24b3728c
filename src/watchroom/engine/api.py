"""How Watchroom itself is doing, by API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from .. import __version__
from ..accounts.roles import Action
from ..api.auth import actor_of
from .queries import health

router = Router(tags=["System"])


class ProviderOut(Schema):
    """Attempts to send by one channel that ended in the last 15 minutes."""

    attempts: int
    failed: int


class PhoneAccountOut(Schema):
    """A telephone account and its circuit: fine, troubled (it has just failed) or resting (asked last until then)."""

    account: str
    state: str
    taken: int
    failed: int
    rests_until: datetime | None
    last_ok_at: datetime | None
    last_failed_at: datetime | None
    last_error: str


class SystemOut(Schema):
    """Engines alive, the age of the oldest overdue row, signals that wait, messages that failed in 24 hours, what
    each channel did in 15 minutes, and what keeps pages from reaching people (empty while all is well)."""

    version: str
    engines: int
    lag_seconds: float
    pending_signals: int
    failed_notifications: int
    providers: dict[str, ProviderOut]
    phone_accounts: list[PhoneAccountOut]
    impaired: list[str]


@router.get("/system", response=SystemOut, operation_id="get_system")
def get_system(request: HttpRequest) -> Any:
    """How Watchroom itself is doing."""
    actor_of(request).require(Action.SEE)
    return {"version": __version__, **health()}
