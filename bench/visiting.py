"""Every address that shows something, visited with query count, time and size. Imported where Django is set up.

The addresses come from the resolver and from the API's own description, so that none is forgotten; what stands in them is
a real row. What needs a row that the filling does not make is named as not visited.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from watchroom.accounts.models import Membership, Person
from watchroom.api.root import api as the_api
from web.asking import patterns

# What is no page: addresses of machines, of strangers, of the sign-in, and of keys that only a message holds.
OTHERS = re.compile(
    r"/(account|in|ping|phone|mail|chat|push|live|respond|calendar|page)\b|/api/v1/agents/|/system/impaired|.*\.csv"
)
# Whose row a number or short name in an address is: by what stands before it.
ROWS = {
    "people": "accounts.Person", "teams": "accounts.Team", "tokens": "accounts.ApiToken",
    "services": "catalog.Service", "schedules": "oncall.Schedule", "hand-offs": "oncall.Handoff",
    "policies": "paging.EscalationPolicy", "escalations": "paging.Escalation", "alerts": "intake.AlertGroup",
    "alert-groups": "intake.AlertGroup", "integrations": "intake.Integration", "silences": "intake.Silence",
    "maintenance": "intake.MaintenanceWindow", "maintenance-windows": "intake.MaintenanceWindow", "routes": "intake.Route",
    "heartbeats": "monitors.Heartbeat", "checks": "monitors.Check", "incidents": "incidents.Incident",
    "incident-types": "incidents.IncidentType", "incident-states": "incidents.IncidentState",
    "severities": "incidents.SeverityDefinition", "update-templates": "incidents.UpdateTemplate", "log": "incidents.LogEntry",
    "connections": "evidence.Connection", "indicators": "evidence.Indicator", "mitigations": "mitigations.Mitigation",
    "runbooks": "runbooks.Runbook", "versions": "", "status-pages": "status.StatusPage", "status": "status.StatusPage",
    "stakeholders": "status.StakeholderList", "stakeholder-lists": "status.StakeholderList", "subscribers": "status.Subscriber",
    "postmortems": "postmortems.Postmortem", "actions": "actions.ActionItem", "action-items": "actions.ActionItem",
    "limits": "accounts.Team", "weekly-list": "accounts.Team", "pay-rules": "accounts.Team", "crossings": "insights.Crossing",
    "webhooks": "outgoing.Webhook", "webhook-deliveries": "outgoing.Dispatch", "workflows": "workflows.Workflow",
    "scenarios": "drills.Scenario", "drills": "drills.Drill", "every": "accounts.Team",
}  # fmt: skip
# The same pages, narrowed.
NARROWED = (
    "/alerts?state=all&q=latency", "/alerts?state=all&q=nowhere", "/alerts?team=demo-booking", "/incidents?q=replication",
    "/incidents?q=nowhere", "/incidents?status=resolved&team=demo-booking", "/postmortems?q=cache", "/actions?show=overdue",
    "/insights/load?team=demo-booking", "/insights/pay?team=demo-booking", "/services?q=999", "/people?q=999", "/policies?q=999",
    "/schedules?q=999", "/audit?q=policy", "/palette.json?q=cart", "/silences?state=expired", "/runbooks?q=999",
    "/choices/people.json?q=99", "/choices/services.json?q=99", "/choices/targets.json?q=99", "/choices/called.json?q=99",
    "/choices/own-teams.json?q=99", "/choices/proposable.json?q=99", "/integrations?q=99", "/mitigations?q=99",
    "/alerts?state=all&team=demo-booking", "/alerts?state=all&who=me", "/incidents?service=demo-web-shop", "/postmortems?q=nowhere",
    "/postmortems?team=demo-booking", "/postmortems?state=published&team=team-9", "/actions?show=all", "/actions?show=done",
    "/audit?object=policy", "/audit?q=nowhere", "/palette.json?q=nowhere", "/insights/incidents?days=365",
)  # fmt: skip


@dataclass
class Visit:
    path: str
    who: str
    status: int
    queries: int
    ms: float
    kb: float
    worst: str

    @property
    def heavy(self) -> bool:
        """It fails, takes longer than 200 ms, asks more than 60 times, or is larger than 1 MB."""
        return self.status >= 500 or self.ms > 200 or self.queries > 60 or self.kb > 1024


def report() -> dict[str, Any]:
    """All visits in figures, and the heavy ones one by one, the slowest first."""
    visits = list(visit_all())
    heavy = sorted((each for each in visits if each.heavy), key=lambda each: -each.ms)
    times = [each.ms for each in visits]
    return {
        "visits": len(visits),
        "median": statistics.median(times),
        "p95": statistics.quantiles(times, n=100)[94],
        "left": addresses()[1],
        "heavy": [(each.path, each.who, each.status, each.queries, each.ms, each.kb) for each in heavy],
    }


def visit_all(only: str = "") -> Iterator[Visit]:
    """Visit all twice (the second time counts), as an administrator and as a member."""
    boss = Person.objects.get(email="bench@example.org")
    member = Person.objects.get(email="p7@example.net")
    assert Membership.objects.filter(person=member).exists()
    for path in [path for path in (*addresses()[0], *NARROWED) if re.search(only, path)]:
        for who, person in (("administrator", boss), ("member", member)):
            client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
            client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
            visited = _visit(client, path, who)
            if visited.status == 405 or (visited.status in (403, 404) and who == "member"):
                break
            yield _visit(client, path, who)


def _visit(client: Client, path: str, who: str) -> Visit:
    connection.queries_log.clear()
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as seen:
        try:
            answer: Any = client.get(path)
            status, body = answer.status_code, b"".join(answer) if answer.streaming else answer.content
        except Exception as error:  # it is part of the result
            status, body = 500, repr(error).encode()
    took = (time.perf_counter() - began) * 1000
    worst = max(seen.captured_queries, key=lambda each: float(each["time"]), default=None)
    said = f"{float(worst['time']) * 1000:.0f} ms: {worst['sql'][:400]}" if worst else ""
    return Visit(path, who, status, len(seen), took, len(body) / 1024, said)


def addresses() -> tuple[list[str], list[str]]:
    """All that can be visited, and all that would need a row that there is none of."""
    asked = [path for path in patterns() if not path.startswith("/api/")]
    operations = the_api.get_openapi_schema()["paths"].items()
    asked += [path for path, methods in operations if "get" in methods]
    filled = {pattern: _fill(pattern) for pattern in asked if not OTHERS.match(pattern)}
    return [path for path in filled.values() if path], [pattern for pattern, path in filled.items() if not path]


def _fill(pattern: str) -> str:
    """With a real row for each number and short name; empty where there is none."""
    done, rest = "", pattern
    while hole := re.search(r"<(?:(\w+):)?(\w+)>|\{(?:\w+:)?(\w+)\}", rest):
        done += rest[: hole.start()]
        kind = ROWS.get(done.rstrip("/").rsplit("/", 1)[-1], "")
        value = _value(kind) if kind else "1" if done.endswith("/versions/") else ""
        if not value:
            return ""
        done, rest = done + value, rest[hole.end() :]
    return done + rest


def _value(kind: str) -> str:
    manager: Any = apps.get_model(kind)._default_manager
    rows = manager.order_by("pk")
    row = rows.filter(slug__startswith="demo-").first() if hasattr(manager.model, "slug") else rows.last()
    if kind == "incidents.Incident":
        row = rows.filter(status="active", private=False).last() or rows.last()
    row = row or rows.last()
    if row is None:
        return ""
    return str(row.slug if hasattr(row, "slug") else row.pk)
