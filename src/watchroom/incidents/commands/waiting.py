"""What waits for triage: by which rules, who is asked to look, and who may decide. What becomes of it: :mod:`.triage`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.errors import Conflict, Refused
from ...paging.commands import start_escalation, stop_escalation
from ...paging.models import Escalation
from ...paging.people import Roster
from .. import assembly
from ..models import Incident, RoleName, Triage, TriageRule
from ..severities import severity_of
from ._shared import write_system


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
        urgency="high" if severity_of(incident.severity).urgent else "low",
        people=people,
    )
    escalation.subject_id = escalation.pk  # so that it can be answered like any other
    escalation.save(update_fields=["subject_id"])
    incident.triage_page = escalation.pk
    incident.save(update_fields=["triage_page"])


def end_triage(by: Actor, row: Incident) -> None:
    """Whatever ended the incident ended the question, too. Inside the caller's transaction, with the incident locked."""
    stop_page(by, row, "resolved")


def stop_page(by: Actor, row: Incident, end: str) -> None:
    """Page nobody any more for the question whether it is an incident."""
    if row.triage_page is not None:
        stop_escalation(Escalation.Kind.DIRECT, row.triage_page, end=end, by=by)


def may_decide(by: Actor, incident: Incident) -> bool:
    """Whether ``by`` may decide: a responder of its team, or, where no team owns it, of any. Not whoever declared it."""
    return by.is_system or _may_respond(by, incident.team)


def must_decide(by: Actor, incident: Incident) -> None:
    """:raises NotAllowed: ``by`` may not say whether it is an incident."""
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
        must_decide(by, row)
    return Triage.WAITING


def must_wait(row: Incident) -> None:
    """:raises Conflict: nobody waits to hear whether it is an incident."""
    if row.triage != Triage.WAITING or not row.is_open:
        raise Conflict(
            f"Incident #{row.pk} does not wait for triage.",
            field="triage",
            value=row.triage or "confirmed",
            fix="Resolve it, or link it with the other one.",
        )
