"""Mitigations that an escalation policy proposes, and what happens when somebody approves one."""

from __future__ import annotations

from ..accounts.actors import Actor
from ..incidents.commands import declare
from ..incidents.models import Incident, RoleAssignment
from ..intake.models import AlertGroup
from ..kernel.db import locked
from ..kernel.errors import Conflict, NotFound
from ..paging.hooks import Proposal
from ..paging.models import Escalation
from ..paging.rules import Target
from .commands import start
from .commands.fingerprints import mark_of_proposal
from .models import Execution, Mitigation, MitigationRun
from .queries import plan_of, who_may


def describe(what: Target) -> Proposal | None:
    """The mitigation as a policy proposes it; None: it is not in the catalog."""
    row = Mitigation.objects.select_related("runner", "team").filter(slug=what.slug).first()
    if row is None:
        return None
    title = f"{row.name} ({row.get_risk_display().lower()} risk)"
    return Proposal(title, row.how, mark_of_proposal(row), where_of(row), row.risk, who_may(row), starts_at_once(row))


def where_of(mitigation: Mitigation) -> str:
    """What carries it out, and where; or that somebody does."""
    plan = plan_of(mitigation)
    if not plan:
        return "Somebody does it by hand." if mitigation.runner is None else f"Through {mitigation.runner}."
    second = " A second person approves it first." if mitigation.needs_approval else ""
    return f"Watchroom does it through {mitigation.runner}: {plan}{second}"


def starts_at_once(mitigation: Mitigation) -> bool:
    """Whether it is carried out as soon as somebody starts it: not by hand, and not after a second person."""
    return bool(plan_of(mitigation)) and not mitigation.needs_approval


def begun(run: MitigationRun) -> str:
    """In words, what starting it has led to."""
    waits = Execution.objects.filter(run=run, state=Execution.State.WAITING).exists()
    return f"{run.title} waits for a second person" if waits else f"{run.title} was started"


def start_approved(by: Actor, escalation: Escalation, what: Target, key: str) -> str:
    """Start it in the incident that is open for what is escalated; where there is none, one is declared, because a
    mitigation is carried out and judged in an incident. Once per ``key``, inside the caller's transaction.

    :raises NotFound: the mitigation, or what this was about, is gone.
    :raises Conflict: it is resolved.
    """
    mitigation = Mitigation.objects.filter(slug=what.slug).first()
    if mitigation is None:
        raise NotFound(f"There is no mitigation {what.slug!r} any more.", fix="Carry out another one in the incident.")
    incident = incident_of(by, escalation)
    return f"{begun(start(by, incident, mitigation=mitigation, client_key=key))} in incident {incident.pk}."


def hold(escalation: Escalation) -> None:
    """Lock the incident that is open for what is escalated, then the alerts: in the order in which all others do."""
    subject = escalation.subject_id or 0
    if escalation.kind == Escalation.Kind.ROLE:
        list(locked(Incident.objects.filter(roles=subject).order_by("id").only("id")))
    elif escalation.kind == Escalation.Kind.ALERT_GROUP:
        open_ones = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups=subject)
        list(locked(open_ones.order_by("id").only("id")))
        list(locked(AlertGroup.objects.filter(pk=subject).only("id")))


def incident_of(by: Actor, escalation: Escalation) -> Incident:
    """The incident that is open for what is escalated; one is declared where there is none. Inside the caller's
    transaction.

    :raises NotFound: what this was about is gone.
    :raises Conflict: it is resolved.
    """
    subject = escalation.subject_id or 0
    if escalation.kind == Escalation.Kind.ROLE:
        assignment = RoleAssignment.objects.select_related("incident").filter(pk=subject).first()
        if assignment is None:
            raise NotFound("What this was about has been deleted.")
        return assignment.incident
    group = locked(AlertGroup.objects.filter(pk=subject)).first()
    if escalation.kind != Escalation.Kind.ALERT_GROUP or group is None:
        raise NotFound("What this was about has been deleted.")
    if group.resolved_at:
        raise Conflict("The alert is resolved: nothing has to be done.", fix="Decline the proposal.")
    already = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups=group).first()
    return already or declare(
        by,
        title=escalation.title[:200],
        severity=None,
        team=escalation.team,
        alert_groups=[group],
        drill=escalation.drill,
    )
