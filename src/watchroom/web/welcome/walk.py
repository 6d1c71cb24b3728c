"""What the walk makes, each step in one transaction."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from ...accounts import commands as accounts
from ...accounts.actors import Actor
from ...accounts.models import Installation, Person, Team
from ...accounts.roles import Role
from ...catalog.commands import save_service
from ...catalog.models import Service
from ...intake.commands import save_integration
from ...intake.models import Integration
from ...kernel import clock
from ...kernel.errors import Conflict
from ...kernel.plugins import all_of
from ...oncall.commands import save_schedule
from ...paging.commands import add_contact_method, save_policy, test_contact_method
from ...paging.models import ContactMethod, Notification

STEPS = ("You", "Team and service", "Reaching you", "Test page", "First alert")
PAGES = ("welcome", "welcome-team", "welcome-reach", "welcome-test", "welcome-source")
_WAIT = 300  # seconds that the person on call has, before they are paged by name


def state() -> dict[str, Any]:
    """What has been made so far."""
    row = Installation.objects.filter(pk=1).first()
    return dict(row.walk) if row else {}


def next_page(made: dict[str, Any]) -> str:
    """The page of the first step that is still to do."""
    for page, key in zip(PAGES[1:], ("service", "reach", "reached", "integration"), strict=True):
        if not made.get(key):
            return page
    return "welcome-done"


def make_team(by: Actor, person: Person, *, team: str, service: str) -> Service:
    """A team with ``person`` in it, a schedule that puts them on call now, a policy that pages them, and a service."""
    with transaction.atomic():
        owner = accounts.save_team(by, None, name=team)
        accounts.set_member(by, owner, person, Role.MANAGER)
        schedule = save_schedule(
            by,
            None,
            team=owner,
            name=f"{owner.name} on call",
            timezone=person.timezone,
            description="Made by the first-run walk. Add colleagues and they take turns by the week.",
            rotations=[
                {
                    "name": "Weekly",
                    "unit": "weeks",
                    "length": 1,
                    "starts_at": _monday(person.timezone),
                    "members": [[person.pk]],
                }
            ],
        )
        policy = save_policy(
            by,
            None,
            team=owner,
            name=f"{owner.name} policy",
            description="Whoever is on call; after five minutes, you.",
            steps=[
                {"wait_seconds": _WAIT, "targets": [{"schedule": schedule.pk}]},
                {"wait_seconds": _WAIT, "targets": [{"person": person.pk}]},
            ],
        )
        made = save_service(by, None, team=owner, name=service, policy=policy.pk)
        accounts.record_walk(by, team=owner.pk, schedule=schedule.pk, policy=policy.pk, service=made.pk)
    return made


def _monday(zone: str) -> str:
    today = clock.now().astimezone(zoneinfo.ZoneInfo(zone)).date()
    # A week back, so that it has begun wherever in this week we are.
    return f"{datetime.combine(today - timedelta(days=today.weekday() + 7), time(9)):%Y-%m-%dT%H:%M}"


def ensure_reachable(by: Actor, person: Person) -> None:
    """Whoever comes in by an invitation is reached by what needs nothing of them: this browser, and mail where it can be
    sent. What wakes them at night they add themselves."""
    ensure_browser(by, person)
    mail = all_of("watchroom.channels").get("email")
    if mail and not mail.missing() and not ContactMethod.objects.filter(person=person, channel="email").exists():
        add_contact_method(by, person, channel="email", label="", settings={"address": person.email})


def ensure_browser(by: Actor, person: Person) -> None:
    """The channel that works with nothing configured: this browser."""
    if (
        "browser" in all_of("watchroom.channels")
        and not ContactMethod.objects.filter(person=person, channel="browser").exists()
    ):
        add_contact_method(by, person, channel="browser", label="This browser", settings={})


def send_tests(by: Actor, person: Person) -> list[Notification]:
    """A test page by each of the person's contact methods.

    :raises Conflict: they have none.
    """
    methods = list(ContactMethod.objects.filter(person=person, enabled=True))
    if not methods:
        raise Conflict("There is no way to reach you yet.", fix="Go back one step and add one.")
    sent = [test_contact_method(by, method) for method in methods]
    accounts.record_walk(by, tests=[row.pk for row in sent])
    return sent


def tests(person: Person, made: dict[str, Any]) -> list[Notification]:
    """The test pages of the walk, oldest first."""
    numbers = made.get("tests") or []
    return list(
        Notification.objects.filter(pk__in=numbers, person=person)
        .select_related("contact_method")
        .prefetch_related("attempts")
        .order_by("id")
    )


def has_arrived(row: Notification) -> bool:
    """Whether we know that it was shown to the person."""
    return row.seen_at is not None or row.state == Notification.State.DELIVERED


def make_integration(by: Actor, made: dict[str, Any], *, name: str) -> tuple[Integration, str]:
    """An Alertmanager integration for the walk's service, and its key.

    :raises Conflict: there is no team yet.
    """
    service = Service.objects.select_related("team").filter(pk=made.get("service") or 0).first()
    team = service.team if service else Team.objects.filter(is_demo=False).first()
    if team is None:
        raise Conflict("There is no team yet that could own this.", fix="Go back to “Team and service” first.")
    with transaction.atomic():
        integration, key = save_integration(by, None, team=team, name=name, source="alertmanager", service=service)
        accounts.record_walk(by, integration=integration.pk)
    return integration, key or ""
