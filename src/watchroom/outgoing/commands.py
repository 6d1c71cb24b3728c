"""Webhooks: saved, tried, switched on and off; deliveries asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from ..accounts.actors import Actor
from ..accounts.changes import Change, change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel import clock, http
from ..kernel.checks import within, written
from ..kernel.db import locked
from ..kernel.errors import Conflict, Refused
from ..kernel.names import only_one, short_name
from ..kernel.signing import new_key
from . import rules
from .catalog import TYPES
from .delivering import may_hear
from .models import Dispatch, Event, Webhook
from .queries import needed_for
from .sending import TESTED

State = Dispatch.State
SHORTEST_SECRET = 16
LONGEST_OVERLAP = 7 * 24  # hours
MOST_REPLAYED = 5_000
LONGEST_REPLAY = timedelta(days=30)


def save_webhook(
    by: Actor,
    webhook: Webhook | None,
    *,
    team: Team | None,
    name: str,
    slug: str = "",
    url: str,
    events: Sequence[str],
    private: bool = False,
    drills: bool = False,
    enabled: bool = True,
    secret: str = "",
) -> tuple[Webhook, str]:
    """Have an address told of events, or change what it is told. ``team`` None: of everybody's, which takes an
    administrator. Without a ``secret`` a new one is made, and kept afterwards while the address stays the same: another
    address never gets the old secret. Returns it and, where there is a new one, the secret to be shown once.

    :raises Refused: no name, an address that is not one or not permitted, no such events, or too short a secret.
    :raises Conflict: another webhook has this slug.
    """
    webhook = webhook or Webhook(owner=by.person)
    created = webhook.pk is None
    if not created:
        by.require(needed_for(webhook), webhook.team)
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    by.require(needs, team)
    patterns = _patterns(events)
    name = written(name, "A webhook needs a name", 100, field="name", fix="Such as “Data warehouse”.")
    url = http.check_url(url)
    slug = short_name(slug, before=webhook.slug, name=name, otherwise="webhook", among=Webhook.objects)
    shown = _secret(webhook, url, secret.strip())
    verb = "webhook.created" if created else "webhook.changed"
    with change(by, verb, webhook, needs=needs, team=team) as made:
        if enabled and not webhook.enabled:
            webhook.failures, webhook.failing_since, webhook.rests_until, webhook.disabled_why = 0, None, None, ""
        elif not enabled and webhook.enabled:
            webhook.disabled_why = f"{by.name} has switched it off."[:300]
        webhook.team, webhook.name, webhook.slug, webhook.url, webhook.events = team, name, slug, url, patterns
        webhook.private, webhook.drills, webhook.enabled = private, drills, enabled
        if shown:
            webhook.secret, webhook.old_secret, webhook.old_secret_until = shown, None, None
        if webhook.owner is None or not webhook.owner.is_active:
            webhook.owner = by.person
        with only_one("webhook", slug=slug):
            webhook.save()
        made.note(slug=slug, events=patterns, origin=http.origin(url))
        made.touch("webhooks", f"webhook:{webhook.pk}")
    return webhook, shown


def _patterns(events: Sequence[str]) -> list[str]:
    found = sorted({each.strip() for each in events if each.strip()})
    if not found:
        raise Refused("It wants to hear of nothing.", field="events", value="", fix="Name events, such as incident.*")
    if len(found) > 200:
        raise Refused("That is too much.", field="events", value=len(found), fix="Use beginnings, such as incident.*")
    for each in found:
        if not rules.is_pattern(each) or not any(rules.wants([each], type) for type in TYPES):
            raise Refused(
                "There are no such events.",
                field="events",
                value=each,
                fix="Use names of docs/reference/events.md, beginnings such as incident.*, or * for everything.",
            )
    return found


def _secret(webhook: Webhook, url: str, given: str) -> str:
    """The new secret; empty: it keeps the one that it has."""
    if given and len(given) < SHORTEST_SECRET:
        raise Refused(
            "The signing secret is too short.",
            field="secret",
            value="(secret)",
            fix=f"Use at least {SHORTEST_SECRET} random characters, or leave it empty to have one made.",
        )
    if given or (webhook.pk is not None and webhook.url == url):
        return given
    return new_key("whs")


def renew_secret(by: Actor, webhook: Webhook, *, overlap_hours: int = 0) -> str:
    """A new signing secret, shown once. What is sent from now on is signed with it, and for ``overlap_hours`` with the one
    before as well, so that receivers can take the new one over without losing anything.

    :raises Refused: an overlap that is none, or longer than a week.
    """
    within(overlap_hours, 0, LONGEST_OVERLAP, "overlap", field="overlap_hours", unit="hours")
    with _changing(by, "webhook.secret_renewed", webhook) as made:
        until = made.at + timedelta(hours=overlap_hours) if overlap_hours else None
        webhook.old_secret, webhook.old_secret_until = (webhook.secret, until) if until else (None, None)
        webhook.secret = new_key("whs")
        webhook.save(update_fields=["secret", "old_secret", "old_secret_until"])
        made.note(overlap_hours=overlap_hours)
        made.touch(f"webhook:{webhook.pk}")
        made.due()
    return str(webhook.secret)


def drop_old_secret(by: Actor, webhook: Webhook) -> None:
    """The secret before the present one signs nothing any more. Saying it twice is saying it once."""
    with _changing(by, "webhook.old_secret_dropped", webhook) as made:
        webhook.old_secret, webhook.old_secret_until = None, None
        webhook.save(update_fields=["old_secret", "old_secret_until"])
        made.touch(f"webhook:{webhook.pk}")


def forget_old_secrets() -> int:
    """Forget secrets whose time to sign is over. Returns how many."""
    over = Webhook.objects.filter(old_secret_until__lte=clock.now())
    return over.update(old_secret=None, old_secret_until=None)


def switch(by: Actor, webhook: Webhook, *, on: bool) -> Webhook:
    """Switch it on or off. While it is off it hears of nothing; what it missed can't be replayed, only what it was sent."""
    with _changing(by, f"webhook.{'enabled' if on else 'disabled'}", webhook) as made:
        why = "" if on else f"{by.name} has switched it off."[:300]
        made.note(slug=webhook.slug, why=why)
        webhook.enabled, webhook.disabled_why = on, why
        webhook.failures, webhook.failing_since, webhook.rests_until = 0, None, None
        webhook.save(update_fields=["enabled", "disabled_why", "failures", "failing_since", "rests_until"])
    return webhook


