"""A mapping that takes too long is left alone for a while: what comes meanwhile is kept, told, and read when it works again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ...kernel import clock
from ...kernel.db import claimable
from ...sources.base import Draft
from ..gate.rates import NOTICE_SECONDS
from ..journal import store
from ..models import Integration, Signal
from ..queries import Came
from ..rules.breaker import TOO_MANY, Breaker

REPLAYS = "replay of "  # whence a signal "comes" that is read again
TRIES = "tries the mapping: "  # whence a signal "comes" with which a mapping that rests is tried
AGAIN_AT_ONCE = 200
PUT_ASIDE = {
    "field": "mapping",
    "value": "",
    "fix": f"the mapping took too long {TOO_MANY} times in a row, so it rests; make it simpler. This is read again by "
    "itself as soon as it works.",
}


def resting(signal: Came, integration: Integration, *, over: bool = False) -> Draft:
    """The alert that says that an integration's mapping rests, or that it works again."""
    return Draft(
        dedup_key="watchroom:mapping-rests",
        title=f"The mapping of {integration.name} takes too long and rests: nothing it is sent is read",
        severity="error",  # any of it may have been worth a page
        labels={"alertname": "MappingRests", "integration": integration.slug},
        starts_at=signal.received_at,
        ends_at=clock.now() + 2 * timedelta(seconds=NOTICE_SECONDS),
        annotations={
            "description": f"It took too long on {TOO_MANY} payloads in a row. What comes is kept and read as soon as the "
            "mapping works: it is tried again from time to time, and at once when it is changed."
        },
        act="end" if over else "fire",
    )


def put_aside(integration: Integration) -> QuerySet[Signal]:
    """What came while the mapping rested, and has not been read since; oldest first."""
    return Signal.objects.filter(
        integration=integration.pk, refused=True, problems=[PUT_ASIDE], replayed_at__isnull=True
    ).order_by("number")


def mappings_due() -> datetime | None:
    """When a mapping is to be tried again, or what it left is to be read."""
    rows = Integration.objects.filter(rests_until__isnull=False).order_by("rests_until")
    return rows.values_list("rests_until", flat=True).first()


def try_mappings() -> int:
    """Try mappings that have rested, each with the oldest payload that waits (one that takes too long goes to the end);
    where one works again, read what waits, in order. Until all of that has been read, whatever comes is put aside behind
    it: what ends an alert is never read before what began it."""
    now = clock.now()
    with transaction.atomic():
        due = list(claimable(Integration.objects.filter(rests_until__lte=now))[:20])
        for integration in due:
            breaker = Breaker(integration.slow_in_a_row, integration.rests_until)
            most, whence = (AGAIN_AT_ONCE, REPLAYS) if breaker.mended else (1, TRIES)
            signals = list(put_aside(integration)[:most])
            numbers = [_again(signal, now, f"{whence}{signal.pk}").number for signal in signals]
            until: datetime | None = now
            if not breaker.mended:  # without any, the next that comes is the one that tries
                until = now + breaker.rest if signals else None
            elif _is_all(integration, numbers):
                until = None
            Integration.objects.filter(pk=integration.pk).update(rests_until=until)
    return len(due)


def _is_all(integration: Integration, numbers: list[int]) -> bool:
    """Whether whatever comes from now on may be read as it comes: nothing is left, and nothing stands before or between what
    has just been stored again under these numbers."""
    if numbers:
        return len(numbers) < AGAIN_AT_ONCE and numbers[-1] == integration.read_to + len(numbers)
    unread = Signal.objects.filter(integration=integration.pk, number__gt=integration.read_to)
    return not unread.filter(remote__startswith=REPLAYS).exists()


def _again(signal: Signal, now: datetime, remote: str) -> Signal:
    again: Signal = store(
        signal.integration_id,
        received_at=now,
        path=signal.path,
        query=signal.query,
        content_type=signal.content_type,
        headers=signal.headers,
        body=bytes(signal.body),
        remote=remote,
    )
    Signal.objects.filter(pk=signal.pk).update(replayed_at=now)
    return again
