"""Whoever has an alert and asks for help, or gives it back, is excused: left out only as long as somebody else is reached.

What was reached is asked of the last round that was gone through since then; of the last resort each time is a round of its
own. A page that has been handed over, or that is still to be sent, counts; one that has failed already does not, although
it is tried again: nobody waits for it while there is somebody who can be reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from ..models import Attempt, Escalation, EscalationAnswer, EscalationEvent, Notification

Kind = EscalationEvent.Kind
State = Notification.State
_BEGINS = (Kind.STARTED, Kind.RESUMED)
_ASKS = (Kind.STEP, Kind.GIVEN, Kind.LAST_RESORT)


def nobody_else(escalations: Iterable[Escalation]) -> set[int]:
    """Those of these escalations that excuse somebody, and whose last round since then reached nobody else: whoever is
    excused counts again. Three queries, and none where nobody is excused."""
    excused = {each.pk: each for each in escalations if each.excused_id is not None}
    if not excused:
        return set()
    asked: dict[int, dict[int, list[int]]] = {pk: defaultdict(list) for pk in excused}
    told = EscalationEvent.objects.filter(escalation__in=excused, kind__in=(*_BEGINS, *_ASKS)).order_by("id")
    for event, pk, number, kind in told.values_list("id", "escalation", "round", "kind"):
        if kind in _BEGINS:
            asked[pk].clear()
        elif number < excused[pk].round:
            asked[pk][number].append(event)
    last = {pk: rounds[max(rounds)] for pk, rounds in asked.items() if rounds}
    failing = Q(state__in=(State.FAILED, State.CANCELLED)) | Q(state=State.WAITING, tries__gt=0)
    missed = Q(attempts__outcome=Attempt.Outcome.MISSED)  # a telephone that rang
    rows = Notification.objects.filter(event__in=[event for events in last.values() for event in events])
    reached = {*rows.filter(~failing | missed).order_by().values_list("escalation", "person")}
    reached |= {*EscalationAnswer.objects.filter(escalation__in=last).values_list("escalation", "person")}
    others = {pk for pk, person in reached if person != excused[pk].excused_id}  # type: ignore[index]
    return set(last) - others


def leaves_out(escalation: Escalation, event: EscalationEvent) -> bool:
    """Whether ``event`` is the first last resort since somebody was excused, and did not ask them."""
    if escalation.excused_id is None or event.people.filter(pk=escalation.excused_id).exists():
        return False
    before = escalation.events.filter(kind__in=(*_BEGINS, Kind.LAST_RESORT), id__lt=event.pk).order_by("-id")
    return before.values_list("kind", flat=True).first() != Kind.LAST_RESORT
