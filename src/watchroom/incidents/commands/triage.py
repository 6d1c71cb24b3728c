"""Triage: what waits for somebody's look before it counts as an incident, and what becomes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.commands import start_escalation, stop_escalation
from ...paging.models import Escalation
from ...paging.people import Roster
from .. import assembly
from ..models import Incident, IncidentLink, RoleName, Triage, TriageRule
from ._shared import acting_in, checked_text, follow, record_times, write_system
from .assembling import ask_missing
from .following import follow_by_rule
from .roles import give

URGENT = 2  # incidents of this severity, or worse, wake somebody for the triage


def save_triage_rules(by: Actor, of: Iterable[str]) -> list[str]:
    """Say what waits for triage: all that is declared by one of ``of``, and nothing else.

    :raises Refused: there is no such origin.
    """
    wanted = set(of)
    wrong = next(iter(sorted(wanted - set(TriageRule.By.values))), None)
    if wrong is not None:
        raise Refused(
            "There is no such origin.", field="of", value=wrong, fix=f"Use {', '.join(TriageRule.By.values)}."
        )
    with change(by, "triage.changed", needs=Action.ADMINISTER) as made:
        TriageRule.objects.exclude(of__in=wanted).delete()
        for each in sorted(wanted):
            TriageRule.objects.get_or_create(of=each)
        made.note(of=sorted(wanted))
    return sorted(wanted)


def add_triage_rule(by: Actor, of: str) -> None:
    """One more origin whose incidents wait."""
    save_triage_rules(by, {*_rules(), of})


def remove_triage_rule(by: Actor, row: TriageRule) -> None:
    """Incidents of this origin count at once."""
    save_triage_rules(by, _rules() - {row.of})


def _rules() -> set[str]:
    return set(TriageRule.objects.values_list("of", flat=True))


def waits(by: Actor, team: object, origins: Collection[str] = ()) -> bool:
    """Whether what ``by`` declares for ``team`` waits for triage, by the rules."""
    found = set(origins)
    if by.is_system:
        found.add(TriageRule.By.RULES)
    elif by.person is not None and not _may_respond(by, team):
        found.add(TriageRule.By.STRANGERS)
    return TriageRule.objects.filter(of__in=found).exists()


def _may_respond(by: Actor, team: object) -> bool:
    return by.may(Action.RESPOND, team) if team is not None else by.teams_where(Action.RESPOND).exists()  # type: ignore[arg-type]


def begin_triage(by: Actor, incident: Incident, at: datetime) -> None:
    """Have somebody look at it: whoever would lead it, else whoever is on call for its services, else the team's managers;
    at a private one only they, who may read it. Nobody is asked in yet. Inside the caller's transaction."""
    found: list[assembly.Candidate] = []
    if not incident.private:
        rotations = assembly.rotations_for(incident, RoleName.COMMANDER)
        found = assembly.first_asked(incident, RoleName.COMMANDER, rotations, at)
        found = found or assembly.owners_of(incident.services.select_related("policy").order_by("tier", "id"), at)[:1]
    people: list[Person] = [each.person for each in found] or Roster(at).last_resort(incident.team)
    write_system(
        incident,
        "incident.triage",
        f"It waits for triage: {', '.join(str(each) for each in people) or 'nobody'} is asked to look",
        {"people": [each.pk for each in people]},
        at,
        by=by,
    )
    if not people or incident.drill:
        return
    escalation = start_escalation(
        kind=Escalation.Kind.DIRECT,
        subject_id=None,
        title=f"Is it an incident? {incident}"[:300],
        body=f"{by.name} declared it as SEV{incident.severity}. Confirm it, decline it, or merge it into another one.",
        path=f"/incidents/{incident.pk}",
        team=incident.team,
        urgency="high" if incident.severity <= URGENT else "low",
        people=people,
    )
    escalation.subject_id = escalation.pk  # so that it can be answered like any other
    escalation.save(update_fields=["subject_id"])
    incident.triage_page = escalation.pk
    incident.save(update_fields=["triage_page"])


def confirm(by: Actor, incident: Incident) -> Incident:
    """It is an incident: from now on it counts, and who is needed is asked. Saying it twice is saying it once.

    :raises NotAllowed: only responders of its team decide, not whoever declared it.
    :raises Conflict: it was declined or merged.
    """
    _must_decide(by, incident)
    with acting_in(by, "incident.confirmed", incident) as (made, row):
        if row.triage == "":
            return row
        _must_wait(row)
        row.triage, row.guide_at = "", made.at
        row.save(update_fields=["triage", "guide_at"])
        _stop_page(by, row, "acknowledged")
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
    from .progress import end_declined

    reason = checked_text(reason, field="reason", what="The reason", most=300)
    _must_decide(by, incident)
    with acting_in(by, "incident.declined", incident) as (made, row):
        _must_wait(row)
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
    from .linking import link_incidents

    _must_decide(by, incident)
    with transaction.atomic():
        # As `link_incidents` locks them, and before it looks.
        rows = {row.pk: row for row in locked(Incident.objects.filter(pk__in=(incident.pk, other.pk)).order_by("id"))}
        _must_wait(rows[incident.pk])
        link = link_incidents(by, incident, other, IncidentLink.Kind.DUPLICATE)
        Incident.objects.filter(pk=incident.pk).update(triage=Triage.MERGED)
    incident.triage = Triage.MERGED
    return link


def end_triage(by: Actor, row: Incident) -> None:
    """Whatever ended the incident ended the question, too. Inside the caller's transaction, with the incident locked."""
    _stop_page(by, row, "resolved")


def _stop_page(by: Actor, row: Incident, end: str) -> None:
    if row.triage_page is not None:
        stop_escalation(Escalation.Kind.DIRECT, row.triage_page, end=end, by=by)


def may_decide(by: Actor, incident: Incident) -> bool:
    """Whether ``by`` may decide: a responder of its team, or, where no team owns it, of any. Not whoever declared it."""
    return by.is_system or _may_respond(by, incident.team)


def _must_decide(by: Actor, incident: Incident) -> None:
    if not may_decide(by, incident):
        by.require(Action.RESPOND, incident.team)


def may_reopen(by: Actor, row: Incident) -> str:
    """How it stands with triage when ``by`` reopens it: who may decide says by that, that it is an incident; for others the
    question is open again.

    :raises NotAllowed: it was declined, and ``by`` may not decide.
    """
    if row.triage in {"", Triage.MERGED} or may_decide(by, row):
        return ""
    if row.triage == Triage.DECLINED:
        _must_decide(by, row)
    return Triage.WAITING


def _must_wait(row: Incident) -> None:
    if row.triage != Triage.WAITING or not row.is_open:
        raise Conflict(
            f"Incident #{row.pk} does not wait for triage.",
            field="triage",
            value=row.triage or "confirmed",
            fix="Resolve it, or link it with the other one.",
        )
