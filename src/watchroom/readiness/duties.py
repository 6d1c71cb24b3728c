"""What the engine does for readiness: it reminds of the process."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ..accounts.models import Person
from ..kernel import clock
from ..kernel.db import claimable
from ..kernel.duty import Duty
from ..paging.commands import notify
from ..paging.models import Notification
from .models import ProcessReminder, ProcessVersion, Turn
from .queries.process import current, last_big_change, to_remind

EVERY = timedelta(hours=1)
BATCH = 200  # people in one turn; who is left comes with the next


def _next_reminders() -> datetime | None:
    return Turn.objects.filter(what=Turn.What.PROCESS).values_list("due_at", flat=True).first()


def remind() -> int:
    """Remind whoever has not read the process, where it is their daytime, once a week."""
    now = clock.now()
    with transaction.atomic():
        turn = claimable(Turn.objects.filter(what=Turn.What.PROCESS, due_at__lte=now)).first()
        if turn is None:
            return 0
        version = current()
        if version is None:
            turn.delete()
            return 1
        people = to_remind(now)
        for person in people[:BATCH]:
            _remind(person, version, now)
        turn.due_at = now + (timedelta(minutes=1) if len(people) > BATCH else EVERY)
        turn.save(update_fields=["due_at"])
    return 1


def _remind(person: Person, version: ProcessVersion, now: datetime) -> None:
    said = ["How we respond to incidents, on one page. Please read it and say that you have.", last_big_change(version)]
    notify(
        person,
        purpose=Notification.Purpose.REMINDER,
        subject="Three minutes before the next incident: our process",
        body="\n".join(filter(None, said)),
        path="/process",
        reason=f"process:{version.asks_from}:{now.date()}",
    )
    ProcessReminder.objects.update_or_create(person=person, defaults={"at": now})


duties = [Duty("process reminders", _next_reminders, remind)]
