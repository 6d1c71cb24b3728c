"""What a team adds after its first-run walk: a second person, mail and ntfy, an override, a policy, a status page."""

from __future__ import annotations

import subprocess
import sys

from peers.server import Server

_SCRIPT = """
import django, sys
django.setup()
from datetime import timedelta
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import create_person, set_member
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.kernel import clock
from watchroom.oncall.commands import add_override
from watchroom.oncall.models import Schedule
from watchroom.paging.commands import add_contact_method, save_policy
from watchroom.status.commands import save_status_page
hook, wait = sys.argv[1], int(sys.argv[2])
anna = Person.objects.get(email="anna@example.org")
by = acting(anna)
ben = create_person(by, email="ben@example.org", name="Ben Okafor", role="responder", timezone="Europe/Berlin")
team, service = Team.objects.get(), Service.objects.get()
set_member(by, team, ben, "responder")
add_contact_method(by, anna, channel="email", label="Mail", settings={"address": "anna@example.org"})
add_contact_method(by, ben, channel="email", label="Mail", settings={"address": "ben@example.org"})
add_contact_method(by, ben, channel="ntfy", label="Phone", settings={"server": hook, "topic": "ben-phone"})
add_contact_method(by, ben, channel="apprise", label="Pager", settings={"url": hook.replace("http://", "json://") + "/pager"})
now = clock.now()
schedule = Schedule.objects.get()  # the weekly rotation of the walk, with Anna in it
add_override(by, schedule, person=ben, starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=8), reason="Anna is at the dentist")
save_policy(by, service.policy, team=team, name="Shop escalation", repeats=1, steps=[
    {"wait_seconds": wait, "targets": [{"schedule": schedule.pk}]}, {"wait_seconds": 600, "targets": [{"person": anna.pk}]},
])
save_status_page(by, None, team=team, name="Shop status", slug="shop-status", components=[{"name": "Checkout", "service": service.slug}])
"""


def arrive(server: Server, hook: str, *, wait_seconds: int) -> None:
    """Ben joins Anna; Ben is on call by an override of the weekly rotation; Anna is the second step."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, hook, str(wait_seconds)],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
