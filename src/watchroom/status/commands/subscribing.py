"""Strangers subscribe to a page, confirm that it was they, choose components, and leave."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...channels.email import parse_address
from ...kernel import clock, http, signing, wake
from ...kernel.db import announce, locked
from ...kernel.errors import NotAllowed, Refused
from ..models import Component, Delivery, StatusPage, Subscriber
from ..rules import LANGUAGES
from ..rules.access import whose
from .limits import take

CONFIRM_WITHIN = timedelta(days=3)
_LINK = timedelta(days=3650)  # a link to leave works as long as the mail is kept
State, Kind = Subscriber.State, Subscriber.Kind


def subscribe(
    page: StatusPage,
    *,
    kind: str,
    address: str,
    asked_from: str,
    components: Iterable[int] = (),
    language: str = "en",
) -> Subscriber:
    """Ask an address whether it wants to be told. It is the same to the one who asks whether it is known already: only
    the address itself learns that. ``asked_from``: the network address of who asks.

    :raises Refused: that is not an address of this kind, or it is not on the public internet.
    :raises TooOften: too many from there, or for this address.
    """
    settings, key, hint = _checked(kind, address)
    take("subscribe", whose(asked_from), most=10, within=timedelta(hours=1))
    take("subscribe-address", f"{page.pk} {key}", most=3, within=timedelta(hours=1))
    with transaction.atomic():
        row = Subscriber.objects.filter(page=page, kind=kind, fingerprint=signing.fingerprint(key)).first()
        row = row or Subscriber(
            page=page, kind=kind, fingerprint=signing.fingerprint(key), settings=settings, hint=hint
        )
        if row.state != State.ACTIVE:
            row.as_reader = not page.public
            row.state, row.asked_at, row.ended_at, row.end_reason = State.PENDING, clock.now(), None, ""
            row.language = language if language in LANGUAGES else "en"
            row.save()
            _follow(row, components)
        elif not page.public and not row.as_reader:
            row.as_reader = True
            row.save(update_fields=["as_reader"])
        Delivery.objects.create(subscriber=row, created_at=clock.now(), due_at=clock.now())
        announce({wake.DUE})
    return row


def _checked(kind: str, address: str) -> tuple[dict[str, Any], str, str]:
    """The settings, what makes the address itself, and what colleagues see of it."""
    if kind == Kind.EMAIL:
        spec = str(parse_address(address).addr_spec)
        user, _, domain = spec.rpartition("@")
        return {"address": spec}, spec.lower(), f"{user[:2]}…@{domain}"[:100]
    if kind in {Kind.WEBHOOK, Kind.SLACK}:
        # What an operator permits for colleagues (WATCHROOM_PRIVATE_TARGETS) is not permitted for strangers.
        url = http.check_url(address, field="address", public_only=True)
        if not url.startswith("https://"):
            raise Refused("The address is not encrypted.", field="address", value=url[:60], fix="Use https://….")
        if "@" in urlsplit(url).netloc:
            raise Refused(
                "The address holds a user name or a password.",
                field="address",
                value=http.origin(url),
                fix="Leave out what stands before the @.",
            )
        made = {"url": url} | ({"secret": signing.new_key("whs")} if kind == Kind.WEBHOOK else {})
        return made, url, f"{http.origin(url)}/…"[:100]
    raise Refused("There is no such way.", field="kind", value=kind, fix=f"Use one of {', '.join(Kind.values)}.")


def _follow(row: Subscriber, components: Iterable[int]) -> None:
    chosen = list(Component.objects.filter(page=row.page_id, pk__in=list(components)))
    row.all_components = not chosen
    row.save(update_fields=["all_components"])
    row.components.set(chosen)


def link_token(row: Subscriber, purpose: str) -> str:
    """What makes a link to ``confirm`` or to ``manage`` (choose, leave) this subscription alone."""
    valid_for = CONFIRM_WITHIN if purpose == "confirm" else _LINK
    return signing.sign(f"subscriber.{purpose}", [row.pk, row.fingerprint[:16]], valid_for=valid_for)


def subscriber_of(token: str, purpose: str, page: StatusPage) -> Subscriber:
    """The subscription that a link is for.

    :raises NotAllowed: the link is not ours, or has expired, or the subscription is gone.
    """
    pk, fingerprint = signing.unsign(f"subscriber.{purpose}", token)
    row = Subscriber.objects.select_related("page").filter(pk=pk, page=page).first()
    if row is None or not secrets.compare_digest(row.fingerprint[:16], fingerprint):
        raise NotAllowed("This subscription is gone.", fix="Subscribe again on the status page.")
    return row


def confirm(row: Subscriber) -> None:
    """Their answer: yes. Doing it twice changes nothing."""
    with transaction.atomic():
        row = locked(Subscriber.objects.filter(pk=row.pk)).get()
        if row.state == State.PENDING:
            row.state, row.confirmed_at, row.failures = State.ACTIVE, clock.now(), 0
            row.save(update_fields=["state", "confirmed_at", "failures"])
            announce({f"subscribers:{row.page_id}"})


def choose(row: Subscriber, components: Iterable[int]) -> None:
    """Follow these components only; none: all of the page."""
    with transaction.atomic():
        _follow(row, components)


def leave(row: Subscriber, reason: str = "left") -> None:
    """Nothing is sent any more, not even what is waiting. Doing it twice changes nothing."""
    with transaction.atomic():
        Subscriber.objects.filter(pk=row.pk).exclude(state=State.ENDED).update(
            state=State.ENDED, ended_at=clock.now(), end_reason=reason
        )
        announce({f"subscribers:{row.page_id}"})


def remove_subscriber(by: Actor, row: Subscriber) -> None:
    """A colleague takes somebody off a page. Nothing of the address is kept."""
    with change(by, "subscriber.removed", None, needs=Action.MANAGE, team=row.page.team) as made:
        made.note(page=row.page.slug, hint=row.hint)
        made.touch(f"subscribers:{row.page_id}")
        row.delete()


def forget_pending(most: int = 500) -> int:
    """Delete who never confirmed."""
    old = Subscriber.objects.filter(state=State.PENDING, asked_at__lt=clock.now() - CONFIRM_WITHIN)
    return Subscriber.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:most])).delete()[0]
