"""Whether what is sent really reaches its person: test pages, codes that only its reader can know, and receipts."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, locked
from ...kernel.errors import NotAllowed, Refused
from ..models import ContactMethod, Notification, Urgency
from ..together import bundle_of
from .contact import account_changed
from .notifications import topics_of
from .order import needed_for

CODE_LIFETIME = timedelta(minutes=10)
CODE_TRIES = 5
TESTS_AT_MOST, TESTS_WITHIN = 5, timedelta(minutes=10)
_TRIALS = (Notification.Purpose.TEST, Notification.Purpose.VERIFY)


def test_contact_method(by: Actor, method: ContactMethod) -> Notification:
    """Send a test page by one method, through exactly the way a real page takes.

    :raises Refused: there were :data:`TESTS_AT_MOST` tests and codes in the last ten minutes.
    """
    with change(by, "contact_method.tested", method, needs=needed_for(by, method.person)) as made:
        row = _send(
            method,
            purpose=Notification.Purpose.TEST,
            subject="Test page from Watchroom",
            body="This is how a page reaches you. Nothing is wrong.",
        )
        made.due()
        made.touch(f"person:{method.person_id}", "notifications")
    return row


def send_code(by: Actor, method: ContactMethod) -> Notification:
    """Send a new six-digit code by one method; an older one no longer counts. It is good for :data:`CODE_LIFETIME`.

    :raises Refused: there were :data:`TESTS_AT_MOST` tests and codes in the last ten minutes.
    """
    code = f"{secrets.randbelow(1_000_000):06}"
    with change(by, "contact_method.code_sent", method, needs=needed_for(by, method.person)) as made:
        row = _send(
            method,
            purpose=Notification.Purpose.VERIFY,
            subject="Your code for Watchroom",
            body=code,  # said in words when it is sent: `wording.code_said`
        )
        method.code_hash, method.code_tries = _hashed(method, code), 0
        method.code_expires_at = made.at + CODE_LIFETIME
        method.save(update_fields=["code_hash", "code_tries", "code_expires_at"])
        made.due()
        made.touch(f"person:{method.person_id}", "notifications")
    return row


def confirm_code(by: Actor, method: ContactMethod, code: str) -> ContactMethod:
    """Take the code that came by this method: from now on the method is known to reach its person.

    :raises Refused: there is no code, it is too old, it has been guessed at too often, or this is not it.
    """
    by.require_change()
    by.require(needed_for(by, method.person))
    with transaction.atomic():  # by itself, so that a wrong guess counts although it is refused
        row = locked(ContactMethod.objects.filter(pk=method.pk)).get()
        again = "Have a new code sent."
        if not row.code_hash or row.code_expires_at is None or row.code_expires_at <= clock.now():
            problem: Refused | None = Refused("There is no code that counts.", field="code", value="", fix=again)
        elif row.code_tries >= CODE_TRIES:
            problem = Refused("That code has been guessed at too often.", field="code", value="", fix=again)
        elif not constant_time_compare(row.code_hash, _hashed(row, "".join(code.split()))):
            row.code_tries += 1
            row.save(update_fields=["code_tries"])
            fix = f"Look at the newest message again; {CODE_TRIES - row.code_tries} tries are left."
            problem = Refused("That is not the code.", field="code", value=code[:20], fix=fix)
        else:
            problem = None
    if problem is not None:
        raise problem
    with change(by, "contact_method.verified", row, needs=needed_for(by, row.person)) as made:
        _verified(row)
        made.touch(f"person:{row.person_id}")
    return row


def mark_seen(by: Actor, notification: Notification) -> None:
    """The person's own device or browser has shown it, and all that went with it, so that its contact method is known to
    work. Raises :class:`NotAllowed` for anybody else's."""
    if by.person is None or by.person.pk != notification.person_id:
        raise NotAllowed("Only the person who was notified can say that it was shown.")
    for each in sorted(bundle_of(notification), key=lambda one: one.pk):
        _mark_seen(each)


@retried
def _mark_seen(notification: Notification) -> None:
    with transaction.atomic():
        row = locked(Notification.objects.filter(pk=notification.pk)).get()
        if row.seen_at is None:
            row.seen_at = clock.now()
            method = row.contact_method
            if method is not None and method.verified_at is None and not method.taken_back:
                _verified(method)
            if row.state == Notification.State.SENT:
                row.state = Notification.State.DELIVERED
            row.save(update_fields=["seen_at", "state"])
            announce({f"person:{row.person_id}", "notifications", *topics_of(row)})


def _verified(method: ContactMethod) -> None:
    method.verified_at, method.code_hash, method.code_expires_at, method.code_tries = clock.now(), "", None, 0
    method.taken_back = ""
    method.save(update_fields=["verified_at", "code_hash", "code_expires_at", "code_tries", "taken_back"])
    account_changed(method)


def _hashed(method: ContactMethod, code: str) -> str:
    """Six digits are soon tried, so what is stored is keyed with the installation's secret."""
    return salted_hmac("watchroom.contact-code", f"{method.pk}:{code}", algorithm="sha256").hexdigest()


def _send(method: ContactMethod, *, purpose: str, subject: str, body: str) -> Notification:
    now = clock.now()
    trials = Notification.objects.filter(
        contact_method=method, purpose__in=_TRIALS, created_at__gt=now - TESTS_WITHIN
    ).order_by("-id")[:TESTS_AT_MOST]
    if len(trials) >= TESTS_AT_MOST:
        free = int((trials[TESTS_AT_MOST - 1].created_at + TESTS_WITHIN - now).total_seconds() // 60) + 1
        raise Refused(
            f"{TESTS_AT_MOST} tests in ten minutes are enough.",
            field="contact_method",
            value=method.label,
            fix=f"Wait {free} minutes; the delivery log says what became of the last ones.",
        )
    return Notification.objects.create(
        person=method.person,
        contact_method=method,
        method_text=str(method)[:250],
        purpose=purpose,
        urgency=Urgency.HIGH,
        subject=subject,
        body=body,
        path="/me/contact",
        reason=f"{purpose}:{method.pk}:{now.timestamp()}",
        created_at=now,
        due_at=now,
    )
