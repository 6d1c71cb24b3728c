"""A running Watchroom filled with just enough to page two people, for the tests that kill it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from peers.server import Server

_FILL = """
import django, json, sys
django.setup()
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.intake.commands import save_integration
from watchroom.paging.commands import add_contact_method, save_policy
wait, hook = int(sys.argv[1]), sys.argv[2]
team = Team.objects.create(name="Shop", slug="shop")
people = []
for name in ("anna", "ben"):
    person = Person.objects.create_user(f"{name}@example.org", "a long password", name=name.capitalize(), role=40)
    add_contact_method(acting(person), person, channel="webhook", label="Hook", settings={"url": f"{hook}/{name}", "secret": "sixteen letters or more"})
    people.append(person)
policy = save_policy(SYSTEM, None, team=team, name="Shop", repeats=0,
                     steps=[{"wait_seconds": wait, "targets": [{"person": p.pk}]} for p in people])
service = Service.objects.create(team=team, name="Checkout", slug="checkout", policy=policy)
print(save_integration(SYSTEM, None, team=team, name="Prometheus", source="alertmanager", service=service)[1])
"""

_READ = """
import django, json
django.setup()
from watchroom.intake.journal import unread
from watchroom.intake.models import Alert, AlertGroup
from watchroom.paging.models import Escalation, Notification
from django.db.models import Count
print(json.dumps({
    "alerts": sorted(Alert.objects.values_list("labels__alertname", flat=True)),
    "pending": sum(unread().values()),
    "groups": AlertGroup.objects.count(),
    "escalations": Escalation.objects.count(),
    "unsent": Notification.objects.filter(ended_at__isnull=True).count(),
    "pages": Notification.objects.filter(purpose="page").count(),
    "steps": sorted(Notification.objects.filter(purpose="page").values_list("escalation_id", "event__step")),
    "tried_again": [f"watchroom-{pk}" for pk in Notification.objects.filter(tries__gt=1).values_list("pk", flat=True)],
    "sent": Notification.objects.filter(state__in=("sent", "delivered"), purpose="page").count(),
}))
"""

_LATER = """
import django, sys
django.setup()
from datetime import timedelta
from django.db.models import F
from watchroom.paging.models import Escalation
print(Escalation.objects.filter(ended_at=None).update(due_at=F("due_at") - timedelta(seconds=int(sys.argv[1]))))
"""


def _run(server: Server, script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def fill(server: Server, hook: str, *, wait_seconds: int) -> str:
    """Anna, then Ben after ``wait_seconds``, both by webhook at ``hook``/name. Returns the integration's key."""
    return _run(server, _FILL, str(wait_seconds), hook)


def read(server: Server) -> dict[str, Any]:
    """What is in the database, read by a process of its own."""
    return dict(json.loads(_run(server, _READ)))


def later(server: Server, seconds: int) -> None:
    """Bring what escalations do next forward, as if so many seconds had passed."""
    assert _run(server, _LATER, str(seconds)) != "0"


def post(server: Server, key: str, name: str) -> bool:
    """Send one alert that fires for a day. Whether it was accepted."""
    return 200 <= told(server, key, name)[0] < 300


def told(server: Server, key: str, name: str, *, seconds: float = 5) -> tuple[int, Mapping[str, str]]:
    """Send one alert that fires for a day. What its sender was told: the status (0: nobody answered), and headers, in
    lower case."""
    ends_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()  # noqa: TID251 - a real server has the real clock
    alert = {"labels": {"alertname": name, "severity": "critical"}, "endsAt": ends_at}
    body = json.dumps([alert]).encode()
    request = urllib.request.Request(
        f"{server.url}/in/{key}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, {name.lower(): value for name, value in refused.headers.items()}
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return 0, {}
