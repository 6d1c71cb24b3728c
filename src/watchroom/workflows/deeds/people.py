"""Paging people, and filling roles."""

from __future__ import annotations

from ...accounts.models import Person, Team
from ...incidents.commands import assign_role
from ...incidents.models import RoleAssignment, RoleName
from ...kernel import clock
from ...kernel.checks import chosen
from ...kernel.errors import Conflict, Refused
from ...oncall.models import Schedule
from ...oncall.queries import who
from ...paging.commands import start_escalation
from ...paging.models import Escalation, EscalationPolicy
from .deed import Action, Deed, Doing, one_of, rows_of


def _whom(action: Action) -> tuple[list[Person], list[Team], list[EscalationPolicy]]:
    people = rows_of(Person, "people", action.get("people"), by="email")
    teams = rows_of(Team, "teams", action.get("teams"))
    policies = rows_of(EscalationPolicy, "policy", action.get("policy"))
    if not people and not teams and not policies:
        raise Refused("Nobody to page.", field="people", value=[], fix="Name people, teams or a policy.")
    return people, teams, policies


def _page(doing: Doing, action: Action) -> str:
    people, teams, policies = _whom(action)
    words, incident = doing.words, doing.incident
    title = words.into(str(action.get("text") or "") or "{severity} {title}")
    body, path = f"{doing.by.name} asks for you.", f"/incidents/{incident.pk}"
    asked: list[EscalationPolicy | None] = [None] if people or teams else []
    for policy in [*asked, *policies]:
        escalation = start_escalation(
            kind=Escalation.Kind.DIRECT,
            subject_id=None,
            title=title[:300],
            body=body,
            path=path,
            team=incident.team,
            policy=policy,
            people=() if policy else people,
            teams=() if policy else teams,
            drill=incident.drill,
        )
        escalation.subject_id = escalation.pk  # so that it can be answered like any other
        escalation.save(update_fields=["subject_id"])
    return "paged " + ", ".join(str(each) for each in (*people, *teams, *policies))


def _page_said(action: Action) -> str:
    return "page " + ", ".join(str(each) for part in _whom(action) for each in part)


def _role_of(action: Action) -> str:
    role = str(action.get("role") or "")
    chosen(role, RoleName.values, "role", field="role")
    if bool(action.get("schedule")) == bool(action.get("person")):
        raise Refused("It is not said who.", field="schedule", value="", fix="Name a schedule, or a person.")
    return role


def _role_from(action: Action) -> Schedule | Person:
    _role_of(action)
    found: Schedule | Person = (
        one_of(Schedule, action, "schedule") if action.get("schedule") else one_of(Person, action, "person", by="email")
    )
    return found


def _role(doing: Doing, action: Action) -> str:
    role, source = RoleName(_role_of(action)), _role_from(action)
    taken = RoleAssignment.objects.filter(incident=doing.incident, role=role, ended_at__isnull=True).first()
    declarer = doing.incident.declared_by_id
    if taken is not None and (taken.accepted_at is None or taken.person_id != declarer):
        return f"{taken.person} is {role.label.lower()} already"
    people = who(source, clock.now()) if isinstance(source, Schedule) else [source]
    if not people:
        raise Conflict(f"Nobody is on call in {source}.", field="schedule", value=str(source))
    assign_role(doing.by, doing.incident, role, people[0])
    return f"asked {people[0]} to be {role.label.lower()}"


PAGE = Deed(
    "Page",
    {"people": "E-mail addresses.", "teams": "Slugs.", "policy": "Slug.", "text": "Left out: severity and title."},
    _whom,
    _page_said,
    _page,
)

ROLE = Deed(
    "Fill a role",
    {"role": "commander, …", "schedule": "Slug: whoever is on call.", "person": "Or an e-mail address."},
    _role_from,
    lambda action: (
        f"ask whoever is on call in {action['schedule']} to be {action['role']}"
        if action.get("schedule")
        else f"ask {action['person']} to be {action['role']}"
    ),
    _role,
)
