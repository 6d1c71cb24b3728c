"""What the engine does for readiness: it reminds of the process, and looks what teams lack."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from ..accounts.models import Person, Team
from ..kernel import clock
from ..kernel.db import claimable
from ..kernel.duty import Duty
from ..paging.commands import notify
from ..paging.models import Notification
from .commands import look_at
from .models import ProcessReminder, ProcessVersion, Standing, Turn
from .queries.process import current, last_big_change, to_remind

EVERY = timedelta(hours=1)
TEAMS = 25  # looked at in one go
PAUSE = timedelta(seconds=1)  # in which others may write
LEASE = timedelta(minutes=5)  # whoever looks has the turn for so long
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


def _next_look() -> datetime | None:
    return Turn.objects.filter(what=Turn.What.LOOK).values_list("due_at", flat=True).first() or clock.now()


def look() -> int:
    """Look what teams lack: some of those that have not been looked at for longest, in one go; each once an hour. Nobody else
    waits meanwhile: the turn is taken first, and what there is to read is read outside of a transaction."""
    now = clock.now()
    Turn.objects.get_or_create(what=Turn.What.LOOK, defaults={"due_at": now})  # a new database has none
    with transaction.atomic():
        turn = claimable(Turn.objects.filter(what=Turn.What.LOOK, due_at__lte=now)).first()
        if turn is None:
            return 0
        turn.due_at = now + LEASE
        turn.save(update_fields=["due_at"])
    if not Standing.objects.filter(team=None, looked_at__gt=now - EVERY).exists():
        look_at([None])
    fresh = Standing.objects.filter(team=OuterRef("pk"), looked_at__gt=now - EVERY)
    teams = list(
        Team.objects.filter(~Exists(fresh)).order_by(F("standing__looked_at").asc(nulls_first=True), "pk")[: TEAMS + 1]
    )
    if teams:
        look_at(teams[:TEAMS])
    more = len(teams) > TEAMS or Team.objects.filter(standing=None).exists()  # one may have been made meanwhile
    Turn.objects.filter(pk=turn.pk).update(due_at=now + (PAUSE if more else EVERY))
    return 1


duties = [
    Duty("process reminders", _next_reminders, remind),
    # A minute with very many teams: nobody's reminder waits for it.
    Duty("what teams lack", _next_look, look, apart=True),
]
