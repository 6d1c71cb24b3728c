"""Calendars that can't be read: whoever answers for one learns of it before a shift depends on it, once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ..accounts.models import Person
from ..accounts.queries import managers_of
from ..kernel import clock
from ..kernel.db import claimable
from ..oncall.models import Calendar
from ..oncall.outlook import age
from ..oncall.rules import span_text
from ..paging.commands import notify
from ..paging.models import Notification

AGAIN = timedelta(days=1)


def warn() -> int:
    """Tell the owner of one calendar that has been failing, and say how many there were (0 or 1)."""
    now = clock.now()
    with transaction.atomic():
        due = Calendar.objects.filter(warn_due_at__lte=now).order_by("warn_due_at", "id")
        row = claimable(due).first()
        if row is None:
            return 0
        row.warn_due_at = now + AGAIN
        row.save(update_fields=["warn_due_at"])
        for person in _owners(row):
            notify(
                person,
                purpose=Notification.Purpose.REMINDER,
                subject=f"The calendar {row.name} can't be read",
                body=_body(row, person, now),
                path=f"/schedules/{row.schedule.slug}" if row.schedule else "/on-call/mine#away",
                reason=f"calendar-{row.pk}-{now:%Y%m%dT%H%M%S}-{person.pk}",
            )
    return 1


def _owners(row: Calendar) -> list[Person]:
    """Whoever gave its address; once they have left, the person whose absences it holds, or the team's managers."""
    if row.created_by is not None and row.created_by.is_active:
        return [row.created_by]
    if row.person is not None:
        return [row.person] if row.person.is_active else []
    return managers_of(row.schedule.team) if row.schedule else []


def _body(row: Calendar, person: Person, now: datetime) -> str:
    said = [row.error if row.error.endswith(".") else f"{row.error}."]
    if row.read_at is None:
        said.append("It has never been read.")
    else:
        said.append(f"What counts was read {age(row.read_at, now)} ago.")
    if row.schedule is not None:
        following = row.shifts.filter(ends_at__gt=now).select_related("person").order_by("starts_at", "id").first()
        if following is not None:
            window = span_text(following.starts_at, following.ends_at, person.timezone)
            said.append(f"The next shift of {row.schedule} that depends on it: {following.person}, {window}.")
        else:
            said.append(f"No shift of {row.schedule} ahead comes from it: nobody may be on call by it.")
    return " ".join(said)
