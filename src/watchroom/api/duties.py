"""What the engine does for the API: forget old idempotency keys. It loads nothing of the API itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..kernel.clock import now
from ..kernel.duty import Duty, soonest
from .models import IdempotencyKey

KEPT = timedelta(hours=24)


def purge() -> int:
    """Forget what is older than a day; returns how many."""
    old = list(IdempotencyKey.objects.filter(created_at__lte=now() - KEPT).values_list("pk", flat=True)[:200])
    IdempotencyKey.objects.filter(pk__in=old).delete()
    return len(old)


def _next() -> datetime | None:
    oldest = soonest(IdempotencyKey, "created_at")()
    return oldest + KEPT if oldest else None


duties = [Duty("api.forget_idempotency_keys", _next, purge)]
