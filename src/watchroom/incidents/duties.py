"""What the engine does for incidents: reminds of the promised update, once per promise; guards against the traps."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from ..accounts.actors import SYSTEM
from ..accounts.models import Person
from ..kernel import clock
from ..kernel.db import claimable
from ..kernel.duty import Duty, one_by_one, soonest
from ..paging.commands import notify
from ..paging.wording import time_stamp
from .commands import forget_unused, look_at_one, pass_on_one, remind_of_update
from .commands.attaching import LEFT_ALONE
from .commands.automatic import declare_by_routes, to_be_decided
from .models import Attachment, Incident, RoleAssignment, RoleName

BATCH = 100


def _promised() -> QuerySet[Incident]:
    not_reminded = Q(reminded_at__isnull=True) | ~Q(reminded_at=F("next_update_at"))
    return (
        Incident.objects.filter(not_reminded, next_update_at__isnull=False)
        .exclude(status=Incident.Status.RESOLVED)
        .order_by("next_update_at", "id")
    )


def next_due() -> datetime | None:
    """When the next promised update is due."""
    return _promised().values_list("next_update_at", flat=True).first()


def responsible_for_updates(incident: Incident) -> Person | None:
    """The communications lead; without one the commander; without either whoever declared it."""
    holders = RoleAssignment.objects.filter(
        incident=incident, ended_at__isnull=True, person__is_active=True
    ).select_related("person")
    by_role = {each.role: each.person for each in holders}
    return by_role.get(RoleName.COMMUNICATIONS) or by_role.get(RoleName.COMMANDER) or incident.declared_by


def _remind_one() -> bool:
    with transaction.atomic():
        due = claimable(_promised().filter(next_update_at__lte=clock.now())).first()
        incident = remind_of_update(SYSTEM, due.pk) if due is not None else None
        if incident is None:
            return False
        promised, person = incident.next_update_at, responsible_for_updates(incident)
        if person is not None and promised is not None:
            notify(
                person,
                purpose="reminder",
                urgency="high",
                subject=f"Update due: {incident}",
                body=f"An update was promised for {time_stamp(promised)}. “No change, we are still on it” is news, too.",
                path=f"/incidents/{incident.pk}/updates",
                reason=f"update:{incident.pk}:{promised:%Y-%m-%dT%H:%M:%S}",
                drill=incident.drill,
            )
    return True


def next_unused() -> datetime | None:
    """When the next file has waited long enough for its entry."""
    oldest = soonest(Attachment, "at", entry__isnull=True)()
    return oldest + LEFT_ALONE if oldest else None


remind = one_by_one(_remind_one, BATCH)
next_look = soonest(Incident, "guide_at")
look = one_by_one(look_at_one, BATCH)
next_pass = soonest(RoleAssignment, "pass_at")
pass_on = one_by_one(pass_on_one, BATCH)


def next_decision() -> datetime | None:
    """When it is next to be decided whether a route declares an incident."""
    return to_be_decided().values_list("declare_at", flat=True).first()


duties = [
    Duty("incidents of routes", next_decision, lambda: declare_by_routes(BATCH)),
    Duty("promised updates", next_due, remind),
    Duty("roles without an answer", next_pass, pass_on),
    Duty("guidance", next_look, look),
    Duty("attachments without an entry", next_unused, forget_unused),
]
