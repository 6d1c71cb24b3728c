"""What the engine does for the API: forget old idempotency keys."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from .idempotency import KEPT, purge
from .models import IdempotencyKey


def _next() -> datetime | None:
    oldest = IdempotencyKey.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return oldest + KEPT if oldest else None


duties = [Duty("api.forget_idempotency_keys", _next, purge)]
