"""The messages that stand in chats: kept when they are posted, marked when what they are about changes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from ..kernel import clock, wake
from ..kernel.db import announce, locked
from .base import Card, Posted
from .models import Post, Workspace
from .rules import mark_of


def keep(workspace: Workspace, posted: Posted, card: Card, *, kind: str, subject_id: int | None) -> Post:
    """Remember a message, so that it can be drawn anew and answered. Posted again (a retry), it is the same."""
    post, _ = Post.objects.update_or_create(
        workspace=workspace,
        place=posted.place,
        message=posted.message,
        defaults={"about": card.about, "kind": kind, "subject_id": subject_id, "shown": mark_of(card)},
    )
    return post


def redraw(kind: str, subjects: Iterable[int | None]) -> int:
    """Have every message about these drawn anew. Within the caller's transaction, if there is one: it happens with the
    change, or not at all."""
    rows = Post.objects.filter(kind=kind, subject_id__in=[each for each in subjects if each is not None])
    with transaction.atomic(savepoint=False):
        found = [row.pk for row in locked(rows.order_by("id").only("id"))]  # in one order, whoever else marks them
        marked = Post.objects.filter(pk__in=found).update(due_at=clock.now(), tries=0) if found else 0
        if marked:
            announce({wake.DUE})
    return marked
