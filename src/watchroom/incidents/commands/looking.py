"""Who looked when. Not a change of the incident: nothing goes into its log, nor into the audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from ...accounts.actors import Actor
from ...kernel import clock
from .. import rules
from ..models import Incident, Look

_EVERY = timedelta(minutes=1)  # written at most so often


def looked(by: Actor, incident: Incident) -> datetime | None:
    """Note that ``by`` has the room before their eyes. Since when they are catching up; None: they never were here."""
    if by.person is None:
        return None
    now = clock.now()
    row = Look.objects.filter(incident=incident, person=by.person).first()
    if row is None:
        try:
            with transaction.atomic():
                Look.objects.create(incident=incident, person=by.person, seen_at=now, since=None)
        except IntegrityError:
            pass  # the same person, in two windows at once
        return None
    since = rules.catch_up.looking(now, row.seen_at, row.since)
    if since != row.since or now - row.seen_at >= _EVERY:
        Look.objects.filter(pk=row.pk).update(seen_at=now, since=since)
    return since
