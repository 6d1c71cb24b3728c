"""An installation to measure: started as its users start it, filled through Django in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from peers.server import Server

_FILL = """
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.intake.commands import save_integration, save_route
from watchroom.kernel import signing
from watchroom.paging.commands import add_contact_method, save_policy
person = Person.objects.create_user("bench@example.org", "bench it well", name="Bench", role=40)
by = acting(person)
team = Team.objects.create(name="Bench", slug="bench")
if sys.argv[1]:
    add_contact_method(by, person, channel="webhook", label="Hook", settings={"url": sys.argv[1], "secret": "sixteen letters or more"})
policy = save_policy(by, None, team=team, name="Bench", steps=[{"wait_seconds": 3600, "targets": [{"person": person.pk}]}])
service = Service.objects.create(team=team, name="Bench", slug="bench", policy=policy)
_, key = save_integration(by, None, team=team, name="Bench", source="alertmanager", service=service)
services = int(sys.argv[2]) // 5  # each with five people who are paged in turn: nobody gets more than a few pages
if services:
    crowd = Person.objects.bulk_create(
        [Person(email=f"bench{n}@example.org", name=f"Person {n}", role=20, password="!") for n in range(services * 5)]
    )
    for each in crowd:
        add_contact_method(acting(person), each, channel="webhook", label="Hook", settings={"url": sys.argv[1], "secret": "sixteen letters or more"})
    for n in range(services):
        steps = [{"wait_seconds": 3600, "targets": [{"person": each.pk} for each in crowd[n * 5 : n * 5 + 5]], "round_robin": True}]
        own = save_policy(by, None, team=team, name=f"Bench {n}", steps=steps)
        Service.objects.create(team=team, name=f"Bench {n}", slug=f"bench-{n}", policy=own)
    save_route(by, None, name="By service", matchers=['service=~".+"'], service_label="service")
from django.contrib.sessions.backends.db import SessionStore
session = SessionStore()
session["_auth_user_id"] = str(person.pk)
session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
session["_auth_user_hash"] = person.get_session_auth_hash()
session.save()
print(json.dumps({"key": key, "session": session.session_key, "services": services}))
"""


def fill(server: Server, hook: str = "", people: int = 1) -> dict[str, Any]:
    """Make a person, a policy, a service and an integration; of many ``people`` also one more service for every five of
    them ("bench-0", …), which alerts name by the label ``service``. Returns the integration's key, a session's cookie, and
    how many such services there are."""
    return in_django(server, _FILL, hook, str(people))


def memory_mb(server: Server) -> float:
    """Proportional memory of all its processes, in MB (PSS: shared pages are counted once)."""
    total = 0
    for pid in server.processes():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def cores() -> int:
    return os.cpu_count() or 1


def cpu_seconds(server: Server) -> float:
    """The processor time that all its processes have used."""
    ticks = 0
    for pid in server.processes():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def unread(server: Server) -> int:
    """How many signals its engine has not yet read (SQLite)."""
    main = next(path for path in server.data.glob("*.sqlite3") if ".signals" not in path.name)
    with (
        contextlib.closing(sqlite3.connect(main)) as one,
        contextlib.closing(sqlite3.connect(main.with_suffix(".signals" + main.suffix))) as other,
    ):
        read = one.execute("SELECT coalesce(sum(read_to), 0) FROM intake_integration").fetchone()[0]
        stored = other.execute("SELECT coalesce(sum(stored), 0) FROM intake_inbox").fetchone()[0]
    return int(stored - read)


def in_django(server: Server, script: str, *arguments: str, timeout: float = 600) -> dict[str, Any]:
    """Run a script in this installation's Django; what it prints last is JSON."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django, json, sys\ndjango.setup()\n{script}", *arguments],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))
