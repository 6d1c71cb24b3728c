"""What the engine does for evidence: when an incident is declared from alerts, it keeps their metric by itself."""

from __future__ import annotations

from datetime import datetime

from ..accounts.actors import SYSTEM
from ..incidents.models import Incident
from ..kernel import clock
from ..kernel.duty import Duty, soonest
from ..kernel.errors import WatchroomError
from . import items
from .asking import answer_of
from .commands import claim_first_looks, keep, note_first_look, plan_first_looks
from .commands.snapshots import LOOK_BACK
from .models import Connection, FirstLook

BATCH = 5


def _new() -> bool:
    """Whether there is a lately declared incident with alert groups that nobody has looked at."""
    now = clock.now()
    if not Connection.objects.exists():
        return False
    recent = Incident.alert_groups.through._default_manager.filter(
        incident__declared_at__gte=now - LOOK_BACK, incident__is_demo=False
    )
    looked = FirstLook.objects.filter(incident__declared_at__gte=now - LOOK_BACK)
    seen = set(looked.values_list("incident_id", flat=True))
    return recent.exclude(incident__in=seen).exists()


def next_due() -> datetime | None:
    """Now, where somebody has just declared; else when a first look is to be tried again."""
    if _new():
        return clock.now()
    return soonest(FirstLook)()


def look() -> int:
    """Take the first looks that are due: each asks one server, outside of any transaction, within its time-out."""
    handled = plan_first_looks()
    for each in claim_first_looks(most=BATCH):
        _look(each)
        handled += 1
    return handled


def _look(first: FirstLook) -> None:
    view = items.of_group(SYSTEM, first.group)
    item = next((each for each in view.items if each.is_alert), None)
    if item is None:
        note_first_look(SYSTEM, first, "No connection can be asked for the alert's expression.")
        return
    answer = answer_of(items.question_of(item, view))
    if answer.data is None:
        note_first_look(SYSTEM, first, answer.error, again=True)
        return
    try:
        keep(
            SYSTEM,
            first.incident,
            kind="chart",
            title=item.title,
            data=answer.data,
            query=item.expression,
            source=item.connection.name,
            link=answer.data.get("link", ""),
            client_key=f"first-look-{first.pk}",
        )
    except WatchroomError as error:
        note_first_look(SYSTEM, first, str(error))
        return
    note_first_look(SYSTEM, first)


duties = [Duty("first looks", next_due, look)]
