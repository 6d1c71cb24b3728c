"""From stored signals to alerts and groups. Run by the engine.

One integration is read by one engine at a time, in the order in which its signals came. Signals are parsed before the
transaction begins, so that it is short; it holds everything that follows from a batch (`batch.py`), the escalations
included, and how far has been read: a batch counts once, or not at all. Machine traffic writes history rows but no
audit records: those are for what people do.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import QuerySet

from ...kernel import clock, wake
from ...kernel.db import announce, claimable, update_each
from ...kernel.plugins import one_of
from ...kernel.prepared import prepared
from ...sources.base import ChangeSaid, Draft, Source
from .. import hooks
from ..gate import rates
from ..journal import unread
from ..models import Inbox, Integration, Signal
from ..queries import Came, as_inbound
from ..routing import tree
from ..rules.breaker import Breaker
from . import mappings
from .batch import Batch
from .mappings import PUT_ASIDE, REPLAYS, put_back, resting

log = logging.getLogger(__name__)
PROBLEMS_KEPT = 100
DRAFTS_PER_BATCH = 2_000  # bounds a transaction whatever is inside the signals
SIGNALS_PER_BITE = 200  # taken out of the journal together: some thirty that are full of alerts fill a batch


def read_signals(most: int) -> int:
    """Read up to ``most`` waiting signals of each integration that has any; none can starve another."""
    return sum(_read_integration(pk, most) for pk in unread())


def _read_integration(integration_id: int, most: int) -> int:
    try:
        return _read_batch(integration_id, most)
    except OperationalError:
        raise  # the database is busy or away: everything is still there for the next turn
    except Exception:
        # One signal of the batch can't be read, for a reason of ours. Alone it can't hold up the others.
        log.exception("A batch of signals of integration %s failed; reading them one by one", integration_id)
    handled = 0
    for _ in range(most):
        try:
            done = _read_batch(integration_id, 1)
        except OperationalError:
            raise
        except Exception as error:
            done = _refuse_first(integration_id, error)
        if not done:
            break
        handled += done
    return handled


def _waiting(integration: Integration, most: int) -> Iterator[Came]:
    """The first ``most`` that wait to be read, in order; no more of them are fetched than are taken, by and large."""
    for stored in _stored(integration.pk):
        after, left, bite = integration.read_to, most, min(most, SIGNALS_PER_BITE)
        while left > 0:
            found = [Came(*row) for row in _signals(integration.pk, after, stored, most=bite)]
            yield from found[:left]
            if len(found) < bite:
                return
            after, left = found[-1].number, left - bite


@prepared
def _integration(pk: int) -> QuerySet[Integration]:
    return Integration.objects.filter(pk=pk)


@prepared
def _mine(pk: int, read_to: int) -> QuerySet[Integration]:
    rows = Integration.objects.filter(pk=pk, read_to=read_to)
    return claimable(rows).select_related("team", "service__team")


@prepared
def _stored(pk: int) -> QuerySet[Inbox, int]:
    return Inbox.objects.filter(pk=pk).values_list("stored", flat=True)


@prepared
def _signals(integration: int, after: int, until: int, *, most: int) -> QuerySet[Signal, tuple[Any, ...]]:
    rows = Signal.objects.filter(integration=integration, number__gt=after, number__lte=until)
    return rows.order_by("number").values_list(*Came._fields)[:most]


def _refuse_first(integration_id: int, error: Exception) -> int:
    """Put the first waiting signal into the tray of refused ones: kept, visible, and it can be read again. Its sender has
    been told that all is well, so that it becomes an alert."""
    integration = Integration.objects.get(pk=integration_id)
    signal = next(_waiting(integration, 1), None)
    if signal is None:
        return 0
    log.error("Signal %s can't be read", signal.pk, exc_info=error)
    problem = {
        "field": "",
        "value": "",
        "fix": f"Watchroom failed on it ({type(error).__name__}: {error}). Please report it, then replay it.",
    }
    for told in (True, False):  # where not even an alert can be made of it, it is still no reason to hold up the others
        try:
            return _put_aside(integration, signal, problem, told=told)
        except OperationalError:
            raise
        except Exception:
            if not told:
                raise
            log.exception("Nobody could be told that signal %s can't be read", signal.pk)
    return 0


def _put_aside(integration: Integration, signal: Came, problem: dict[str, str], *, told: bool) -> int:
    with transaction.atomic():
        held = next(iter(_mine(integration.pk, integration.read_to)), None)
        if held is None:
            return 0
        Signal.objects.filter(pk=signal.pk).update(refused=True, problems=[problem])
        topics: set[str] = set()
        if told:
            source: Source = one_of("watchroom.sources", held.source)
            draft = _unread(signal, held)
            batch = Batch(held, source, tree())
            batch.look_up([draft])
            batch.take(signal, [draft])
            batch.finish()
            topics = batch.topics
        Integration.objects.filter(pk=integration.pk).update(read_to=signal.number)
        announce({f"integration:{integration.pk}", *topics})
    return 1


def _read_batch(integration_id: int, most: int) -> int:
    integration = next(iter(_integration(integration_id)), None)
    if integration is None:
        return 0
    source: Source = one_of("watchroom.sources", integration.source)
    said: list[tuple[Came, Sequence[Draft]]] = []
    tray: list[tuple[Came, Sequence[dict[str, str]], bool]] = []
    changed_by: list[tuple[Came, ChangeSaid]] = []
    drafts = 0
    breaker = Breaker(integration.slow_in_a_row, integration.rests_until)
    before = replace(breaker)
    for signal in _waiting(integration, most):
        found, problems, changes = _parsed(signal, integration, source, breaker)
        changed_by += [(signal, each) for each in changes if not integration.drill]  # a drill changes nothing
        if problems and (
            problems == [PUT_ASIDE] or not signal.problems
        ):  # found only now: its sender has been told that all is well
            tray.append((signal, problems, not found))
            if problems != [PUT_ASIDE]:
                found = (*found, _unread(signal, integration))
            elif not breaker.mended:
                found = (*found, resting(signal, integration))
        said.append((signal, found))
        drafts += len(found)
        if drafts >= DRAFTS_PER_BATCH:
            break
    if not said:
        return 0
    with transaction.atomic():
        # If another engine holds it, or has read these signals meanwhile, they are not ours to read.
        held = next(iter(_mine(integration_id, integration.read_to)), None)
        if held is None:
            return 0
        for signal, problems, refused in tray:  # it goes into the tray when it counts as read, or not at all
            if problems != [PUT_ASIDE] or not put_back(signal):
                Signal.objects.filter(pk=signal.pk).update(problems=problems, refused=refused)
        batch = Batch(held, source, tree() if drafts else None)
        batch.look_up([draft for _, stated in said for draft in stated])
        for signal, stated in said:
            batch.take(signal, stated)
        batch.finish()
        for signal, said_change in changed_by:
            if why := hooks.changes().take(held, said_change):
                problem = {"field": "payload.custom_details.service", "value": said_change.service, "fix": why}
                Signal.objects.filter(pk=signal.pk).update(problems=[problem])
        last = said[-1][0]
        changed: dict[str, Any] = {"read_to": last.number, "last_signal_at": last.received_at}
        if breaker != before:
            changed |= {"slow_in_a_row": breaker.in_a_row, "rests_until": breaker.until}
            announce({wake.DUE})
        if held.rests_until is None and not changed.get("rests_until") and any(p == [PUT_ASIDE] for _, p, _ in tray):
            changed["rests_until"] = (
                clock.now()
            )  # all the rest was read meanwhile: what was put aside now is not forgotten
            announce({wake.DUE})
        for name, value in changed.items():
            setattr(held, name, value)
        update_each([held], tuple(changed))
        announce({f"integration:{integration_id}", *batch.topics})
    return len(said)


def drafts_of(signal: Came, integration: Integration, source: Source) -> Sequence[Draft]:
    """What a stored signal says; for one of ours, that its integration has sent more, or larger, than it may."""
    return _parsed(signal, integration, source)[0]


def _parsed(
    signal: Came, integration: Integration, source: Source, breaker: Breaker | None = None
) -> tuple[Sequence[Draft], Sequence[dict[str, str]], Sequence[ChangeSaid]]:
    """What a stored signal says, what is wrong with it, as the table has it, and what it says was changed. ``breaker``
    learns from it, and leaves a mapping alone that takes too long."""
    if signal.refused:
        return (), (), ()
    breaker = breaker or Breaker()
    if signal.remote == rates.OURSELVES:
        return _of_ours(signal, integration, breaker), (), ()
    if breaker.keeps and not (breaker.mended and signal.remote.startswith(REPLAYS)):
        return (), [PUT_ASIDE], ()
    parsed = source.parse(as_inbound(signal, integration))
    if parsed.slow or breaker.in_a_row:
        now = clock.now()
        if not parsed.slow:
            breaker.went_well(now)
        else:
            breaker.took_too_long(now)
            if breaker.rests(now):
                return (), [PUT_ASIDE], ()
    problems = [{"field": p.field, "value": p.value, "fix": p.fix} for p in parsed.problems[:PROBLEMS_KEPT]]
    return parsed.drafts, problems, parsed.changes


def _of_ours(signal: Came, integration: Integration, breaker: Breaker) -> Sequence[Draft]:
    """What a signal says that Watchroom itself has put among those of an integration."""
    match signal.path:
        case rates.LIMITED_PATH:
            return (_limited(signal, integration),)
        case rates.TOO_LARGE_PATH:
            return (_too_large(signal, integration),)
        case mappings.RESTS_PATH if breaker.is_open:
            return (resting(signal, integration),)
        case mappings.WORKS_PATH if not breaker.keeps:
            return (resting(signal, integration, over=True),)
    return ()


def _too_large(signal: Came, integration: Integration) -> Draft:
    allowed = json.loads(bytes(signal.body))["allowed"]
    return Draft(
        dedup_key="watchroom:too-large",
        title=f"{integration.name} sends signals of more than {allowed}; they are refused",
        severity="warning",
        labels={"alertname": "SignalTooLarge", "integration": integration.slug},
        starts_at=signal.received_at,
        ends_at=signal.received_at + 2 * timedelta(seconds=rates.NOTICE_SECONDS),
        annotations={
            "description": "Its sender was told so (413) and may lose what was in them. Have it put fewer alerts into one "
            "request."
        },
    )


def _limited(signal: Came, integration: Integration) -> Draft:
    per_minute = json.loads(bytes(signal.body))["per_minute"]
    return Draft(
        dedup_key="watchroom:limited",
        title=f"{integration.name} sends more than {per_minute} signals a minute; the rest is refused",
        severity="warning",
        labels={"alertname": "SenderLimited", "integration": integration.slug},
        starts_at=signal.received_at,
        ends_at=signal.received_at + 2 * timedelta(seconds=rates.NOTICE_SECONDS),
        annotations={
            "description": "Its sender was told so (429, Retry-After) and may lose alerts. Slow it down, put more alerts "
            "into one request, or raise the integration's limit."
        },
    )


def _unread(signal: Came, integration: Integration) -> Draft:
    return Draft(
        dedup_key="watchroom:unread",
        title=f"{integration.name} sends signals that can't be read",
        severity="error",  # any of them may have been worth a page
        labels={"alertname": "SignalUnread", "integration": integration.slug},
        starts_at=signal.received_at,
        ends_at=signal.received_at + 2 * timedelta(seconds=rates.NOTICE_SECONDS),
        annotations={
            "description": "They lie among its refused signals, each with what is wrong with it. Correct what is told there, "
            "mostly its mapping, then read them again."
        },
    )
