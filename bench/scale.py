"""What stays cheap when there is much of it: active alerts, stored signals, escalations."""

from __future__ import annotations

import os
import sys
import time
import urllib.request

from peers.http import Answer, HttpPeer, Request
from peers.programs import Program
from peers.server import Server

from .load import post_alerts
from .setting import cpu_seconds, fill, in_django, memory_mb, unread
from .table import percentile, row


def active_alerts(count: int = 100_000) -> None:
    """The list and the counts with so many alerts firing, and the memory of all processes."""
    server = Server(start_timeout=180).start()
    filled = fill(server)
    in_django(server, _ALERTS, str(count))
    path = f"/in/{filled['key']}/api/v2/alerts"
    post_alerts(server.url, path, batch=64, seconds=3, connections=4, distinct=1000)  # every process has had work to do
    until = time.monotonic() + 60
    while unread(server) and time.monotonic() < until:
        time.sleep(0.2)
    for page in ("/", "/alerts", "/api/v1/system"):
        took = []
        for _ in range(40):
            headers = {"Cookie": f"sessionid={filled['session']}"}
            began = time.perf_counter()
            urllib.request.urlopen(urllib.request.Request(f"{server.url}{page}", headers=headers), timeout=30).read()
            took.append((time.perf_counter() - began) * 1000)
        row(f"{page} with {count:,} active alerts, p95", f"{percentile(took[5:], 95):.0f} ms")
    row(f"memory of all processes with {count:,} active alerts", f"{memory_mb(server):.0f} MB")
    server.stop()


def signals() -> None:
    """Storing, reading and forgetting with more and more signals stored. Large: only when it is named."""
    most = int(os.environ.get("BENCH_SIGNALS", "10000000"))
    server = Server(start_timeout=180).start()
    fill(server)
    server.end()
    for stored in (10_000, 1_000_000, 10_000_000):
        if stored > most:
            continue
        for what, cost in in_django(server, _SIGNALS, str(stored), timeout=7200).items():
            row(f"{what}, {stored:,} stored", cost)
    server.stop()


def escalations(count: int = 10_000) -> None:
    """So many due in the same second, two engines. Large: only when it is named."""
    handed_over: set[int] = set()

    def note(request: Request) -> Answer:
        facts = request.json()["facts"]
        handed_over.update(
            facts.get("bundle") or [facts["notification"]]
        )  # several that went as one message count each
        return Answer()

    hook = HttpPeer().start()
    hook.otherwise = note
    server = Server(
        database_url=os.environ.get("DATABASE_URL", ""), start_timeout=180, WATCHROOM_SEND_THREADS="16"
    ).start()
    fill(server, f"{hook.url}/page", people=500)
    server.end()
    in_django(server, _ESCALATIONS, str(count), "0")
    engines = [
        Program([sys.executable, "-m", "watchroom", "engine"], log=server.home / f"e{n}.log", env=server.env)
        for n in (1, 2)
    ]
    due_at = in_django(server, _DUE_NOW, "8")["due_at"]
    until = due_at + 300
    while len(handed_over) < count and time.time() < until:
        time.sleep(0.05)
    kind = "PostgreSQL" if server.env["DATABASE_URL"] else "SQLite"
    name = f"{count:,} escalations due in one second, two engines, {kind}: handed over"
    row(name, f"{len(handed_over):,} in {time.time() - due_at:.1f} s")
    row("  messages in which they went", f"{len(hook.requests):,}")
    for each in engines:
        each.stop()
    server.stop()
    hook.stop()


def waiting(count: int = 1_000_000) -> None:
    """Escalations that wait for a later hour must cost an idle engine nothing. Large: only when it is named."""
    used = []
    server = Server(start_timeout=180).start()
    fill(server)
    for _ in range(2):
        time.sleep(5)
        before = cpu_seconds(server)
        time.sleep(20)
        used.append((cpu_seconds(server) - before) / 20 * 100)
        if len(used) == 1:
            in_django(server, _ESCALATIONS, str(count), "86400", timeout=3600)
    row(
        f"processor share of all processes at rest, {count:,} escalations waiting",
        f"{used[1]:.1f} %",
        f"{used[0]:.1f} %",
    )
    server.stop()


