"""The pages of a company that has used Watchroom for years: what is listed, searched and counted must stay instant."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request

from peers.server import Server

from .setting import fill, in_django
from .table import percentile, row

PAGES = (
    "/",
    "/alerts",
    "/alerts?state=all&q=latency",
    "/incidents",
    "/incidents?q=replication",
    "/incidents?status=resolved&team=demo-booking",
    "/incidents/{incident}",
    "/incidents/declare",
    "/postmortems",
    "/postmortems?q=cache",
    "/actions",
    "/actions?show=overdue",
    "/schedules",
    "/schedules/{schedule}",
    "/on-call/mine",
    "/services",
    "/people",
    "/policies",
    "/notifications",
    "/notifications/why",
    "/mitigations",
    "/insights",
    "/insights/load?team=demo-booking",
    "/insights/pay?team=demo-booking",
    "/status-pages",
    "/palette.json?q=cart",
    "/api/v1/incidents",
    "/api/v1/alert-groups",
    "/api/v1/on-call",
)


def grown() -> None:
    """100,000 incidents, a million log lines, 300,000 alert groups, 10,000 schedules. Large: only when it is named."""
    server = Server(start_timeout=180).start()
    session = fill(server)["session"]
    subprocess.run([sys.executable, "-m", "watchroom", "demo"], env=server.env, check=True, stdout=subprocess.DEVNULL)
    server.end()
    ids = in_django(server, _GROW, timeout=3600)
    row(
        "  incidents, log lines, alert groups, schedules",
        " / ".join(f"{ids[name]:,}" for name in ("n", "lines", "groups", "plans")),
    )
    server.start()
    for page in PAGES:
        path = page.format(**ids)
        took, status = [], 0
        for _ in range(15):
            request = urllib.request.Request(f"{server.url}{path}", headers={"Cookie": f"sessionid={session}"})
            began = time.perf_counter()
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    answer.read()
                    status = answer.status
            except urllib.error.HTTPError as refused:
                status = refused.code
            took.append((time.perf_counter() - began) * 1000)
            if sum(took) > 20_000:
                break
        late = percentile(took[2:], 95) if len(took) > 4 else max(took)
        row(
            f"page {page} of a grown company, p95" + ("" if status == 200 else f" (answered {status})"),
            f"{late:.0f} ms",
        )
    server.stop()


# The made-up company's past is copied again and again inside the database, each copy some hours earlier than the one before.
_GROW = """
from django.db import connection, models
from watchroom.accounts.models import Person, Team
from watchroom.actions.models import ActionEvent, ActionItem
from watchroom.catalog.models import Service
from watchroom.incidents.models import Incident, KeyTime, LogEntry, RoleAssignment, Update
from watchroom.intake.models import Alert, AlertGroup, GroupEvent
from watchroom.mitigations.models import MitigationRun
from watchroom.oncall.models import Rotation, RotationMember, Schedule
from watchroom.paging.models import Escalation, Notification
from watchroom.postmortems.models import Postmortem
SPAN = 10_000_000
def copies(kinds, times, where):
    "Copies the rows of these models so many times; references among them follow."
    with connection.cursor() as cursor:
        for number in range(1, times + 1):
            for kind in kinds:
                into, out = [], []
                for field in kind._meta.concrete_fields:
                    column = connection.ops.quote_name(field.column)
                    into.append(column)
                    if field.primary_key or (field.is_relation and field.related_model in kinds):
                        out.append(f"{column} + {number * SPAN}")
                    elif isinstance(field, models.DateTimeField):
                        out.append(f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{number * 9} hours')" if connection.vendor == "sqlite"
                                   else f"{column} - interval '{number * 9} hours'")
                    elif field.name in ("dedup_key", "reason", "group_key"):
                        out.append(f"{column} || '-{number}'")
                    else:
                        out.append(column)
                cursor.execute(f"INSERT INTO {kind._meta.db_table} ({', '.join(into)}) SELECT {', '.join(out)} FROM {kind._meta.db_table} WHERE id < {SPAN} AND {where[kind]}")
long_one = LogEntry.objects.values_list("incident").annotate(n=models.Count("id")).order_by("-n")[0][0]
ours = f"incident_id <> {long_one} AND incident_id < {SPAN} AND incident_id IN (SELECT id FROM incidents_incident WHERE id < {SPAN} AND status = 'resolved')"
with connection.constraint_checks_disabled():
    copies((Incident, KeyTime, RoleAssignment, LogEntry, MitigationRun, Update, Postmortem, ActionItem, ActionEvent), 850, {
        Incident: f"id <> {long_one} AND status = 'resolved'", KeyTime: ours, RoleAssignment: ours, LogEntry: ours, MitigationRun: ours, Update: ours,
        Postmortem: ours, ActionItem: ours, ActionEvent: f"action_id IN (SELECT id FROM actions_actionitem WHERE id < {SPAN} AND {ours})"})
    over = f"group_id IN (SELECT id FROM intake_alertgroup WHERE id < {SPAN} AND resolved_at IS NOT NULL)"
    copies((AlertGroup, Alert, GroupEvent, Escalation, Notification), 50, {
        AlertGroup: "resolved_at IS NOT NULL", Alert: over + " AND ended_at IS NOT NULL", GroupEvent: over, Escalation: "ended_at IS NOT NULL",
        Notification: "ended_at IS NOT NULL"})
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
people = Person.objects.bulk_create([Person(email=f"p{n}@example.net", name=f"Person {n}", role=20, password="!") for n in range(2000)])
teams = Team.objects.bulk_create([Team(name=f"Team {n}", slug=f"team-{n}") for n in range(200)])
Service.objects.bulk_create([Service(team=teams[n % 200], name=f"Service {n}", slug=f"service-{n}") for n in range(2000)])
plans = Schedule.objects.bulk_create([Schedule(team=teams[n % 200], name=f"Schedule {n}", slug=f"schedule-{n}", timezone="Europe/Berlin") for n in range(10000)], batch_size=1000)
layers = Rotation.objects.bulk_create([Rotation(schedule=plan, name=f"Layer {n}", precedence=n, starts_at="2026-01-05T09:00") for plan in plans for n in range(2)], batch_size=1000)
RotationMember.objects.bulk_create([RotationMember(rotation=layer, person=people[(number * 7 + turn) % 2000], turn=turn) for number, layer in enumerate(layers) for turn in range(4)], batch_size=2000)
print(json.dumps({"n": Incident.objects.count(), "lines": LogEntry.objects.count(), "groups": AlertGroup.objects.count(), "plans": Schedule.objects.count(),
                  "incident": Incident.objects.order_by("-id").first().pk, "schedule": plans[0].slug}))
"""
