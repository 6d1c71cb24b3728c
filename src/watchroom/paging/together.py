"""Which notifications went as one message."""

from __future__ import annotations

from .models import Notification


def bundle_of(row: Notification) -> list[Notification]:
    """All that went as one message with ``row``, itself first; just ``row`` where nothing else did."""
    if row.bundle_id is None:
        return [row]
    rows = Notification.objects.filter(bundle=row.bundle_id).select_related("person", "escalation", "contact_method")
    return [row, *(each for each in rows.order_by("id") if each.pk != row.pk)]
