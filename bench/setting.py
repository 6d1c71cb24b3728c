"""An installation to measure: started as its users start it, filled through Django in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from peers.server import Server

_FILL = """
import django, sys, json
django.setup()
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
from django.contrib.sessions.backends.db import SessionStore
session = SessionStore()
session["_auth_user_id"] = str(person.pk)
session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
session["_auth_user_hash"] = person.get_session_auth_hash()
session.save()
print(json.dumps({"key": key, "session": session.session_key}))
"""


def fill(server: Server, hook: str = "") -> dict[str, str]:
    """Make a person, a policy, a service and an integration. Returns the integration's key and a session's cookie."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", _FILL, hook],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


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