def delete_webhook(by: Actor, webhook: Webhook) -> None:
    """Tell it nothing more; what it was told is forgotten."""
    with _changing(by, "webhook.deleted", webhook) as made:
        made.note(name=webhook.name, slug=webhook.slug)
        made.subject = None
        webhook.delete()


def _changing(by: Actor, action: str, webhook: Webhook) -> AbstractContextManager[Change]:
    return change(by, action, webhook, needs=needed_for(webhook), team=webhook.team)


def test(by: Actor, webhook: Webhook) -> Dispatch:
    """Send it an event that means nothing, to see whether it is heard.

    :raises Conflict: it is switched off.
    """
    _must_be_on(webhook)
    with _changing(by, "webhook.tried", webhook) as made:
        event = Event.objects.create(
            type=TESTED,
            at=made.at,
            actor_kind=by.kind,
            actor_name=by.name[:150],
            person=by.person,
            team=webhook.team,
            subject_kind="webhook",
            subject_id=webhook.pk,
            subject_name=str(webhook)[:200],
            drill=True,
        )
        dispatch = Dispatch.objects.create(event=event, webhook=webhook, created_at=made.at, due_at=made.at)
        made.note(dispatch=dispatch.pk)
        _woken(made, webhook)
    return dispatch


def replay(by: Actor, dispatch: Dispatch) -> Dispatch:
    """Send it once more, at once and under the same id; what waits for its next try need not wait.

    :raises Conflict: the webhook is switched off.
    """
    _must_be_on(dispatch.webhook)
    with _changing(by, "webhook.replayed", dispatch.webhook) as made:
        row = locked(Dispatch.objects.filter(pk=dispatch.pk)).get()
        if row.ended_at is not None or row.state == State.WAITING:
            row.state, row.tries, row.due_at, row.ended_at, row.note = State.WAITING, 0, made.at, None, ""
            row.save(update_fields=["state", "tries", "due_at", "ended_at", "note"])
        made.note(dispatches=1)
        _woken(made, dispatch.webhook)
    return row


def replay_since(by: Actor, webhook: Webhook, since: datetime, *, only_failed: bool = True) -> int:
    """Send what it was told, or was to be told, since then once more; ``only_failed``: only what did not get through.
    Returns how many.

    :raises Refused: more than 30 days ago, or without a time zone.
    :raises Conflict: it is switched off.
    """
    _must_be_on(webhook)
    if since.tzinfo is None or not clock.now() - LONGEST_REPLAY <= since <= clock.now():
        raise Refused(
            "Events are kept for 30 days.",
            field="since",
            value=since.isoformat(),
            fix="Use a time of the last 30 days, with its time zone, such as 2026-03-02T09:00:00Z.",
        )
    with _changing(by, "webhook.replayed", webhook) as made:
        rows = Dispatch.objects.filter(webhook=webhook, event__at__gte=since, ended_at__isnull=False)
        if only_failed:
            rows = rows.exclude(state=State.SENT)
        ids = list(rows.order_by("id").values_list("pk", flat=True)[:MOST_REPLAYED])
        found = Dispatch.objects.filter(pk__in=ids, ended_at__isnull=False)
        count = found.update(state=State.WAITING, tries=0, due_at=made.at, ended_at=None, note="")
        made.note(dispatches=count)
        _woken(made, webhook)
    return count


def _must_be_on(webhook: Webhook) -> None:
    if not webhook.enabled:
        raise Conflict(
            f"“{webhook.name}” is switched off.", field="webhook", value=webhook.slug, fix="Switch it on first."
        )


def _woken(made: Change, webhook: Webhook) -> None:
    made.touch(f"webhook:{webhook.pk}")
    made.due()


def send_event(by: Actor, webhook: Webhook, event: Event) -> Dispatch | None:
    """Tell one webhook of one event, whether or not it asked for its kind; None: it may not hear of it, or is off.
    Inside the caller's transaction."""
    if not webhook.enabled or not may_hear(webhook, event):
        return None
    now = clock.now()
    return Dispatch.objects.get_or_create(event=event, webhook=webhook, defaults={"created_at": now, "due_at": now})[0]
