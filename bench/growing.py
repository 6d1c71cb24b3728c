"""Years of a large company, put into an installation's database at once. Imported where Django is set up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, models

from watchroom.accounts.models import AuditRecord, Membership, Person, Team
from watchroom.actions.models import ActionEvent, ActionItem
from watchroom.catalog.models import Dependency, Service
from watchroom.drills.models import Scenario
from watchroom.evidence.models import Change, Connection, Indicator
from watchroom.incidents.models import Incident, IncidentType, KeyTime, LogEntry, RoleAssignment, Update, UpdateTemplate
from watchroom.insights.models import Crossing, TeamLimits
from watchroom.intake.models import Alert, AlertGroup, GroupEvent, Integration, MaintenanceWindow, Route, Silence
from watchroom.kernel import clock
from watchroom.mitigations.models import Mitigation, MitigationRun
from watchroom.monitors.models import Check, CheckResult, Heartbeat, Ping
from watchroom.oncall.models import Absence, Handoff, Override, Rotation, RotationMember, Schedule, Swap, WorkedShift
from watchroom.outgoing.models import Dispatch, Event, Webhook
from watchroom.paging.models import (
    ContactMethod,
    Escalation,
    EscalationPolicy,
    EscalationStep,
    Notification,
    NotificationRule,
    PagingDefect,
    StepTarget,
)
from watchroom.postmortems.models import Postmortem
from watchroom.readiness.models import Lack, ReadinessDay, Standing
from watchroom.runbooks.models import Runbook, RunbookVersion
from watchroom.status.models import Recipient, StakeholderList, StatusPage, Subscriber
from watchroom.workflows.models import Workflow, WorkflowRun

SPAN = 10_000_000  # what lies between the numbers of two copies of a row
HOURS = 9  # each copy is so much earlier than the one before

Kind = type[models.Model]
T = TypeVar("T", bound=models.Model)


def grow() -> dict[str, int]:
    """Fill it; the made-up company is in it already. Returns how many rows there are of what is large."""
    with connection.constraint_checks_disabled():
        _past()
        _breadth()
        _traffic()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")  # as it is at rest
    large: tuple[Kind, ...] = (
        Incident, LogEntry, Postmortem, ActionItem, AlertGroup, Notification, Schedule, EscalationPolicy, Service,
        Person, Team, Runbook, Silence, MaintenanceWindow, Integration, Dispatch, AuditRecord, WorkedShift,
    )  # fmt: skip
    return {str(kind._meta.verbose_name_plural): kind._default_manager.count() for kind in large}


def _past() -> None:
    """What the made-up company went through, again and again, each time some hours earlier."""
    entries = LogEntry.objects.values_list("incident").annotate(n=models.Count("id"))
    longest = entries.order_by("-n").values_list("incident", flat=True)[0]
    resolved = Incident.objects.filter(status="resolved").exclude(pk=longest)
    of_incidents = (KeyTime, RoleAssignment, LogEntry, MitigationRun, Update, Postmortem, ActionItem)
    rows: dict[Kind, models.QuerySet[Any]] = {Incident: resolved}
    rows |= {kind: kind._default_manager.filter(incident__in=resolved) for kind in of_incidents}
    rows[ActionEvent] = ActionEvent.objects.filter(action__incident__in=resolved)
    for link in (Incident.services.through, Incident.alert_groups.through):
        rows[link] = link._default_manager.filter(incident__in=resolved)
    _copy(rows, 850)
    over = AlertGroup.objects.filter(resolved_at__isnull=False)
    ended: dict[Kind, models.QuerySet[Any]] = {
        AlertGroup: over,
        Alert: Alert.objects.filter(group__in=over, ended_at__isnull=False),
        GroupEvent: GroupEvent.objects.filter(group__in=over),
        Escalation: Escalation.objects.filter(ended_at__isnull=False),
        Notification: Notification.objects.filter(ended_at__isnull=False),
    }
    _copy(ended, 17)


def _breadth() -> None:
    """Thousands of whatever people configure."""
    now = clock.now()
    ago, ahead = now - timedelta(days=30), now + timedelta(days=7)
    people = _make(Person, 5_000, lambda n: {"email": f"p{n}@example.net", "name": f"Person {n}", "role": 20})
    teams = _make(Team, 2_000, lambda n: _named("Team", n))
    _make(Membership, 5_000, lambda n: {"team": teams[n % 2_000], "person": people[n], "role": 20 + n % 2 * 10})
    _make(ContactMethod, 5_000, lambda n: {
        "person": people[n], "channel": "email", "label": "Mail", "settings": {"address": f"p{n}@example.net"},
        "handle": f"p{n}@example.net", "verified_at": ago,
    })  # fmt: skip
    methods = list(ContactMethod.objects.filter(person__in=people))
    _make(NotificationRule, 5_000, lambda n: {"person_id": methods[n].person_id, "contact_method": methods[n]})

    def of_team(n: int) -> Team:
        return teams[n % 2_000]

    schedules = _make(Schedule, 10_000, lambda n: {**_named("Schedule", n), "team": of_team(n), "timezone": "Europe/Berlin", "worked_to": now, "worked_due_at": ahead, "handoff_due_at": ahead, "handoff_seen_at": now})  # fmt: skip
    layers = _make(Rotation, 20_000, lambda n: {"schedule": schedules[n // 2], "name": f"Layer {n % 2}", "precedence": n % 2, "starts_at": "2026-01-05T09:00"})  # fmt: skip
    _make(RotationMember, 80_000, lambda n: {"rotation": layers[n // 4], "person": people[(n // 4 * 7 + n) % 5_000], "turn": n % 4})  # fmt: skip
    _make(Override, 10_000, lambda n: {"schedule": schedules[n], "person": people[n % 5_000], "starts_at": ahead, "ends_at": ahead + timedelta(hours=8)})  # fmt: skip
    _make(Swap, 1_000, lambda n: {"schedule": schedules[n], "starts_at": ahead, "ends_at": ahead + timedelta(days=1), "offered_by": people[n], "expires_at": ahead})  # fmt: skip
    _make(Absence, 10_000, lambda n: {"person": people[n % 5_000], "starts_at": ago, "ends_at": ago + timedelta(days=n % 60 + 1)})  # fmt: skip
    policies = _make(EscalationPolicy, 10_000, lambda n: {**_named("Policy", n), "team": of_team(n), "look_at": ahead})
    steps = _make(EscalationStep, 20_000, lambda n: {"policy": policies[n // 2], "position": n % 2})
    _make(StepTarget, 20_000, lambda n: {"step": steps[n]} | ({"person": people[n % 5_000]} if n % 2 else {"schedule": schedules[n // 2]}))  # fmt: skip
    services = _make(Service, 10_000, lambda n: {**_named("Service", n), "team": of_team(n), "policy": policies[n]})
    _make(Dependency, 29_991, lambda n: {"service": services[n // 3], "needs": services[n // 3 + n % 3 + 1]})  # fmt: skip
    _runbooks(teams, services)
    _make(Silence, 10_000, lambda n: {"team": of_team(n), "matchers": [f"service=service-{n}"], "comment": f"Silence {n}", "author_name": "Bench", "starts_at": ago, "ends_at": ago + timedelta(minutes=n)})  # fmt: skip
    _make(MaintenanceWindow, 500, lambda n: {"team": of_team(n), "title": f"Window {n}", "starts_at": ago if n % 2 else ahead, "ends_at": (ago if n % 2 else ahead) + timedelta(minutes=n + 60), "due_at": None if n % 2 else ahead})  # fmt: skip
    _make(Integration, 1_000, lambda n: {**_named("Integration", n), "team": of_team(n), "service": services[n], "source": "alertmanager", "key_hash": f"grown-{n}", "key_hint": "…"})  # fmt: skip
    root = Route.objects.filter(parent=None).first()
    _make(Route, 500, lambda n: {"parent": root, "position": n + 10, "name": f"Route {n}", "matchers": [f"team=team-{n}"], "service": services[n]})  # fmt: skip
    _make(Connection, 100, lambda n: {**_named("Connection", n), "team": of_team(n), "kind": "prometheus", "settings": {"url": "http://127.0.0.1:9"}})  # fmt: skip
    prometheus = Connection.objects.order_by("-id")[0]
    _make(Indicator, 5_000, lambda n: {"service": services[n], "connection": prometheus, "kind": "metric", "name": "Errors", "expression": "up"})  # fmt: skip
    _make(Heartbeat, 1_000, lambda n: {**_named("Heartbeat", n), "team": of_team(n), "key_hash": f"grown-{n}", "key_hint": "…", "key": f"k{n}", "due_at": ahead})  # fmt: skip
    _make(Check, 1_000, lambda n: {**_named("Check", n), "team": of_team(n), "kind": "http", "settings": {"url": "http://127.0.0.1:9"}, "due_at": ahead})  # fmt: skip
    _make(IncidentType, 200, lambda n: {**_named("Type", n), "team": of_team(n)})
    _make(UpdateTemplate, 500, lambda n: {**_named("Template", n), "team": of_team(n), "happening": "It is slow."})
    _make(Scenario, 500, lambda n: {**_named("Scenario", n), "team": of_team(n)})
    _make(Workflow, 300, lambda n: {**_named("Workflow", n), "team": of_team(n), "triggers": ["incident.declared"], "actions": [{"do": "log", "text": "Hello"}]})  # fmt: skip
    _make(StatusPage, 50, lambda n: {**_named("Page", n), "team": of_team(n)})
    page = StatusPage.objects.order_by("id")[0]
    _make(Subscriber, 20_000, lambda n: {"page": page, "kind": "email", "settings": {}, "fingerprint": f"grown-{n}", "hint": "p…@example.net", "state": "active"})  # fmt: skip
    lists = _make(StakeholderList, 300, lambda n: {**_named("List", n), "team": of_team(n)})
    _make(Recipient, 3_000, lambda n: {"list": lists[n // 10], "channel": "email", "settings": {}, "fingerprint": f"grown-{n}", "description": f"p{n}@example.net"})  # fmt: skip
    _make(TeamLimits, 2_000, lambda n: {"team": teams[n], "pages_per_shift": 5, "nights_per_week": 2, "hours_per_month": 250, "weeks_in_a_row": 2, "share_percent": 50, "due_at": ahead})  # fmt: skip
    _make(PagingDefect, 2_000, lambda n: {"kind": "ahead", "key": f"grown-{n}", "team": of_team(n), "policy": policies[n], "text": "Nobody is on call.", "path": "/policies", "first_at": ago, "last_at": now, "starts_at": ahead})  # fmt: skip
    _make(Standing, 2_000, lambda n: {"team": teams[n], "looked_at": now, "looked": 30, "fine": 20, "hurts": n % 5, "mends": 5, "nices": 5})  # fmt: skip
    _make(Lack, 20_000, lambda n: {"team": of_team(n), "service": services[n % 10_000] if n % 3 else None, "key": f"grown-{n}", "level": n % 3 + 1, "rank": n // 2_000, "text": f"Something is lacking ({n}).", "path": "/services", "first_at": ago})  # fmt: skip
    groups = _make(AlertGroup, 10_000, lambda n: {
        "group_key": f"grown-{n}", "group_labels": {"alertname": f"Open {n}"}, "service": services[n], "team": of_team(n),
        "policy": policies[n], "title": f"Open {n}", "rule": f"Open {n}", "severity": ("critical", "warning", "info")[n % 3],
        "firing": 2, "total": 2, "opened_at": now - timedelta(minutes=n), "last_alert_at": now - timedelta(seconds=n),
    })  # fmt: skip
    sender = Integration.objects.order_by("-id")[0]
    _make(Alert, 20_000, lambda n: {"integration": sender, "group": groups[n // 2], "dedup_key": f"grown-{n}", "title": f"Open {n}", "severity": "warning", "labels": {"instance": f"host-{n}"}, "starts_at": now, "first_seen_at": now, "last_seen_at": now})  # fmt: skip


def _runbooks(teams: Sequence[Team], services: Sequence[Service]) -> None:
    """Two thousand, each with steps, and mitigations that they run."""
    ways = _make(Mitigation, 2_000, lambda n: {**_named("Mitigation", n), "team": teams[n], "service": services[n], "how": "Fail over."})  # fmt: skip
    books = _make(Runbook, 2_000, lambda n: {**_named("Runbook", n), "team": teams[n], "version": 1, "matchers": [f"service=service-{n}"]})  # fmt: skip
    _make(RunbookVersion, 2_000, lambda n: {"runbook": books[n], "version": 1, "steps": [
        {"key": "look", "part": "confirm", "kind": "do", "title": "Look at it", "text": "Is it slow?"},
        {"key": "over", "part": "mitigate", "kind": "run", "title": "Fail over", "mitigation": ways[n].slug},
    ]})  # fmt: skip
    link = Runbook.services.through
    _make(link, 2_000, lambda n: {"runbook": books[n], "service": services[n]})


def _traffic() -> None:
    """What piles up by itself: rows are made, and then copied back over the time before."""
    now = clock.now()
    team, other = Team.objects.order_by("id")[:2]
    people = list(Person.objects.order_by("-id")[:1_000])
    incidents = list(Incident.objects.filter(pk__lt=SPAN).order_by("id")[:100])
    schedules = list(Schedule.objects.order_by("-id")[:10_000])
    services = list(Service.objects.order_by("-id")[:1_000])

    def at(n: int) -> dict[str, Any]:
        return {"at": now - timedelta(seconds=30 * n)}

    _make(AuditRecord, 1_000, lambda n: {**at(n), "action": ("policy.saved", "schedule.saved")[n % 2], "actor_kind": "person", "person": people[n], "actor_name": people[n].name, "team": other, "object_kind": "policy", "object_id": n, "object_name": f"Policy {n}"})  # fmt: skip
    _copy({AuditRecord: AuditRecord.objects.filter(pk__lt=SPAN)}, 1_000)
    hooks = _make(Webhook, 1_000, lambda n: {**_named("Hook", n), "team": team if n % 2 else None, "url": "https://example.org/", "secret": "s", "events": ["nothing.at.all"]})  # fmt: skip
    events = _make(Event, 1_000, lambda n: {**at(n), "type": "incident.declared", "actor_kind": "person", "actor_name": "Bench", "subject_kind": "incident", "subject_name": f"Incident {n}", "facts": {"severity": 2}})  # fmt: skip
    _make(Dispatch, 1_000, lambda n: {"event": events[n], "webhook": hooks[n % 10], "state": "failed" if n % 50 == 0 else "sent", "tried": 1, "created_at": now, "ended_at": now})  # fmt: skip
    _copy({Event: Event.objects.all(), Dispatch: Dispatch.objects.all()}, 1_000)
    _make(WorkedShift, 10_000, lambda n: {"schedule": schedules[n], "team_id": schedules[n].team_id, "name": schedules[n].name, "timezone": "Europe/Berlin", "person": people[n % 1_000], "starts_at": now - timedelta(hours=9), "ends_at": now, "why": "rotation", "written_at": now})  # fmt: skip
    _copy({WorkedShift: WorkedShift.objects.filter(pk__lt=SPAN)}, 50)
    _make(Handoff, 10_000, lambda n: {"schedule": schedules[n], "at": now - timedelta(hours=1), "since": now - timedelta(days=7), "written_at": now})  # fmt: skip
    _copy({Handoff: Handoff.objects.filter(pk__lt=SPAN)}, 10)
    _make(Change, 1_000, lambda n: {**at(n), "service": services[n], "title": f"Deploy {n}"})
    _copy({Change: Change.objects.filter(pk__lt=SPAN)}, 100)
    beats, checks = list(Heartbeat.objects.all()), list(Check.objects.all())
    _make(Ping, 1_000, lambda n: {**at(n), "heartbeat": beats[n % 10], "number": n, "kind": "success"})
    _make(CheckResult, 1_000, lambda n: {**at(n), "monitor": checks[n % 10], "ok": n % 9 > 0, "latency_ms": 20})
    _copy({CheckResult: CheckResult.objects.filter(pk__lt=SPAN)}, 300)
    flows = list(Workflow.objects.order_by("-id")[:300])
    _make(WorkflowRun, 1_000, lambda n: {**at(n), "workflow": flows[n % 10], "incident": incidents[n % 100], "event_key": uuid.uuid4(), "event_type": "incident.declared", "actions": [], "state": "done", "ended_at": now})  # fmt: skip
    _copy({WorkflowRun: WorkflowRun.objects.all()}, 100)
    _make(Crossing, 1_000, lambda n: {"team": (team, other)[n % 2], "person": people[n], "kind": "pages", "value": 9, "limit": 5, "since": now, "noticed_at": now, "text": "Nine pages in a shift.", "closed_at": now if n % 10 else None})  # fmt: skip
    teams = list(Team.objects.order_by("-id")[:2_000])
    _make(ReadinessDay, 60_000, lambda n: {"team": teams[n % 2_000], "day": (now - timedelta(days=n // 2_000 + 1)).date(), "looked": 30, "fine": 20, "hurts": 1})  # fmt: skip


def _named(word: str, n: int) -> dict[str, Any]:
    return {"name": f"{word} {n}", "slug": f"{word.lower()}-{n}"}


def _make(kind: type[T], count: int, of: Callable[[int], Mapping[str, Any]]) -> list[T]:
    return kind._default_manager.bulk_create((kind(**of(n)) for n in range(count)), batch_size=1_000)


def _copy(rows: Mapping[Kind, models.QuerySet[Any]], times: int) -> None:
    """Copy these rows so many times within the database; what refers to one another does so in each copy, too."""
    key = connection.ops.quote_name
    with connection.cursor() as cursor:
        for kind, found in rows.items():
            name = f"bench_{kind._meta.db_table}"
            cursor.execute(
                f"CREATE TEMPORARY TABLE {key(name)} AS SELECT * FROM {key(kind._meta.db_table)} WHERE 1 = 0"
            )
            sql, params = found.order_by().query.sql_with_params()
            columns = ", ".join(key(field.column) for field in kind._meta.concrete_fields)
            cursor.execute(f"INSERT INTO {key(name)} ({columns}) {sql}", params)
        for number in range(1, times + 1):
            for kind in rows:
                into = ", ".join(key(field.column) for field in kind._meta.concrete_fields)
                out = ", ".join(_copied(field, number, rows) for field in kind._meta.concrete_fields)
                table, source = kind._meta.db_table, f"bench_{kind._meta.db_table}"
                cursor.execute(f"INSERT INTO {key(table)} ({into}) SELECT {out} FROM {key(source)}")


def _copied(field: models.Field[Any, Any], number: int, rows: Mapping[Kind, object]) -> str:
    """What stands in a column of a copy."""
    column, sqlite = connection.ops.quote_name(field.column), connection.vendor == "sqlite"
    if field.primary_key or (field.is_relation and field.related_model in rows):
        return f"{column} + {number * SPAN}"
    if isinstance(field, models.DateTimeField) and sqlite:
        return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{number * HOURS} hours')"
    if isinstance(field, models.DateTimeField):
        return f"{column} - interval '{number * HOURS} hours'"
    if isinstance(field, models.UUIDField):
        return "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()"
    if field.name in ("dedup_key", "reason", "group_key"):
        return f"substr({column}, 1, 58) || '-{number}'"
    return column
