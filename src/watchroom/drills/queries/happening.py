"""What happens in a drill: its alerts, incidents and pages, and what real work there is meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from ...incidents.models import Incident, RoleAssignment
from ...intake.models import Alert, AlertGroup, Practises
from ...kernel import clock
from ...paging.models import Escalation, Notification
from ..models import Drill
from .drills import ON


def groups_of(drill: Drill) -> QuerySet[AlertGroup]:
    """The alert groups of a drill: what its team's integration for scenarios sent while it was on."""
    if drill.started_at is None:
        return AlertGroup.objects.none()
    alerts = Alert.objects.filter(
        integration__team=drill.team_id,
        integration__practises=Practises.SCENARIOS,
        first_seen_at__gte=drill.started_at,
    )
    if drill.ended_at is not None:
        alerts = alerts.filter(first_seen_at__lte=drill.ended_at)
    return AlertGroup.objects.filter(drill=True, pk__in=alerts.values("group"))


def incident_of(drill: Drill) -> Incident | None:
    """Its incident: the first drill of its team, or of its alerts, that was declared while it was on."""
    if drill.incident_id is not None or drill.started_at is None or not drill.is_on:
        return drill.incident
    rows = Incident.objects.filter(drill=True, test=False, declared_at__gte=drill.started_at)
    groups = list(groups_of(drill).values_list("pk", flat=True))
    return rows.filter(Q(team=drill.team_id) | Q(alert_groups__in=groups)).order_by("id").first()


def incidents_of(drill: Drill) -> QuerySet[Incident]:
    """Every incident that was practised while it was on: of its team, of its alerts, or of those who take part; not one of
    another team's drill that is on as well."""
    if drill.started_at is None:
        return Incident.objects.none()
    others = Drill.objects.filter(state__in=ON).exclude(pk=drill.pk)
    people = [*drill.participants.values_list("pk", flat=True), drill.facilitator_id]
    ours = Q(team=drill.team_id) | Q(alert_groups__in=list(groups_of(drill).values_list("pk", flat=True)))
    theirs = Q(declared_by__in=people) | Q(roles__person__in=people)
    theirs &= ~Q(pk__in=others.values("incident")) & (Q(team=None) | ~Q(team__in=others.values("team")))
    rows = Incident.objects.filter(drill=True, test=False, declared_at__gte=drill.started_at)
    found = rows.filter(ours | theirs).order_by().values_list("pk", flat=True)
    return Incident.objects.filter(pk__in=set(found) | ({drill.incident_id} - {None})).order_by("pk")


def on_with(incident: Incident) -> Drill | None:
    """The drill that is on and to which ``incident`` belongs; None: there is none. Some statements for each that is on."""
    rows = Drill.objects.filter(state__in=ON).order_by("id")
    return next((row for row in rows if incidents_of(row).filter(pk=incident.pk).exists()), None)


def pages_of(drill: Drill) -> QuerySet[Escalation]:
    """What pages for a drill now: for its alerts, for roles of its incidents, and directly about those."""
    return _pages_about(drill).filter(ended_at__isnull=True)


def held_pages_of(drill: Drill, since: datetime) -> QuerySet[Escalation]:
    """What its pause, which began then, holds back; not what somebody has taken or put off meanwhile."""
    latest = Escalation.objects.filter(kind=OuterRef("kind"), subject_id=OuterRef("subject_id")).order_by("-id")
    taken = groups_of(drill).exclude(acknowledged_at=None).values("pk")
    done = RoleAssignment.objects.filter(Q(accepted_at__isnull=False) | Q(ended_at__isnull=False)).values("pk")
    rows = _pages_about(drill).filter(end=Escalation.End.SNOOZED, ended_at__gte=since)
    rows = rows.filter(pk=Subquery(latest.values("pk")[:1]))
    return rows.exclude(kind="alert_group", subject_id__in=taken).exclude(kind="role", subject_id__in=done)


def _pages_about(drill: Drill) -> QuerySet[Escalation]:
    incidents = list(incidents_of(drill).values_list("pk", flat=True))
    roles = list(RoleAssignment.objects.filter(incident__in=incidents).values_list("pk", flat=True))
    groups = list(groups_of(drill).filter(resolved_at__isnull=True).values_list("pk", flat=True))
    kinds = Escalation.Kind
    paths = [*(f"/incidents/{pk}" for pk in incidents), *(f"/alerts/{pk}" for pk in groups)]
    return Escalation.objects.filter(
        Q(kind=kinds.ALERT_GROUP, subject_id__in=groups)
        | Q(kind=kinds.ROLE, subject_id__in=roles)
        | Q(kind=kinds.DIRECT, drill=True, path__in=paths)
    )


def real_work(drill: Drill) -> str:
    """Why it has to end for real work; empty: there is none. Whoever its alerts have paged counts like those who take part.
    Three statements."""
    started = drill.started_at or clock.now()
    worst = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(
        team=drill.team_id, drill=False, severity__lte=2, triage=""
    )
    found = worst.order_by("severity", "id").first()
    if found is not None:
        return f"A real SEV{found.severity} of {drill.team} is open: #{found.pk}"
    people = {*drill.participants.values_list("pk", flat=True), *_paged_by(drill)}
    paged = paged_for_real(people, started)
    return f"{paged} was paged for something real" if paged else ""


def _paged_by(drill: Drill) -> QuerySet[Notification, int]:
    """Whom its alerts have paged."""
    pages = Notification.objects.filter(
        escalation__kind="alert_group",
        escalation__subject_id__in=groups_of(drill).values("pk"),
        created_at__gte=drill.started_at or clock.now(),
        purpose="page",
    )
    return pages.order_by().values_list("person", flat=True).distinct()


def paged_for_real(people: Iterable[int], since: datetime) -> str:
    """The name of one of ``people`` who was paged for something real since then."""
    rows = Notification.objects.filter(
        person__in=list(people), created_at__gte=since, drill=False, urgency="high", purpose__in=("page", "role")
    )
    found = rows.select_related("person").order_by("id").first()
    return str(found.person) if found else ""
