"""Every page on the made-up company: it answers, passes axe-core for WCAG 2.2 AA, and fits a phone; pictures are kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peers.chromium import DESKTOP, Chromium, axe
from peers.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.longest]

_PERSON = """
import django, json
django.setup()
from django.contrib.sessions.backends.db import SessionStore
from watchroom.accounts.models import Installation, Person
from watchroom.incidents.models import Incident
from watchroom.intake.models import AlertGroup, Integration
from watchroom.actions.models import ActionItem
from watchroom.drills.models import Drill
from watchroom.postmortems.models import Postmortem
from watchroom.kernel import clock
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import Team
from watchroom.insights import bearing
from watchroom.insights.models import Crossing
bearing.set_limits(SYSTEM, Team.objects.get(slug="demo-payments"), {"nights_per_week": 1, "hours_per_month": 1})
bearing.look()
person = Person.objects.create_user("root@example.org", "a long password", name="Root Person", role=40)
Installation.objects.update_or_create(pk=1, defaults={"set_up_at": clock.now()})
session = SessionStore()
session["_auth_user_id"] = str(person.pk)
session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
session["_auth_user_hash"] = person.get_session_auth_hash()
session.save()
from watchroom.accounts.actors import acting
from watchroom.runbooks.commands import start_run
from watchroom.runbooks.models import Runbook
happening = Incident.objects.exclude(status="resolved").order_by("-id").first()
run = start_run(acting(person), Runbook.objects.get(slug="demo-checkout-slow"), incident=happening)
print(json.dumps({
    "session": session.session_key,
    "incident": Incident.objects.order_by("-id").first().pk,
    "group": AlertGroup.objects.order_by("-id").first().pk,
    "postmortem": Postmortem.objects.order_by("-id").first().pk,
    "drill": Drill.objects.first().pk,
    "action": ActionItem.objects.order_by("-id").first().pk,
    "integration": Integration.objects.first().slug,
    "person": person.pk,
    "crossing": Crossing.objects.first().pk,
    "run": run.pk,
}))
"""

PAGES = (
    "/",
    "/alerts",
    "/alerts/{group}",
    "/incidents",
    "/incidents/declare",
    "/incidents/{incident}/type",
    "/guidance",
    "/incident-types",
    "/incident-types/new",
    "/severities",
    "/incident-states",
    "/incident-states/new",
    "/incident-states/demo-identified",
    "/role-rotations",
    "/follow-rules",
    "/role-rotations/new",
    "/severities/1",
    "/incidents/{incident}",
    "/incidents/{incident}/board",
    "/schedules",
    "/schedules?view=week",
    "/schedules/demo-payments",
    "/schedules/new",
    "/schedules/demo-payments/temporary",
    "/schedules/demo-payments/worked",
    "/on-call/mine",
    "/hand-offs",
    "/services",
    "/services/demo-checkout",
    "/services/new",
    "/status-pages",
    "/status-pages/demo-fernweh",
    "/status-pages/demo-fernweh/edit",
    "/status-pages/demo-fernweh/maintenance/new",
    "/status-pages/demo-fernweh/subscribers",
    "/stakeholders",
    "/stakeholders/new",
    "/update-templates",
    "/update-templates/new",
    "/incidents/{incident}/updates",
    "/incidents/{incident}/deliveries",
    "/status/demo-fernweh/subscribe",
    "/status/demo-fernweh",
    "/drills",
    "/drills?team=demo-booking",
    "/drills/library",
    "/drills/plan?scenario=demo-booking-bad-deploy",
    "/drills/scenarios/demo-booking-bad-deploy",
    "/drills/scenarios/demo-booking-bad-deploy/edit",
    "/drills/{drill}",
    "/drills/{drill}/debrief",
    "/postmortems",
    "/postmortems/{postmortem}",
    "/postmortems/{postmortem}/edit",
    "/actions",
    "/insights/load?team=demo-payments",
    "/insights/incidents?days=182",
    "/insights/limits?team=demo-payments",
    "/insights/limits/{crossing}",
    "/insights/pay?team=demo-payments",
    "/insights/pay/rules?team=demo-payments",
    "/actions/{action}",
    "/integrations",
    "/integrations/{integration}",
    "/integrations/{integration}/refused",
    "/integrations/new",
    "/policies",
    "/policies/demo-payments",
    "/policies/new",
    "/workspaces",
    "/workspaces/new",
    "/workspaces/new?kind=slack",
    "/routes",
    "/routes/new",
    "/routes?labels=severity=critical+alertname=Disk",
    "/time-intervals/new",
    "/inhibit-rules/new",
    "/insights/grouping",
    "/import/alertmanager",
    "/silences",
    "/silences/new",
    "/maintenance/new",
    "/teams",
    "/teams/demo-payments",
    "/people",
    "/people/{person}",
    "/identity-providers",
    "/identity-providers/new",
    "/runbooks",
    "/runbooks/new?begin=slow",
    "/runbooks/paste",
    "/runbooks/demo-checkout-slow",
    "/runbooks/demo-checkout-slow/edit",
    "/runbooks/demo-checkout-slow/versions",
    "/runbook-runs",
    "/runbook-runs/{run}",
    "/mitigations",
    "/mitigations/new",
    "/runners",
    "/runners/new",
    "/runners/new?kind=kubernetes",
    "/venues",
    "/venues/plans/new",
    "/venues/bridges/new?kind=zoom",
    "/workflows",
    "/workflows/new",
    "/readiness",
    "/readiness/installation",
    "/readiness/teams/demo-payments",
    "/readiness/thresholds",
    "/process",
    "/process/edit",
    "/process/versions",
    "/process/versions/1",
    "/process/who",
    "/webhooks",
    "/webhooks/new",
    "/webhooks/events",
    "/audit",
    "/system",
    "/help/api",
    "/help/api?q=alert",
    "/help/api/create_policy",
    "/notifications",
    "/notifications/why",
    "/offline",
    "/me",
    "/me/contact",
    "/account/2fa/",
    "/no-such-page",
)


@pytest.fixture(scope="module")
def _browser() -> Iterator[Chromium]:
    """Ends with this module: after it come tests that want the main thread for themselves."""
    browser = Chromium(Path(__file__).parents[2] / "artifacts" / "screenshots")
    yield browser.start()
    browser.stop()


@pytest.fixture(scope="module")
def company() -> Any:
    server = Server().start()
    server.cli("demo")
    done = subprocess.run(
        [sys.executable, "-c", _PERSON],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    yield server, json.loads(done.stdout.splitlines()[-1])
    server.stop()


@pytest.mark.parametrize(("name", "size", "colours"), [("phone", (360, 740), "light"), ("wide", DESKTOP, "dark")])
def test_every_page(company: Any, chromium: Chromium, name: str, size: tuple[int, int], colours: Any) -> None:
    server, known = company
    context = chromium.context(server.url, viewport=size, colours=colours)
    page = context.new_page()
    wrong: list[str] = []
    for path, seen in (("/status/demo-fernweh", "/status/demo-fernweh"), ("/incidents", "/account/login")):
        page.goto(path)  # as a stranger: the status page, and else only where one signs in
        assert seen in page.url
        wrong += [f"{seen}, seen by a stranger: {problem}" for problem in axe(page)]
    chromium.picture(page, f"{name}-sign-in")
    context.add_cookies([{"name": "sessionid", "value": known["session"], "url": server.url}])
    for template in PAGES:
        path = template.format(**known)
        answer = page.goto(path)
        assert answer is not None
        expected = 404 if path == "/no-such-page" else 200
        if answer.status != expected:
            wrong.append(f"{path} answered {answer.status}")
            continue
        wrong += [f"{path}: {problem}" for problem in axe(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            wrong.append(f"{path} is wider than the screen")
        chromium.picture(
            page, f"{name}-{template.strip('/').replace('/', '-').replace('{', '').replace('}', '') or 'home'}"
        )
    wrong += [problem for problem in chromium.take_problems() if "/no-such-page" not in problem]
    assert not wrong, "\n".join(wrong)
