"""Drawing messages anew, posting in rooms, and fetching answers: the outgoing half, tried again until it is done."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction

from ..channels.base import DeliveryFailed
from ..kernel import clock
from ..kernel.again import retried, was_given_up
from ..kernel.db import claimable, lease
from ..kernel.errors import WatchroomError
from ..paging.rules import retry_in
from ..workspaces.base import Heard, Polled, PolledClient, Posted
from ..workspaces.models import Post, Workspace
from ..workspaces.queries import access_to, client_of, product_of
from ..workspaces.rules import mark_of
from .answering import respond
from .cards import card_for
from .saying import Said

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
POLL_SECONDS = 8  # how long a server may hold the question until there is something to say
POLL_AGAIN = timedelta(seconds=1)
POLL_AGAIN_FAILED = timedelta(seconds=30)
_JITTER = random.Random()


def claim_posts(most: int) -> list[Post]:
    """Take up to ``most`` messages that have to be drawn anew."""
    now = clock.now()
    return lease(Post.objects.filter(due_at__lte=now).select_related("workspace"), most, now + LEASE)


def draw(post: Post) -> None:
    """Let a message say how things stand now. If they change once more in the meantime, it stays due."""
    card = card_for(post)
    if card is None or (mark := mark_of(card)) == post.shown:
        _drawn(post, due_at=None)
        return
    try:
        client_of(post.workspace).update(Posted(post.place, post.message), card)
    except Exception as error:
        if not isinstance(error, WatchroomError):
            log.exception("A message in a chat could not be drawn anew: post %s", post.pk)
        failed = error if isinstance(error, DeliveryFailed) else DeliveryFailed(f"{type(error).__name__}: {error}")
        wait = retry_in(post.tries, permanent=failed.permanent, retry_after=failed.retry_after, jitter=_JITTER)
        _drawn(post, due_at=clock.now() + wait if wait else None, error=str(failed)[:500])
    else:
        _drawn(post, due_at=None, shown=mark, error="")


def _drawn(post: Post, *, due_at: datetime | None, **fields: str) -> None:
    Post.objects.filter(pk=post.pk, due_at=post.due_at).update(due_at=due_at, **fields)
    if fields.get("shown"):  # also when it has become due once more: it is what stands there now
        Post.objects.filter(pk=post.pk).update(shown=fields["shown"])


def claim_workspaces(most: int) -> list[Workspace]:
    """Take up to ``most`` workspaces whose answers have to be fetched."""
    now = clock.now()
    with transaction.atomic():
        rows = list(claimable(Workspace.objects.filter(due_at__lte=now).order_by("due_at", "id"))[:most])
        for row in rows:
            row.due_at = now + LEASE
        Workspace.objects.bulk_update(rows, ["due_at"])
    return rows


def fetch_answers(workspace: Workspace, *, seconds: int = POLL_SECONDS) -> None:
    """Fetch what has been pressed and written, and do it. What is done and up to where it was read are committed
    together."""
    try:
        polled = cast(PolledClient, client_of(workspace)).poll(workspace.since, seconds)
    except Exception as error:
        if not isinstance(error, WatchroomError):
            log.exception("Answers could not be fetched: workspace %s", workspace.pk)
        failed = error if isinstance(error, DeliveryFailed) else DeliveryFailed(f"{type(error).__name__}: {error}")
        wait = max(POLL_AGAIN_FAILED, failed.retry_after or timedelta(0))
        now = clock.now()
        Workspace.objects.filter(pk=workspace.pk, due_at=workspace.due_at).update(
            due_at=now + wait, tried_at=now, error=str(failed)[:500]
        )
        return
    for heard, what in _carry_out(workspace, polled):
        product_of(workspace).answer(access_to(workspace), heard, what.text, ok=what.ok)


@retried
def _carry_out(workspace: Workspace, polled: Polled) -> list[tuple[Heard, Said]]:
    with transaction.atomic():
        said = [(heard, _safely(workspace, heard)) for heard in polled.heard]
        now = clock.now()
        Workspace.objects.filter(pk=workspace.pk, due_at=workspace.due_at).update(
            since=polled.since, due_at=now + POLL_AGAIN, tried_at=now, error=""
        )
    return said


def _safely(workspace: Workspace, heard: Heard) -> Said:
    """One answer that breaks us must not be read for ever."""
    try:
        with transaction.atomic():
            return respond(workspace, heard)
    except Exception as error:
        if was_given_up(error):
            raise  # all that was heard is carried out again
        log.exception("An answer could not be carried out: workspace %s", workspace.pk)
        return Said("Something went wrong. Open Watchroom.", ok=False)
