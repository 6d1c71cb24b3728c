"""How Watchroom itself is doing, by API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from .. import __version__
from ..accounts.roles import Action
from ..api.auth import actor_of
from .queries import health

router = Router(tags=["system"])


class SystemOut(Schema):
    """Engines alive, the age of the oldest overdue row, signals that wait, and messages that failed in 24 hours."""

    version: str
    engines: int
    lag_seconds: float
    pending_signals: int
    failed_notifications: int


@router.get("/system", response=SystemOut, operation_id="get_system")
def get_system(request: HttpRequest) -> Any:
    """How Watchroom itself is doing."""
    actor_of(request).require(Action.SEE)
    return {"version": __version__, **health()}
