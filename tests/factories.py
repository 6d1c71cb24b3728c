"""Things that tests need, made in one line. Each goes into the database as the product would have it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Membership, Person, Team
from watchroom.accounts.roles import Role
from watchroom.catalog.models import Service
from watchroom.intake.journal import open_inbox, store
from watchroom.intake.models import Alert, AlertGroup, Integration, Signal
from watchroom.kernel import clock
from watchroom.kernel.signing import fingerprint, new_key
from watchroom.oncall.models import Rotation, RotationMember, Schedule
from watchroom.paging.models import (
    ContactMethod,
    Escalation,
    EscalationPolicy,
    EscalationStep,
    Notification,
    NotificationRule,
    StepTarget,
    Urgency,
)

_numbers = itertools.count(1)
SECRET = "a secret of sixteen letters"  # with which a webhook signs


def person(name: str = "", role: Role | str = Role.VIEWER, **fields: Any) -> Person:
    """Somebody, with the role everywhere."""
    number = next(_numbers)
    name = name or f"Person {number}"
    role = Role.of(role) if isinstance(role, str) else role
    email = fields.pop("email", f"{name.lower().replace(' ', '.')}.{number}@example.org")
    return Person.objects.create_user(email, fields.pop("password", None), name=name, role=role, **fields)


def actor(name: str = "", role: Role | str = Role.ADMINISTRATOR, **fields: Any) -> Actor:
    """Somebody new, acting."""
    return acting(person(name, role, **fields))


def team(name: str = "", **fields: Any) -> Team:
    number = next(_numbers)
    return Team.objects.create(name=name or f"Team {number}", slug=fields.pop("slug", f"team-{number}"), **fields)


def membership(team: Team, person: Person, role: Role | str = Role.RESPONDER) -> Membership:
    return Membership.objects.create(team=team, person=person, role=Role.of(role) if isinstance(role, str) else role)


def service(name: str = "", *, team: Team | None = None, **fields: Any) -> Service:
    number = next(_numbers)
    return Service.objects.create(
        name=name or f"Service {number}",
        slug=fields.pop("slug", f"service-{number}"),
        team=team or globals()["team"](),
        **fields,
    )


def schedule(name: str = "", *, people: tuple[Person, ...] = (), team: Team | None = None, **fields: Any) -> Schedule:
    """A schedule with a weekly rotation of ``people``, from Monday, 5 January 2026, 09:00 local time."""
    number = next(_numbers)
    starts_at = fields.pop("starts_at", "2026-01-05T09:00")
    made = Schedule.objects.create(
        name=name or f"Schedule {number}",
        slug=fields.pop("slug", f"schedule-{number}"),
        team=team or globals()["team"](),
        **fields,
    )
    if people:
        rotation = Rotation.objects.create(schedule=made, name="Weekly", starts_at=starts_at)
        for turn, each in enumerate(people):
            RotationMember.objects.create(rotation=rotation, person=each, turn=turn)
    return made


def policy(*steps: tuple[Any, int] | Any, team: Team | None = None, **fields: Any) -> EscalationPolicy:
    """A policy whose steps are ``(person or schedule or team, wait in seconds)``."""
    number = next(_numbers)
    made = EscalationPolicy.objects.create(
        name=fields.pop("name", f"Policy {number}"),
        slug=fields.pop("slug", f"policy-{number}"),
        team=team or globals()["team"](),
        **fields,
    )
    for position, step in enumerate(steps):
        target, wait = step if isinstance(step, tuple) else (step, 300)
        row = EscalationStep.objects.create(policy=made, position=position, wait_seconds=wait)
        StepTarget.objects.create(
            step=row, **{{Person: "person", Schedule: "schedule", Team: "team"}[type(target)]: target}
        )
    return made


def contact_method(
    person: Person, channel: str = "webhook", settings: dict[str, Any] | None = None, **fields: Any
) -> ContactMethod:
    """A way to reach somebody, used at once for both urgencies."""
    settings = settings or {"url": "https://hooks.example.org/x", "secret": SECRET}
    made = ContactMethod.objects.create(
        person=person,
        channel=channel,
        label=fields.pop("label", channel.capitalize()),
        settings=settings,
        description=fields.pop("description", f"{channel} of {person}"),
        **fields,
    )
    for urgency in Urgency.values:
        NotificationRule.objects.create(person=person, contact_method=made, urgency=urgency)
    return made


def integration(*, team: Team | None = None, service: Service | None = None, **fields: Any) -> Integration:
    """An Alertmanager integration; its key is in ``.key`` of the returned object, in this process only."""
    number = next(_numbers)
    key = fields.pop("key", new_key("wri"))
    made = Integration.objects.create(
        name=fields.pop("name", f"Prometheus {number}"),
        slug=fields.pop("slug", f"prometheus-{number}"),
        source=fields.pop("source", "alertmanager"),
        team=team or (service.team if service else globals()["team"]()),
        service=service,
        key_hash=fingerprint(key),
        key_hint=key[:8],
        **fields,
    )
    open_inbox(made.pk)
    made.key = key  # type: ignore[attr-defined]
    return made


def signal(integration: Integration, body: bytes = b"[]", path: str = "/api/v2/alerts", **fields: Any) -> Signal:
    """A stored signal, which the engine has not read yet."""
    fields.setdefault("received_at", clock.now())
    return store(integration.pk, body=body, path=path, content_type="application/json", **fields)


def group(title: str = "", *, service: Service | None = None, **fields: Any) -> AlertGroup:
    """A firing alert group, not acknowledged, whose group wait is over."""
    number = next(_numbers)
    now = clock.now()
    return AlertGroup.objects.create(
        **{
            "title": title or f"Group {number}",
            "rule": title or f"Group {number}",
            "group_key": f"key-{number}",
            "service": service,
            "team": service.team if service else None,
            "severity": "critical",
            "firing": 1,
            "total": 1,
            "opened_at": now,
            "last_alert_at": now,
        }
        | fields
    )


def alert(group: AlertGroup, title: str = "", **fields: Any) -> Alert:
    """A firing alert of ``group``."""
    number = next(_numbers)
    now = clock.now()
    return Alert.objects.create(
        **{
            "group": group,
            "integration": fields.pop("integration", None) or group.integration or integration(),
            "dedup_key": f"dedup-{number}",
            "title": title or f"Alert {number}",
            "severity": group.severity,
            "starts_at": now,
            "first_seen_at": now,
            "last_seen_at": now,
            "expires_at": now + timedelta(hours=1),
        }
        | fields
    )


def paged(group: Any, person: Any, at: Any) -> None:
    """Somebody was paged for a group."""
    escalation, _ = Escalation.objects.get_or_create(
        kind="alert_group", subject_id=group.pk, defaults={
            "title": group.title, "path": "/", "team": group.team, "plan": {}, "started_at": at, "ended_at": at,
            "end": "resolved",
        },
    )  # fmt: skip
    for method in ("sms", "mail"):
        Notification.objects.create(
            escalation=escalation, person=person, method_text=method, purpose="page", subject=group.title, path="/",
            reason=f"{escalation.pk}+{method}", created_at=at, ended_at=at, state="sent",
        )  # fmt: skip
