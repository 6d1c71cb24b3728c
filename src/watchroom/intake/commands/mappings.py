"""A mapping that takes too long is left alone for a while: what comes meanwhile is kept, told, and read when it works again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ...kernel import clock
from ...kernel.db import claimable
from ...kernel.numbers import whole
from ...kernel.plugins import one_of
from ...sources.base import Draft, Source
from ..gate.rates import NOTICE_SECONDS, OURSELVES
from ..journal import store
from ..models import Integration, Signal
from ..queries import Came, as_inbound
from ..rules.breaker import FIRST_REST, TOO_MANY, Breaker

log = logging.getLogger(__name__)
REPLAYS = "replay of "  # whence a signal "comes" that is read again
RESTS_PATH = "/-/mapping-rests"  # of the signal of ours that says that it has been tried, and still takes too long
WORKS_PATH = "/-/mapping-works"  # and of the one that says that all that was put aside has been read
MAPPINGS_AT_ONCE, AGAIN_AT_ONCE = 20, 200
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


def try_mappings() -> int:
    """Try mappings that have rested; where one works again, read what waits, in order. Until all of that has been read,
    whatever comes is put aside behind it: what ends an alert is never read before what began it."""
    due = Integration.objects.filter(rests_until__lte=clock.now()).order_by("rests_until")
    return sum(_read_on(each) if _breaker(each).mended else _try(each) for each in due[:MAPPINGS_AT_ONCE])


def _breaker(integration: Integration) -> Breaker:
    return Breaker(integration.slow_in_a_row, integration.rests_until)


def _try(integration: Integration) -> int:
    """Try a mapping with one of the payloads that wait. Nothing follows from what it says of it: its turn is to come."""
    breaker = _breaker(integration)
    if (signal := _to_try(integration, breaker.place)) is None:
        breaker.until = None  # the next that comes is the one that tries
    elif _takes_too_long(integration, signal):
        breaker.took_too_long(clock.now())
    else:
        breaker.went_well(clock.now())
    with transaction.atomic():
        seen = Integration.objects.filter(
            pk=integration.pk, slow_in_a_row=integration.slow_in_a_row, rests_until=integration.rests_until
        )
        if claimable(seen).first() is None:
            return 0  # another engine has tried it meanwhile, or it is another mapping now
        Integration.objects.filter(pk=integration.pk).update(slow_in_a_row=breaker.in_a_row, rests_until=breaker.until)
        if breaker.is_open and breaker.rest >= FIRST_REST:
            _say(integration, RESTS_PATH)  # or its alert would run out
    return 1


def _say(integration: Integration, path: str) -> None:
    """Put a signal of ours among those of the integration."""
    store(integration.pk, received_at=clock.now(), body=b"{}", path=path, remote=OURSELVES)


def _to_try(integration: Integration, place: float) -> Signal | None:
    """What of what waits stands at this place (`Breaker.place`). By number: counting may take long."""
    waiting = put_aside(integration)
    ends = waiting.first(), waiting.last()
    if ends[0] is None or ends[1] is None:
        return None
    first, last = ends[0].number, ends[1].number
    return waiting.filter(number__gte=first + int(place * (last - first))).first()


def _takes_too_long(integration: Integration, signal: Signal) -> bool:
    source: Source = one_of("watchroom.sources", integration.source)
    try:
        return source.parse(as_inbound(signal, integration)).slow
    except Exception:
        log.exception("The source %s failed on signal %s", integration.source, signal.pk)
        return False  # whatever is wrong with it: whoever reads it will tell


def _read_on(integration: Integration) -> int:
    """Have more of what waits read, now that the mapping works."""
    now = clock.now()
    with transaction.atomic():
        mine = Integration.objects.filter(pk=integration.pk, rests_until__lte=now, slow_in_a_row__lt=TOO_MANY)
        if (held := claimable(mine).first()) is None:
            return 0
        numbers = [_again(signal, now).number for signal in put_aside(held)[:AGAIN_AT_ONCE]]
        until = None if _is_all(held, numbers) else now
        Integration.objects.filter(pk=held.pk).update(rests_until=until)
        if until is None:
            _say(held, WORKS_PATH)
    return 1


def _is_all(integration: Integration, numbers: list[int]) -> bool:
    """Whether whatever comes from now on may be read as it comes: nothing is left, and nothing stands before or between what
    has just been stored again under these numbers."""
    if numbers:
        return len(numbers) < AGAIN_AT_ONCE and numbers[-1] == integration.read_to + len(numbers)
    unread = Signal.objects.filter(integration=integration.pk, number__gt=integration.read_to)
    return not unread.filter(remote__startswith=REPLAYS).exists()


def _again(signal: Signal, now: datetime) -> Signal:
    again: Signal = store(
        signal.integration_id,
        received_at=now,
        path=signal.path,
        query=signal.query,
        content_type=signal.content_type,
        headers=signal.headers,
        body=bytes(signal.body),
        remote=f"{REPLAYS}{signal.pk}",
    )
    Signal.objects.filter(pk=signal.pk).update(replayed_at=now)
    return again


def put_back(signal: Came) -> bool:
    """Let what was to be read again, and could not be because the mapping rests, wait on where it stood before: among
    what came at its time, not behind all that came later. Whether it was such a one, and is still there."""
    origin = whole(signal.remote.removeprefix(REPLAYS)) if signal.remote.startswith(REPLAYS) else None
    if origin is None:
        return False
    waits = {"refused": True, "problems": [PUT_ASIDE]}
    if not Signal.objects.filter(pk=origin).update(replayed_at=None, **waits):
        return False
    Signal.objects.filter(pk=signal.pk).update(replayed_at=clock.now(), **waits)
    return True
