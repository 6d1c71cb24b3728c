"""After hours in which nothing ran: whoever waited for several messages about the same thing gets one now, which says how
late it is, and the others after their usual waits if nobody has answered by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from ...kernel.db import claimable
from ...kernel.numbers import whole
from ..models import Notification, Urgency
from ..people import hours_of
from ..quiet import outside
from ..rules import in_words
from ..wording import LATE_BEGINS, late_of

LATE = timedelta(minutes=2)  # after that something was wrong; before, an engine was busy
WAITING, SENDING = Notification.State.WAITING, Notification.State.SENDING


def late_by(late: timedelta) -> str:
    """What a message that comes late begins with."""
    return f"{LATE_BEGINS}{in_words(late)}: Watchroom could not send this earlier."


def in_order(rows: Sequence[Notification], now: datetime) -> list[Notification]:
    """Those of these due notifications that go now. A message of an escalation that is more than :data:`LATE` overdue says
    so; what its person's rules let follow it keeps its distance to it, also if that is overdue too; and one that is not
    urgent doesn't fall into the night. ``rows`` are locked by the caller, whose transaction this is."""
    late = [row for row in rows if row.escalation_id and row.due_at and row.due_at < now - LATE]
    if not late:
        return list(rows)
    hours = hours_of({row.person_id for row in late if row.urgency == Urgency.LOW})
    moved: dict[int, tuple[datetime, str]] = {}
    for family in _families(late):
        first = min(wait_of(row) for row in family if row.state == SENDING or (row.due_at and row.due_at <= now))
        for row in family:
            if row.state != WAITING or row.tries or row.due_at is None:
                continue
            due = now + timedelta(seconds=max(0, wait_of(row) - first))
            due, note = outside(hours.get(row.person_id) if row.urgency == Urgency.LOW else None, due)
            if due > max(now, row.due_at):
                moved[row.pk] = due, note
    # What another engine holds at this moment, that one puts in order.
    following = list(claimable(Notification.objects.filter(pk__in=moved, state=WAITING, tries=0)))
    for row in following:
        row.due_at, row.note = moved[row.pk][0], moved[row.pk][1] or row.note
    Notification.objects.bulk_update(following, ["due_at", "note"], batch_size=100)
    say = [row for row in late if row.pk not in moved and not late_of(row.body)]
    for row in say:
        row.body = f"{late_by(now - row.due_at)}\n\n{row.body}" if row.due_at else row.body
    Notification.objects.bulk_update(say, ["body"], batch_size=100)
    return [row for row in rows if row.pk not in moved]


def _cause(row: Notification) -> tuple[int, str]:
    return row.person_id, row.reason.rpartition("+")[0]


def wait_of(row: Notification) -> int:
    """How many seconds after its cause it goes, by its person's rules."""
    _, plus, seconds = row.reason.rpartition("+")
    return (whole(seconds) or 0) if plus else 0


def _families(late: Sequence[Notification]) -> list[list[Notification]]:
    """All that is still open of each cause and person of these."""
    found: dict[tuple[int, str], list[Notification]] = defaultdict(list)
    causes = {_cause(row) for row in late}
    for row in Notification.objects.filter(
        ended_at__isnull=True,
        escalation__in={row.escalation_id for row in late},
        person__in={row.person_id for row in late},
    ):
        if _cause(row) in causes:
            found[_cause(row)].append(row)
    return list(found.values())
