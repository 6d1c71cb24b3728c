"""What becomes of what waits for triage: it is an incident, is none, or is another one's."""

from __future__ import annotations

from django.db import transaction

from ...accounts.actors import Actor
from ...kernel.again import retried
from ...kernel.db import locked
from ..models import Incident, IncidentLink, RoleName, Triage
from ._shared import acting_in, checked_text, follow, record_times, write_system
from .assembling import ask_missing
from .following import follow_by_rule
from .linking import link_incidents
from .progress import end_declined
from .roles import give
from .waiting import must_decide, must_wait, stop_page


def confirm(by: Actor, incident: Incident) -> Incident:
    """It is an incident: from now on it counts, and who is needed is asked. Saying it twice is saying it once.

    :raises NotAllowed: only responders of its team decide, not whoever declared it.
    :raises Conflict: it was declined or merged.
    """
    must_decide(by, incident)
    with acting_in(by, "incident.confirmed", incident) as (made, row):
        if row.triage == "":
            return row
        must_wait(row)
        row.triage, row.guide_at = "", made.at
        row.save(update_fields=["triage", "guide_at"])
        stop_page(by, row, "acknowledged")
        made.due()
        follow_by_rule(row, made.at)
        write_system(row, "incident.confirmed", f"{by.name} confirmed that it is an incident", {}, made.at, by=by)
        leads = row.roles.filter(role=RoleName.COMMANDER, ended_at__isnull=True).exists()
        if not leads and not ask_missing(by, row, made.at, only={RoleName.COMMANDER}) and by.person is not None:
            give(by, row, RoleName.COMMANDER, by.person, made.at)
        ask_missing(by, row, made.at)
        record_times(row)
        follow(incident, row, "triage")
    return row


def decline(by: Actor, incident: Incident, reason: str) -> Incident:
    """It is none. It ends, never counts, and stays readable with the reason.

    :raises Refused: no reason.
    :raises NotAllowed: only responders of its team decide.
    :raises Conflict: it does not wait for triage.
    """
    reason = checked_text(reason, field="reason", what="The reason", most=300)
    must_decide(by, incident)
    with acting_in(by, "incident.declined", incident) as (made, row):
        must_wait(row)
        row.triage = Triage.DECLINED
        row.save(update_fields=["triage"])
        made.note(reason=reason)
        write_system(row, "incident.declined", f"{by.name} declined it: {reason}", {"reason": reason}, made.at, by=by)
        end_declined(by, row, made.at)
        follow(incident, row, "triage", "status")
    return row


@retried
def merge(by: Actor, incident: Incident, other: Incident) -> IncidentLink:
    """It is another incident's. See :func:`link_incidents`; it never counts.

    :raises NotAllowed: only responders of its team decide.
    :raises Conflict: it does not wait for triage.
    """
    must_decide(by, incident)
    with transaction.atomic():
        # As `link_incidents` locks them, and before it looks.
        rows = {row.pk: row for row in locked(Incident.objects.filter(pk__in=(incident.pk, other.pk)).order_by("id"))}
        must_wait(rows[incident.pk])
        link = link_incidents(by, incident, other, IncidentLink.Kind.DUPLICATE)
        Incident.objects.filter(pk=incident.pk).update(triage=Triage.MERGED)
    incident.triage = Triage.MERGED
    return link