_ALERTS = """
from datetime import timedelta
from watchroom.intake.models import Alert, AlertGroup, Integration
from watchroom.kernel import clock
count, now, sender = int(sys.argv[1]), clock.now(), Integration.objects.get()
groups = AlertGroup.objects.bulk_create(
    (AlertGroup(group_key=f"bench-{n}", group_labels={"alertname": f"Bench {n}"}, integration=sender, service=sender.service,
                team=sender.team, title=f"Bench {n}", rule=f"Bench {n}", severity="warning", urgency="low", firing=count // 1000,
                total=count // 1000, opened_at=now, last_alert_at=now) for n in range(1000)), batch_size=500)
Alert.objects.bulk_create(
    (Alert(integration=sender, group=groups[n % 1000], dedup_key=f"bench-{n}", title=f"Bench {n}", severity="warning",
           labels={"alertname": f"Bench {n % 1000}", "instance": f"host-{n}"}, starts_at=now, first_seen_at=now, last_seen_at=now,
           expires_at=now + timedelta(hours=6)) for n in range(count)), batch_size=2000)
print(json.dumps({}))
"""

_SIGNALS = """
import time
from datetime import timedelta
from watchroom.intake.commands.receive import _waiting
from watchroom.intake.duties import _forget_due, forget_signals
from watchroom.intake.gate.database import Signal as Row, database
from watchroom.intake.models import Inbox, Integration, Signal
from watchroom.kernel import clock
from watchroom.kernel.settings import current
most, sender, gate = int(sys.argv[1]), Integration.objects.get(), database(current())
body = json.dumps([{"labels": {"alertname": "Bench", "instance": "host-1"}, "annotations": {"summary": "bench"}}]).encode()
old = clock.now() - timedelta(days=current().signal_days + 1)
def batch(at):
    gate.insert([Row(sender.pk, at, "/api/v2/alerts", "", "application/json", "{}", body, "", False, "[]")] * 1000)
def took(work, times=20):
    costs, busy = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter(); work(); costs.append((time.perf_counter() - began) * 1000)
    busy = (time.process_time() - busy) / times * 1000
    return f"{sorted(costs)[len(costs) // 2]:.1f} ms, {busy:.1f} ms of it computing"
while Signal.objects.count() < most if most < 20000 else Inbox.objects.get().stored < most:
    batch(old)
Integration.objects.update(read_to=Inbox.objects.get().stored)
found = {"storing 1,000 signals": took(lambda: batch(clock.now()))}
sender = Integration.objects.get()
found["reading 1,000 signals that wait"] = took(lambda: _waiting(sender, 1000))
found["looking what is to be forgotten"] = took(_forget_due)
found["forgetting 2,000 signals"] = took(forget_signals, 3)
print(json.dumps(found))
"""

_ESCALATIONS = """
from datetime import timedelta
from watchroom.catalog.models import Service
from watchroom.kernel import clock
from watchroom.paging.commands import plan_of
from watchroom.paging.models import Escalation
count = int(sys.argv[1])
services, now = list(Service.objects.select_related("policy", "team").order_by("-id")), clock.now()
services = services[:-1] or services  # those with people of their own, where there are any
plans = [plan_of(service.policy).as_json() for service in services]
for start in range(0, count, 5000):
    Escalation.objects.bulk_create(
        Escalation(kind="alert_group", subject_id=None, title=f"Bench {n}", body="", path="/", team=one.team, urgency="high",
                   policy=one.policy, policy_version=one.policy.version, plan=plan, started_at=now,
                   due_at=now + timedelta(seconds=int(sys.argv[2]) + 3600))
        for n in range(start, min(count, start + 5000)) for one, plan in [(services[n % len(services)], plans[n % len(services)])])
print(json.dumps({}))
"""

_DUE_NOW = """
from datetime import timedelta
from watchroom.kernel import clock
from watchroom.paging.models import Escalation
at = clock.now() + timedelta(seconds=int(sys.argv[1]))
Escalation.objects.update(due_at=at)
print(json.dumps({"due_at": at.timestamp()}))
"""
