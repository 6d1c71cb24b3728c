"""What the engine does for paging: takes the turns of escalations and sends notifications."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

from django.db import OperationalError, connection
from django.db.models import QuerySet

from ..channels.base import Delivery, DeliveryFailed, Link, Message
from ..channels.webhook import Webhook
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.duty import Duty
from ..kernel.errors import WatchroomError
from ..kernel.plugins import one_of
from ..kernel.prepared import prepared
from ..kernel.seats import Seats
from ..kernel.wake import PAGES, tell_here
from .commands import carry_out_action, claim, claim_actions, look_ahead, record_result, record_results, take_turn
from .commands.notifications import Claimed
from .commands.turns import AT_ONCE
from .hooks import as_alertmanager, summary_of
from .links import phone_url, respond_url, seen_url
from .models import Escalation, EscalationPolicy, Notification, StepAction
from .wording import code_said, late_of, on_clock_of

log = logging.getLogger(__name__)
BATCH = 100
WRITE_AGAIN_SECONDS = (0.5, 1, 2, 4, 8, 16)  # in all within the lease of a message
TOGETHER_SECONDS = 0.02  # what came of a message is written with what comes of others meanwhile: one commit for all
SHOWN = 20  # of those that go as one message
_ACTION = {"page": "Acknowledge", "role": "Accept the role", "test": "I got it"}


def said_to_its_person(notification: Notification) -> tuple[str, str]:
    """Subject and text as its own person is told them, by their own clock."""
    subject, body = notification.subject, notification.body
    if notification.purpose == Notification.Purpose.VERIFY:
        subject, body = code_said(body)
    zone, now = notification.person.timezone, clock.now()
    return on_clock_of(subject, zone, now), on_clock_of(body, zone, now)


def message_of(notification: Notification) -> Message:
    """A notification in the words of the channels."""
    url = f"{conf.current().url}{notification.path}"
    verb = _ACTION.get(notification.purpose)
    answer = (Link(verb, respond_url(notification), acts=True),) if verb else ()
    subject, body = said_to_its_person(notification)
    return Message(
        key=f"watchroom-{notification.pk}",
        subject=subject,
        body=body,
        late=late_of(notification.body),
        url=url,
        purpose=notification.purpose,
        urgent=notification.urgency == "high",
        drill=notification.drill,
        person=str(notification.person),
        actions=answer,
        answer_url=phone_url("answer", notification),
        receipt_url=phone_url("receipt", notification),
        seen_url=seen_url(notification),
        facts={
            "notification": notification.pk,
            "escalation": notification.escalation_id,
            "thread": f"escalation-{notification.escalation_id}" if notification.escalation_id else "",
            "kind": notification.escalation.kind if notification.escalation else "",
            "subject": notification.escalation.subject_id if notification.escalation else None,
        }
        | ({"possible_duplicate": True} if notification.possible_duplicate else {}),
    )


def _named(row: Notification) -> str:
    late = late_of(row.body)
    return f"{row.subject} (l{late[1:]})" if late else row.subject


def message_for(rows: Sequence[Notification]) -> Message:
    """One message for all of these, the worst first; its one answer is for all of them."""
    first = message_of(rows[0])
    if len(rows) == 1:
        return first
    names = [_named(row) for row in rows[:SHOWN]] + ([f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else [])
    numbers = sorted(row.pk for row in rows)
    what = "alert groups" if all(row.escalation and row.escalation.kind == "alert_group" for row in rows) else "pages"
    digest = hashlib.sha256(" ".join(map(str, numbers)).encode()).hexdigest()[:16]
    return replace(
        first,
        key=f"watchroom-{numbers[0]}-{digest}",
        subject=f"{len(rows)} {what}, worst: {rows[0].subject}",
        late=next(filter(None, (late_of(row.body) for row in rows)), ""),
        body="\n".join(
            [*summary_of([row.escalation for row in rows if row.escalation]), *(f"- {name}" for name in names)]
        ),
        url=f"{conf.current().url}/alerts",
        urgent=any(row.urgency == "high" for row in rows),
        actions=tuple(replace(link, label=f"Acknowledge all {len(rows)}") for link in first.actions[:1]),
        facts=first.facts
        | {
            "kind": "",
            "subject": None,
            "thread": "",
            "bundle": numbers,
            "escalations": [row.escalation_id for row in rows],
        },
    )


def try_once(claimed: Claimed) -> None:
    """One attempt at one message, here and now. Whatever goes wrong stays with it."""
    result = _try(claimed)
    if result is not None:
        record_result(claimed, result)


def _try(claimed: Claimed) -> Delivery | Exception | None:
    """Hand over what of a message is still wanted; ``claimed`` keeps only that. None: nothing is."""
    _leave_out_what_was_answered(claimed)
    if not claimed:
        return None
    notification = claimed[0][0]
    try:
        method = notification.contact_method
        if method is None:
            raise DeliveryFailed("The contact method was removed.", permanent=True)
        channel, message = one_of("watchroom.channels", method.channel), message_for([each for each, _ in claimed])
        if isinstance(channel, Webhook) and channel.speaks_alertmanager(method.settings):
            said = as_alertmanager(notification.path, notification.purpose)
            message = replace(message, facts={**message.facts, "alertmanager": said})
        delivery: Delivery = channel.send(method.settings, message)
    except (DeliveryFailed, WatchroomError) as error:
        return error
    except Exception as error:
        log.exception("A channel failed in a way it should not: notification %s", notification.pk)
        return error
    return delivery


def _held(claimed: Claimed) -> dict[int, tuple[str, int]]:
    """Where these notifications stand, and the number of the try that they are in."""
    rows = _standing([notification.pk for notification, _ in claimed])
    return {pk: (state, tries) for pk, state, tries in rows}


@prepared
def _standing(numbers: Collection[int]) -> QuerySet[Notification, tuple[int, str, int]]:
    return Notification.objects.filter(pk__in=numbers).order_by().values_list("pk", "state", "tries")


def _leave_out_what_was_answered(claimed: Claimed) -> None:
    """Look once more, just before it goes: what was answered since it was claimed is not sent any more."""
    try:
        held = _held(claimed)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        connection.close()  # the server has been away since this thread last asked it
        held = _held(claimed)
    for notification, attempt in list(claimed):
        # The number of the try is a token that one holder has: whoever comes after the lease has run out has none.
        if held.get(notification.pk) != (Notification.State.SENDING, attempt.number):
            claimed.remove((notification, attempt))
            if held.get(notification.pk) == (Notification.State.CANCELLED, attempt.number):
                attempt.delete()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(conf.current().send_threads, thread_name_prefix="send")


@cache
def _writer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="send-results")


_running: set[Future[None]] = set()
_results: SimpleQueue[tuple[Claimed, Delivery | Exception]] = SimpleQueue()
_waiting_for_seats = threading.Event()


def _send_in_pool(claimed: Claimed) -> None:
    """Hand a message over. What came of it is written down by one thread for all, so that a hundred cost one commit."""
    result = _try(claimed)
    if result is not None:
        _results.put((claimed, result))
        _writer().submit(_write_results)


def _write_results() -> None:
    """All results that have come while the last ones were written, and those of the next moment."""
    if _results.empty():
        return
    time.sleep(TOGETHER_SECONDS)
    batch: list[tuple[Claimed, Delivery | Exception]] = []
    with contextlib.suppress(Empty):
        while len(batch) < BATCH:
            batch.append(_results.get_nowait())
    for pause in (*WRITE_AGAIN_SECONDS, None):
        try:
            record_results(batch)
            return
        except OperationalError as error:
            # The messages have gone: were it forgotten, they would go a second time when their lease has run out.
            if pause is None:
                log.error("What came of %s messages could not be written down: %s", len(batch), error)
                return
            connection.close()
            time.sleep(pause)
        except Exception:
            log.exception("Results could not be written down together; doing it one by one")
            break
    for one, result in batch:
        try:
            record_result(one, result)
        except Exception:
            log.exception("What came of a message could not be written down: notification %s", one[0][0].pk)


def _free_seats() -> int:
    """For how many messages there is room: none until a quarter of the seats is free. A seat is a thread, or a place in
    the queue behind it, so nobody waits for this; and a claim of one message costs about as much as that of ten."""
    seats = conf.current().send_threads * 2
    free = seats - sum(not each.done() for each in tuple(_running))
    return free if free * 4 >= seats else 0


def _seat_is_free(_: Future[None]) -> None:
    if _waiting_for_seats.is_set() and _free_seats():
        _waiting_for_seats.clear()
        tell_here({PAGES})


def send_due() -> int:
    """Hand due notifications to the pool; as many as it has seats for, so that one slow provider can't pile them up.

    Inside a transaction of a test there is one connection only: then they are sent here, one after the other.
    """
    inline = connection.in_atomic_block
    _running.difference_update({each for each in _running if each.done()})
    free = BATCH if inline else _free_seats()
    if free <= 0:
        _waiting_for_seats.set()
        free = _free_seats()  # they may have become free before they could know that somebody waits for them
    claimed = claim(min(BATCH, free)) if free > 0 else []
    for message in claimed:
        if inline:
            try_once(message)
        else:
            future = _pool().submit(_send_in_pool, message)
            _running.add(future)
            future.add_done_callback(_seat_is_free)
    return len(claimed)


ACTION_THREADS = 4

_acting = Seats[StepAction]("action", ACTION_THREADS)


def act_due() -> int:
    """Carry out what steps do besides paging."""
    return _acting.fill(claim_actions, carry_out_action, BATCH)


def _next(model: type[Escalation] | type[Notification] | type[StepAction]) -> datetime | None:
    return next(iter(_soonest(of=model)), None)


@prepared
def _soonest(*, of: type[Escalation] | type[Notification] | type[StepAction]) -> QuerySet[Any, datetime | None]:
    rows: QuerySet[Any] = of.objects.filter(ended_at__isnull=True)
    return rows.order_by("due_at").values_list("due_at", flat=True)[:1]


def _next_look() -> datetime | None:
    return EscalationPolicy.objects.order_by("look_at").values_list("look_at", flat=True).first()


def finish(timeout_seconds: float = 10) -> None:
    """Wait for what is being sent; called when the engine ends."""
    wait(_running, timeout=timeout_seconds)
    _acting.wait(timeout_seconds)
    _writer().submit(_write_results).result(timeout_seconds)


_PAGES = frozenset({PAGES})
duties = [
    Duty("escalations", lambda: _next(Escalation), lambda: take_turn(AT_ONCE), hears=_PAGES),
    Duty("notifications", lambda: _next(Notification), send_due, hears=_PAGES),
    Duty("step-actions", lambda: _next(StepAction), act_due),
    Duty("look-ahead", _next_look, lambda: look_ahead(50), apart=True),
]
