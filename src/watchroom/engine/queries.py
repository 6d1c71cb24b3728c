"""How the engines are doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count

from ..channels.phones.accounts import accounts as phone_accounts
from ..channels.phones.health import report
from ..intake.journal import oldest_unread, unread
from ..kernel import clock
from ..paging.models import Attempt, Escalation, Notification, StepAction
from .models import EngineNode

ALIVE = timedelta(seconds=45)


LAG_LIMIT = timedelta(minutes=2)
LOOK_BACK = timedelta(minutes=15)
FEWEST_FAILURES = 3
BROKEN_FOR = timedelta(minutes=2)  # without one success a busy channel is broken, whatever got through before
MANY_FAILURES = 5
FEWEST_METHODS = 2  # one person's address that is wrong is not a channel that is broken


def providers() -> dict[str, dict[str, int]]:
    """By channel: how many attempts have ended in the last quarter of an hour, and how many of them failed."""
    rows = (
        Attempt.objects.filter(started_at__gte=clock.now() - LOOK_BACK, ended_at__isnull=False)
        .exclude(notification__contact_method=None)
        .values_list("notification__contact_method__channel", "outcome")
        .annotate(count=Count("pk"))
        .order_by()
    )
    found: dict[str, dict[str, int]] = {}
    for channel, outcome, count in rows:
        numbers = found.setdefault(channel, {"attempts": 0, "failed": 0})
        numbers["attempts"] += count
        numbers["failed"] += count if outcome != Attempt.Outcome.OK else 0
    return dict(sorted(found.items()))


def silent_channels(numbers: dict[str, dict[str, int]]) -> dict[str, str]:
    """The channels by which nothing gets through, each in words: not within a quarter of an hour, or not for
    :data:`BROKEN_FOR`, and several people's messages have failed since."""
    found = {}
    for channel, each in numbers.items():
        if each["failed"] < FEWEST_FAILURES:
            continue
        if each["failed"] == each["attempts"]:
            found[channel] = f"Nothing has got through by {channel} in 15 min: {each['failed']} attempts failed."
        elif each["failed"] >= MANY_FAILURES and (text := _broken_since(channel)):
            found[channel] = text
    return found


def _broken_since(channel: str) -> str:
    now = clock.now()
    ended = Attempt.objects.filter(
        notification__contact_method__channel=channel, started_at__gte=now - LOOK_BACK, ended_at__isnull=False
    )
    last = ended.filter(outcome=Attempt.Outcome.OK).order_by("-ended_at").values_list("ended_at", flat=True).first()
    if last is None or now - last < BROKEN_FOR:
        return ""
    since = (
        ended.filter(started_at__gte=last)
        .exclude(outcome=Attempt.Outcome.OK)
        .aggregate(failed=Count("pk"), methods=Count("notification__contact_method", distinct=True))
    )
    if since["failed"] < MANY_FAILURES or since["methods"] < FEWEST_METHODS:
        return ""
    minutes = int((now - last).total_seconds() // 60)
    return f"Nothing has got through by {channel} for {minutes} min: {since['failed']} attempts failed."


def impairments(lag_seconds: float, silent: dict[str, str], accounts: Sequence[dict[str, Any]] = ()) -> list[str]:
    """What keeps pages from reaching people, in words; empty while all is well."""
    found = []
    if lag_seconds > LAG_LIMIT.total_seconds():
        found.append(f"The engine is {int(lag_seconds // 60)} min behind.")
    found += silent.values()
    if accounts and all(each["state"] == "resting" for each in accounts):
        found.append(f"No telephone account takes messages: {accounts[0]['last_error']}")
    return found


def health() -> dict[str, Any]:
    """``engines`` alive, ``lag_seconds`` of the oldest overdue row, ``pending_signals``, ``failed_notifications`` (24 h),
    ``providers`` (see :func:`providers`), ``silent`` (channels by which nothing gets through), ``phone_accounts`` and their circuits, and ``impaired`` (see :func:`impairments`).

    An attempt that is being sent has a lease and counts as overdue only when that has run out.
    """
    now = clock.now()
    oldest = [
        rows.order_by(column).values_list(column, flat=True).first()
        for rows, column in (
            (Escalation.objects.filter(ended_at__isnull=True), "due_at"),
            (Notification.objects.filter(ended_at__isnull=True), "due_at"),
            (StepAction.objects.filter(ended_at__isnull=True), "due_at"),
        )
    ]
    lag = max(((now - each).total_seconds() for each in (*oldest, oldest_unread()) if each), default=0.0)
    lag, numbers = max(0.0, lag), providers()
    silent = silent_channels(numbers)
    phones = report(phone_accounts(), now)
    return {
        "providers": numbers,
        "silent": sorted(silent),
        "phone_accounts": phones,
        "impaired": impairments(lag, silent, phones),
        "engines": EngineNode.objects.filter(seen_at__gte=now - ALIVE).count(),
        "lag_seconds": lag,
        "pending_signals": sum(unread().values()),
        "failed_notifications": Notification.objects.filter(
            state=Notification.State.FAILED, ended_at__gte=now - timedelta(days=1)
        ).count(),
    }
