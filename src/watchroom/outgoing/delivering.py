"""Events become dispatches, one for each webhook that wants them; dispatches are claimed, sent and written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from ..accounts.actors import SYSTEM
from ..accounts.changes import change
from ..accounts.models import Person
from ..accounts.roles import Action, Role
from ..incidents.models import Incident
from ..kernel import clock, wake
from ..kernel.db import announce, claimable, locked
from ..paging.commands import notify
from ..paging.wording import stamp
from . import rules
from .models import Dispatch, DispatchAttempt, Event, Webhook
from .recording import takers

State = Dispatch.State
BATCH = 200
LEASE = timedelta(seconds=60)  # longer than a request takes
AT_ONCE = 2  # requests to one webhook
KEPT = timedelta(days=30)


def wants() -> QuerySet[Webhook, tuple[Any, Any]]:
    """What webhooks want to hear of."""
    return Webhook.objects.filter(enabled=True).order_by().values_list("events", "team")


def take(events: Sequence[Event]) -> None:
    """A dispatch for each event and each webhook that wants it and may have it."""
    now = clock.now()
    hooks = list(Webhook.objects.filter(enabled=True, created_at__lte=now))
    rows = [
        Dispatch(event=event, webhook=hook, created_at=now, due_at=max(now, hook.rests_until or now))
        for event in events
        for hook in hooks
        if rules.wants(hook.events, event.type) and may_hear(hook, event)
    ]
    Dispatch.objects.bulk_create(rows, ignore_conflicts=True)


def may_hear(hook: Webhook, event: Event) -> bool:
    """Whether ``hook`` may, and wants to, be told of ``event``."""
    return rules.concerns(
        hook.team_id,
        event.team_id,
        private=event.private,
        drill=event.drill,
        sees_private=hook.private,
        sees_drills=hook.drills,
    )


def hand_on(most: int = BATCH) -> int:
    """Hand due events to whoever wants them. Returns how many there were."""
    with transaction.atomic():
        due = Event.objects.filter(due_at__lte=clock.now()).order_by("due_at", "id")
        events = list(claimable(due)[:most])
        if events:
            for _, give in takers:
                give(events)
            Event.objects.filter(pk__in=[each.pk for each in events]).update(due_at=None)
            announce({wake.DUE})
    return len(events)


class Claimed(NamedTuple):
    """A dispatch that this engine sends now, and the try that it is."""

    dispatch: Dispatch
    attempt: DispatchAttempt


def due() -> QuerySet[Dispatch]:
    """What is to be sent, the longest due first."""
    return Dispatch.objects.filter(due_at__isnull=False).order_by("due_at", "id")


def claim(most: int, busy: Mapping[int, int]) -> list[Claimed]:
    """Take due dispatches, each with a new attempt and a lease; a webhook never gets more than two requests at once
    (``busy``: those that are under way), so that a slow one keeps nobody waiting but itself."""
    now = clock.now()
    with transaction.atomic():
        full = [pk for pk, running in busy.items() if running >= AT_ONCE]
        rows: list[Dispatch] = []
        seats = Counter(busy)
        for row in claimable(due().filter(due_at__lte=now).exclude(webhook__in=full))[: BATCH if most else 0]:
            if seats[row.webhook_id] >= AT_ONCE or len(rows) >= most:
                continue
            seats[row.webhook_id] += 1
            row.state, row.due_at = State.SENDING, now + LEASE
            row.tried, row.tries = row.tried + 1, row.tries + 1
            rows.append(row)
        Dispatch.objects.bulk_update(rows, ["state", "tried", "tries", "due_at"])
        attempts = DispatchAttempt.objects.bulk_create(
            DispatchAttempt(dispatch=row, number=row.tried, at=now) for row in rows
        )
    return [Claimed(row, attempt) for row, attempt in zip(rows, attempts, strict=True)]


class Outcome(NamedTuple):
    """What came of an attempt. ``dropped``: why it was not sent at all."""

    ok: bool
    status: int | None = None
    detail: str = ""
    permanent: bool = False
    retry_after: timedelta | None = None
    dropped: str = ""


def unwanted(dispatch: Dispatch) -> str:
    """Why a dispatch is not to be sent any more; empty: it is. What has become private meanwhile stays inside."""
    hook, event = dispatch.webhook, dispatch.event
    if not hook.enabled:
        return "The webhook is switched off."
    if hook.team_id not in {None, event.team_id}:
        return "The webhook has become another team's."
    private = Incident.objects.filter(pk=event.incident_id or 0, private=True).first()
    if private is not None and not hook.private:
        return "The incident has become private."
    if private is not None and hook.team_id not in {None, private.team_id}:
        return "The private incident is another team's."
    return ""


def record(claimed: Claimed, outcome: Outcome) -> None:
    """Write down what came of an attempt. One that has taken it over meanwhile keeps its word."""
    now, (dispatch, attempt) = clock.now(), claimed
    with transaction.atomic():
        hook = locked(Webhook.objects.filter(pk=dispatch.webhook_id)).first()
        mine = Dispatch.objects.filter(pk=dispatch.pk, state=State.SENDING, tried=dispatch.tried)
        row = locked(mine).first()
        if outcome.dropped:
            attempt.delete()
        else:
            attempt.ended_at, attempt.ok, attempt.status = now, outcome.ok, outcome.status
            attempt.detail = outcome.detail[:300]
            attempt.save()
        if hook is None or row is None:
            return
        if outcome.dropped:
            _end(row, State.DROPPED, outcome.dropped)
        elif outcome.ok:
            _end(row, State.SENT)
            _worked(hook, now)
        else:
            pause = None if outcome.permanent else rules.again_after(row.tries, outcome.retry_after)
            if pause is None:
                _end(row, State.FAILED)
            else:
                row.state, row.due_at = State.WAITING, now + pause
                row.save(update_fields=["state", "due_at"])
            _failed(hook, now, outcome)
        announce({wake.DUE, f"webhook:{hook.pk}"})


def _end(row: Dispatch, state: str, note: str = "") -> None:
    row.state, row.due_at, row.ended_at, row.note = state, None, clock.now(), note
    row.save(update_fields=["state", "due_at", "ended_at", "note"])


def _worked(hook: Webhook, now: datetime) -> None:
    if hook.failures:  # what has waited for it goes on at once
        Dispatch.objects.filter(webhook=hook, state=State.WAITING).update(due_at=now)
    hook.failures, hook.failing_since, hook.rests_until, hook.worked_at = 0, None, None, now
    hook.save(update_fields=["failures", "failing_since", "rests_until", "worked_at"])


def _failed(hook: Webhook, now: datetime, outcome: Outcome) -> None:
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    hook.rests_until = now + rules.rest_after(hook.failures)
    hook.save(update_fields=["failures", "failing_since", "rests_until"])
    if hook.enabled and rules.is_given_up(hook.failing_since, now):
        switch_off(hook, outcome.detail)
        return
    waiting = Dispatch.objects.filter(webhook=hook, state=State.WAITING, due_at__lt=hook.rests_until)
    waiting.update(due_at=hook.rests_until)


def switch_off(hook: Webhook, detail: str) -> None:
    """It has failed for days: nothing is sent to it any more, and its owner hears of it. Inside the caller's transaction."""
    since = "days ago" if hook.failing_since is None else stamp(hook.failing_since)
    why = f"Nothing has got through since {since}. {detail}"[:300]
    with change(SYSTEM, "webhook.disabled", hook, needs=Action.SEE, team=hook.team_id) as made:
        hook.enabled, hook.disabled_why = False, why
        hook.save(update_fields=["enabled", "disabled_why"])
        waiting = Dispatch.objects.filter(webhook=hook, state=State.WAITING)
        waiting.update(
            state=State.DROPPED, due_at=None, ended_at=made.at, note="The webhook was switched off before it was sent."
        )
        made.note(slug=hook.slug, why=why)
        made.touch("webhooks", f"webhook:{hook.pk}")
    for person in _told(hook):
        notify(
            person,
            purpose="reminder",
            subject=f"The webhook “{hook.name}” was switched off"[:300],
            body=f"{why} See why, switch it on again, and replay what it has missed.",
            path=f"/webhooks/{hook.slug}",
            reason=f"webhook:{hook.pk}:off:{made.at:%Y-%m-%dT%H:%M:%S}",
        )


def _told(hook: Webhook) -> list[Person]:
    """Its owner; where they have left, the managers of its team, or the administrators."""
    if hook.owner is not None and hook.owner.is_active:
        return [hook.owner]
    active = Person.objects.filter(is_active=True)
    if hook.team_id is not None:
        managers = active.filter(memberships__team=hook.team_id, memberships__role__gte=Role.MANAGER)
        if found := list(managers[:10]):
            return found
    return list(active.filter(role=Role.ADMINISTRATOR)[:10])


def forget(most: int = 1000) -> int:
    """Delete events that are older than a month, with their dispatches."""
    old = Event.objects.filter(at__lte=clock.now() - KEPT, due_at__isnull=True).order_by("at")
    found = list(old.values_list("pk", flat=True)[:most])
    Event.objects.filter(pk__in=found).delete()
    return len(found)
