"""Which account is asked next, and what is remembered of its answers; shared by all engines through one row each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from ...kernel import clock
from ...kernel.db import locked
from ..base import DeliveryFailed
from . import rules
from .models import PhoneAccount
from .provider import Account


def of(row: PhoneAccount) -> rules.Health:
    """A row for the rules."""
    return rules.Health(row.trouble, row.rests, row.rests_until)


def ordered(accounts: Iterable[Account]) -> list[Account]:
    """The accounts as they are to be asked now."""
    by_key = {account.key: account for account in accounts}
    if len(by_key) < 2:
        return list(by_key.values())
    known = {row.key: of(row) for row in PhoneAccount.objects.filter(key__in=by_key)}
    turn = rules.order(((key, known.get(key, rules.Health())) for key in by_key), clock.now())
    return [by_key[key] for key in turn]


def took(account: Account) -> None:
    """It took a message: whatever was wrong is over."""
    done = {"taken": F("taken") + 1, "trouble": 0, "rests": 0, "rests_until": None, "last_ok_at": clock.now()}
    if not PhoneAccount.objects.filter(key=account.key).update(**done):
        PhoneAccount.objects.get_or_create(key=account.key)
        PhoneAccount.objects.filter(key=account.key).update(**done)


def failed(account: Account, error: DeliveryFailed) -> None:
    """It did not take a message."""
    now = clock.now()
    with transaction.atomic():
        PhoneAccount.objects.get_or_create(key=account.key)
        row = locked(PhoneAccount.objects.filter(key=account.key)).get()
        after = rules.after_failure(
            of(row), now, answered=error.answered, permanent=error.permanent, wait=error.retry_after
        )
        row.trouble, row.rests, row.rests_until = after.trouble, after.rests, after.rests_until
        row.failed += 1
        row.last_failed_at, row.last_error = now, error.message[:500]
        row.save()


def report(accounts: Sequence[Account], at: datetime) -> list[dict[str, object]]:
    """How each configured account is doing, in the order of the configuration."""
    known = {row.key: row for row in PhoneAccount.objects.filter(key__in=[each.key for each in accounts])}
    found: list[dict[str, object]] = []
    for account in accounts:
        row = known.get(account.key) or PhoneAccount(key=account.key)
        found.append(
            {
                "account": row.key,
                "state": "resting" if of(row).is_resting(at) else "troubled" if row.trouble else "fine",
                "taken": row.taken,
                "failed": row.failed,
                "rests_until": row.rests_until if of(row).is_resting(at) else None,
                "last_ok_at": row.last_ok_at,
                "last_failed_at": row.last_failed_at,
                "last_error": row.last_error,
            }
        )
    return found
