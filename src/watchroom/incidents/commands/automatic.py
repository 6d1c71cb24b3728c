"""Incidents that are declared by themselves: by a step of an escalation policy, or by the rule of a route."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import QuerySet

from ...accounts.actors import SYSTEM
from ...intake.models import AlertGroup, GroupEvent, Route
from ...intake.routing import tree
from ...intake.rules import Declares, outcomes_by_route
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, locked
from ...kernel.errors import Refused, WatchroomError
from ...paging.models import Escalation
from ..models import Incident, IncidentLink, IncidentType
from ..rules import custom_fields
from .declaring import Reason, declare, link_groups

log = logging.getLogger(__name__)
AGAIN_AFTER = timedelta(minutes=1)


def declare_for(escalation: Escalation, severity: int) -> str:
    """Declare an incident for what is escalated, or name the one that is open already: a policy that starts again, or
    two at once, make one incident. Inside the caller's transaction. Severity 0: as the alerts say.

    :raises Refused: it is not about alerts.
    """
    rows = AlertGroup.objects.filter(pk=escalation.subject_id or 0)
    group = locked(rows).first() if escalation.kind == Escalation.Kind.ALERT_GROUP else None
    if group is None:
        raise Refused("Only alerts become an incident by themselves.", fix="Declare one by hand.")
    already = _open().filter(alert_groups=group).first()
    if already is not None:
        return f"Incident {already.pk} is open for it already."
    incident = declare(
        SYSTEM,
        title=escalation.title[:200],
        severity=severity or None,
        team=escalation.team,
        alert_groups=[group],
        drill=escalation.drill,
    )
    return f"Incident {incident.pk} declared (SEV{incident.severity})."


def _open() -> QuerySet[Incident]:
    return Incident.objects.exclude(status=Incident.Status.RESOLVED)


# --- By the rule of a route ------------------------------------------------------------------------------------------


def to_be_decided() -> QuerySet[AlertGroup]:
    """The groups of which it is to be decided whether their route declares an incident, in order."""
    rows = AlertGroup.objects.filter(declare_at__isnull=False, held__isnull=True, resolved_at__isnull=True)
    return rows.order_by("declare_at", "id")


def declare_by_routes(most: int) -> int:
    """Do what the routes say of the groups whose time has come, each in a transaction of its own."""
    due = list(to_be_decided().filter(declare_at__lte=clock.now()).values_list("pk", flat=True)[:most])
    for pk in due:
        try:
            _decide(pk)
        except _Changed:
            continue  # somebody was faster, and what it is now is seen at the next look
        except OperationalError:
            raise  # the database is busy or away: it is still due
        except Exception as error:
            if not isinstance(error, WatchroomError):
                log.exception("The route of alert group %s could not declare an incident", pk)
            _failed(pk, str(error), again=not isinstance(error, WatchroomError))
    return len(due)


class _Changed(Exception):
    """The group has changed while its incident was being declared: take it back."""


@retried
def _decide(pk: int) -> None:
    with transaction.atomic():
        seen = AlertGroup.objects.filter(pk=pk).values_list("route_id", flat=True).first()
        # One at a time for each route, so that two groups that begin together find each other's incident. Alerts may come
        # in meanwhile: their groups only name the route.
        route = locked(Route.objects.filter(pk=seen or 0), no_key=True).first()
        group = to_be_decided().select_related("service", "team").filter(pk=pk).first()
        if group is None:
            return
        rule = _rule_of(group)
        at = None
        if rule is not None and not _had_one(group):
            at = rule.due(
                severity=group.severity,
                since=group.unattended_since or group.opened_at,
                notify_at=group.notify_at,
                acknowledged=group.acknowledged_at is not None,
            )
        if at is not None and at <= clock.now() and rule is not None and route is not None:
            said, at = _carry_out(group, rule, route), None
            GroupEvent.objects.create(group=group, at=clock.now(), kind=GroupEvent.Kind.DECLARED, text=said)
            announce({f"group:{pk}", f"alert_group:{pk}", "alert-groups"})
        as_seen = to_be_decided().filter(pk=pk, declare_at=group.declare_at, acknowledged_at=group.acknowledged_at)
        if not as_seen.update(declare_at=at):
            raise _Changed


def _rule_of(group: AlertGroup) -> Declares | None:
    outcome = None if group.drill else outcomes_by_route(tree()).get(group.route_id or 0)
    return outcome.declares if outcome is not None else None


def _had_one(group: AlertGroup) -> bool:
    """One group, one incident: also when that is over, or when somebody has said that the group is none of it."""
    by_rule = group.events.filter(kind=GroupEvent.Kind.DECLARED)
    return Incident.objects.filter(alert_groups=group).exists() or by_rule.exists()


def _carry_out(group: AlertGroup, rule: Declares, route: Route) -> str:
    """Link ``group`` to the incident that the route has declared for the same service, or declare one. Says which."""
    reason = Reason(f"by the rule of the route “{route}”: when {rule.when()}", route)
    other = None if rule.each else _open_one(group, route)
    if other is not None:
        link_groups(SYSTEM, other, [group], reason=reason)
        return f"linked to incident {other.pk}, which is open for this route and service"
    type, lost = _type(rule)
    incident = declare(
        SYSTEM,
        title=group.title[:200],
        severity=rule.severity or None,
        team=group.team,
        alert_groups=[group],
        private=rule.private,
        triage=rule.triage,
        type=type,
        reason=reason,
    )
    waits = ", waits for triage" if incident.triage else ""
    return f"incident {incident.pk} declared (SEV{incident.severity}{waits}){lost}"


def _open_one(group: AlertGroup, route: Route) -> Incident | None:
    """The open incident that this route has declared for the same service and team, or into which it was merged; locked."""
    there = {"alert_groups__service": group.service_id, "alert_groups__team": group.team_id}
    if group.service_id is None:
        there = {"alert_groups__service__isnull": True, "alert_groups__team": group.team_id}
    merged = IncidentLink.objects.filter(kind=IncidentLink.Kind.DUPLICATE, incident__route=route)
    for found in (_open().filter(route=route, drill=False), _open().filter(pk__in=merged.values("other"), drill=False)):
        pk = found.filter(**there).order_by("-id").values_list("pk", flat=True).first()
        row = locked(_open().filter(pk=pk)).first() if pk is not None else None
        if row is not None:
            return row
    return None


def _type(rule: Declares) -> tuple[IncidentType | None, str]:
    """The type that the rule names, and what is to be said where an incident can't begin as one of it any more."""
    if not rule.type:
        return None, ""
    row = IncidentType.objects.filter(slug=rule.type).first()
    problem = problem_of_type(row)
    return (None, f"; not of the type {rule.type}: {problem}") if problem else (row, "")


def problem_of_type(row: IncidentType | None) -> str:
    """Why no incident can be declared by itself as one of this type; empty: it can."""
    if row is None:
        return "there is no such type"
    if not row.offered:
        return "it is no longer offered"
    lacks = custom_fields.missing(custom_fields.read(row.fields), {}, "declared")
    return f"it wants “{lacks.label}” said when it is declared" if lacks is not None else ""


def _failed(pk: int, error: str, *, again: bool) -> None:
    """Say so where the group is seen, once; what may pass is tried again."""
    with transaction.atomic():
        text = f"no incident could be declared: {error}"[:1000]
        now = clock.now()
        told = GroupEvent.objects.filter(group=pk, kind=GroupEvent.Kind.NOTE, text=text).exists()
        if (
            AlertGroup.objects.filter(pk=pk, declare_at__isnull=False).update(
                declare_at=now + AGAIN_AFTER if again else None
            )
            and not told
        ):
            GroupEvent.objects.create(group_id=pk, at=now, kind=GroupEvent.Kind.NOTE, text=text)
            announce({f"group:{pk}", f"alert_group:{pk}"})
