"""Tells administrators by another route when paging itself is impaired, and that it works again.

By their own contact methods on channels that work, and by outside addresses (``WATCHROOM_ALARM_TO``) at once and from
here, so that neither needs what is impaired. When no engine is left to do this, the dead-man's switch is silent.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ..accounts.models import Person
from ..accounts.roles import Role
from ..channels.base import Message
from ..kernel import clock, wake
from ..kernel import settings as conf
from ..kernel.db import announce, claimable
from ..kernel.plugins import one_of
from ..kernel.signing import fingerprint
from ..paging.commands import record_defect
from ..paging.models import ContactMethod, Notification, PagingDefect
from ..paging.wording import stamp
from .models import Watch
from .queries import health

log = logging.getLogger(__name__)
EVERY = timedelta(seconds=30)
LEASE = timedelta(minutes=2)  # for asking outside addresses, which may be slow
AGAIN = timedelta(hours=1)  # while it stays impaired, it is said again this often


def next_look() -> datetime | None:
    """When to look next."""
    return Watch.objects.order_by("due_at").values_list("due_at", flat=True).first() or clock.now()


def look() -> int:
    """Look whether paging is impaired, and tell. What lasts for one look only (after a restart, while what has piled up
    is worked off) is not told. Returns how many messages were written or sent."""
    watch = _claim()
    if watch is None:
        return 0
    now, found = clock.now(), health()
    wrong: list[str] = list(found["impaired"])
    told = 0
    if wrong:
        first = watch.since is None
        watch.since, watch.texts = watch.since or now, wrong
        if not first:
            if watch.told_at is None or now - watch.told_at >= AGAIN:
                told += _tell("Paging is impaired", wrong, watch.since, found["silent"])
                watch.told_at, watch.outside = now, {}
            told += _tell_outside(watch, "Paging is impaired", wrong)
    elif watch.since is not None:
        if watch.told_at is not None:
            lasted = f"It was impaired since {stamp(watch.since)}: {' '.join(watch.texts)}"
            told += _tell("Paging works again", [lasted], watch.since, ())
            watch.outside = {}
            told += _tell_outside(watch, "Paging works again", [lasted])
        watch.since, watch.texts, watch.told_at, watch.outside = None, [], None, {}
    watch.due_at = now + EVERY
    watch.save()
    return told


def _claim() -> Watch | None:
    now = clock.now()
    with transaction.atomic():
        Watch.objects.bulk_create([Watch(pk=1, due_at=now)], ignore_conflicts=True)
        watch = claimable(Watch.objects.filter(pk=1, due_at__lte=now)).first()
        if watch is not None:
            watch.due_at = now + LEASE
            watch.save(update_fields=["due_at"])
    return watch


def _tell(subject: str, texts: list[str], since: datetime, silent: Collection[str]) -> int:
    """Write a message to every administrator for each of their contact methods whose channel works."""
    now, body = clock.now(), "\n".join(texts)
    with transaction.atomic():
        if subject == "Paging is impaired":
            record_defect(
                PagingDefect.Kind.IMPAIRED,
                f"impaired:{since.isoformat()}",
                text=f"Paging was impaired: {body}"[:500],
                fix="See what each channel did, and the engines' logs.",
                path="/system",
            )
        admins = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
        methods = ContactMethod.objects.filter(person__in=admins, enabled=True).exclude(channel__in=silent)
        rows = [
            Notification(
                person=method.person,
                contact_method=method,
                method_text=str(method)[:250],
                purpose=Notification.Purpose.REMINDER,
                urgency="high",
                subject=subject,
                body=body,
                path="/system",
                reason=f"watchdog:{now.isoformat()}",
                created_at=now,
                due_at=now,
            )
            for method in methods.select_related("person").order_by("pk")
        ]
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        announce({wake.DUE, "system", "notifications"})
    return len(rows)


def _tell_outside(watch: Watch, subject: str, texts: list[str]) -> int:
    """Send to the outside addresses from here; what fails is tried again at the next look."""
    told = 0
    for number, address in enumerate(conf.current().alarm_to):
        if watch.outside.get(str(number)) == subject:
            continue
        message = Message(
            key=f"watchroom-watchdog-{number}-{watch.told_at:%Y%m%dT%H%M%S}-{subject.split()[-1]}",
            subject=subject,
            body="\n".join(texts),
            url=f"{conf.current().url}/system",
            purpose="reminder",
            facts={"impaired": subject == "Paging is impaired"},
        )
        try:
            channel, settings = _way(address)
            one_of("watchroom.channels", channel).send(settings, message)
        except Exception as error:
            log.error("The outside address %s could not be told that %s: %s", number + 1, subject.lower(), error)
        else:
            watch.outside[str(number)] = subject
            told += 1
    return told


def _way(address: str) -> tuple[str, dict[str, Any]]:
    if address.startswith(("http://", "https://")):
        secret = conf.current().alarm_secret or fingerprint(f"alarm {conf.secret_key()}")
        return "webhook", {"url": address, "secret": secret}
    return "email", {"address": address.removeprefix("mailto:")}
