"""What the made-up company has: teams, people, services, schedules, policies, a status page."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from ..accounts.models import Membership, Person, Team
from ..accounts.roles import Role
from ..catalog.models import Dependency, Service, ServiceLink
from ..incidents.models import Incident, UpdateTemplate
from ..intake.journal import open_inbox
from ..intake.models import AlertGroup, Integration, MaintenanceWindow
from ..kernel.signing import fingerprint, new_key
from ..mitigations.models import Mitigation
from ..oncall import rules
from ..oncall.models import Absence, Override, Rotation, RotationMember, Schedule, Swap
from ..oncall.queries import plans_of
from ..paging.models import ContactMethod, EscalationPolicy, EscalationStep, NotificationRule, StepTarget, Urgency
from ..status.models import (
    Component,
    ComponentGroup,
    Maintenance,
    MaintenanceNote,
    StakeholderList,
    StatusPage,
)
from .company import FIRST, LAST, SERVICES, TEAMS

MONTHS = 18
ZONES = {name: ZoneInfo(zone) for name, _, zone in TEAMS}


@dataclass(frozen=True)
class BadDeploy:
    """A deploy after which requests failed: the alert that it fired and when, how many per cent failed, who kept what
    was seen, and when; the incident and when the roll-back had helped, where there is one."""

    group: AlertGroup
    began: datetime
    percent: int
    by: Person
    kept_at: datetime
    incident: Incident | None = None
    ended: datetime | None = None


@dataclass
class Company:
    """The company while it is being made: its chance, its hour, and what there is of it so far."""

    random: random.Random
    now: datetime
    teams: dict[str, Team] = field(default_factory=dict)
    people: dict[str, list[Person]] = field(default_factory=dict)
    services: list[Service] = field(default_factory=list)
    policies: dict[str, EscalationPolicy] = field(default_factory=dict)
    integrations: list[Integration] = field(default_factory=list)
    mitigations: list[Mitigation] = field(default_factory=list)
    pages: list[StatusPage] = field(default_factory=list)
    bad_deploys: list[BadDeploy] = field(default_factory=list)

    def of(self, team: str) -> list[Person]:
        return self.people[team]

    @property
    def monday(self) -> datetime:
        """When every rotation began, by the clock of its team: a year ago, on a Monday at nine."""
        return datetime.combine((self.now - timedelta(days=self.now.weekday() + 7 * 52)).date(), time(9))

    def on_duty(self, team: str, at: datetime) -> Person:
        """Whose week it was."""
        local = at.astimezone(ZONES[team]).replace(tzinfo=None)
        people = self.people[team]
        return people[(local - self.monday).days // 7 % len(people)]

    @property
    def hour(self) -> datetime:
        """The full hour before: what people plan does not begin at seven minutes past."""
        return self.now.replace(minute=0)

    def uuid(self) -> UUID:
        """The same for the same seed."""
        return UUID(int=self.random.getrandbits(128), version=4)


def teams(c: Company) -> None:
    """Teams, with the people in them."""
    # Nobody can sign in as a made-up person: they have no usable password.
    zones = {name: zone for name, _, zone in TEAMS}
    for name, about, _ in TEAMS:
        c.teams[name] = Team.objects.create(name=name, slug=f"demo-{slugify(name)}", description=about, is_demo=True)
    names = [(first, c.random.choice(LAST)) for first in FIRST]
    for number, (first, last) in enumerate(names):
        team = TEAMS[number % len(TEAMS)][0]
        person = Person(
            email=f"{first}.{last}@fernweh.example".lower(),
            name=f"{first} {last}",
            role=Role.RESPONDER,
            timezone=zones[team],
            is_demo=True,
            joined_at=c.now - timedelta(days=30 * MONTHS),
        )
        person.set_unusable_password()
        person.save()
        members = c.people.setdefault(team, [])
        Membership.objects.create(team=c.teams[team], person=person, role=Role.RESPONDER if members else Role.MANAGER)
        members.append(person)


def services(c: Company) -> None:
    """Services, with what they need."""
    for made in SERVICES:
        service = Service.objects.create(
            team=c.teams[made.team],
            name=made.name,
            slug=f"demo-{slugify(made.name)}",
            description=made.about,
            tier=made.tier,
            labels={"team": made.team.lower(), "env": "production"},
            is_demo=True,
            created_at=c.now - timedelta(days=30 * MONTHS),
        )
        c.services.append(service)
        ServiceLink.objects.bulk_create(
            ServiceLink(
                service=service, kind=kind, label=label, url=f"https://{where}.fernweh.example/{slugify(made.name)}"
            )
            for kind, label, where in (
                ("runbook", f"{made.name} in the wiki", "wiki"),
                ("dashboard", "Traffic, errors, latency", "grafana"),
                ("logs", "The last hour, as it was written", "logs"),
            )
        )
    by_name = {service.name: service for service in c.services}
    Dependency.objects.bulk_create(
        Dependency(service=by_name[made.name], needs=by_name[need]) for made in SERVICES for need in made.needs
    )


def paging(c: Company) -> None:
    """For each team a schedule, a policy and an integration."""
    for number, (name, _, zone) in enumerate(TEAMS):
        team, people = c.teams[name], c.of(name)
        begins = c.hour.replace(hour=8) + timedelta(days=3 + number)
        schedule = Schedule.objects.create(
            team=team,
            name=f"{name} on call",
            slug=f"demo-{slugify(name)}",
            timezone=zone,
            is_demo=True,
            created_at=c.now - timedelta(days=30 * MONTHS),
        )
        rotation = Rotation.objects.create(schedule=schedule, name="Weekly", starts_at=f"{c.monday:%Y-%m-%dT%H:%M}")
        RotationMember.objects.bulk_create(
            RotationMember(rotation=rotation, person=p, turn=turn) for turn, p in enumerate(people)
        )
        Override.objects.create(
            schedule=schedule,
            person=people[-1],
            starts_at=begins,
            ends_at=begins + timedelta(hours=10),
            reason="Doctor's appointment",
            created_by=people[0],
        )
        policy = EscalationPolicy.objects.create(team=team, name=f"{name}", slug=f"demo-{slugify(name)}", is_demo=True)
        targets: tuple[dict[str, Any], ...] = ({"schedule": schedule}, {"person": people[0]}, {"team": team})
        for position, target in enumerate(targets):
            step = EscalationStep.objects.create(policy=policy, position=position, wait_seconds=300)
            StepTarget.objects.create(step=step, **target)
        c.policies[name] = policy
        Service.objects.filter(team=team).update(policy=policy)
        integration = Integration.objects.create(
            team=team,
            source="alertmanager",
            name=f"Prometheus of {name}",
            slug=f"demo-prometheus-{slugify(name)}",
            key_hash=fingerprint(new_key("wri")),
            key_hint="wri_",
            is_demo=True,
            last_signal_at=c.now,
            service=next(s for s in c.services if s.team_id == team.pk),
        )
        open_inbox(integration.pk)
        c.integrations.append(integration)
        for person in people:
            method = ContactMethod.objects.create(
                person=person,
                channel="browser",
                label="Open browser tab",
                settings={"person": person.pk},
                description="any open tab",
            )
            NotificationRule.objects.bulk_create(
                NotificationRule(person=person, contact_method=method, urgency=urgency) for urgency in Urgency.values
            )
    for service in c.services:
        c.mitigations.append(
            Mitigation.objects.create(
                team=service.team,
                service=service,
                kind="roll_back",
                name=f"Roll back {service.name}",
                slug=service.slug.replace("demo-", "demo-roll-back-", 1),
                how="1. Open the pipeline.\n2. Choose the release before the current one.\n3. Press “Deploy”.\n4. Wait three minutes.",
                check_text="The error rate on the dashboard falls below 0.5 %.",
                undo="Deploy the newest release.",
                risk="low",
                is_demo=True,
            )
        )


def on_call(c: Company, team: str, start: datetime, end: datetime) -> set[int]:
    """The numbers of those of a team who are on call in a time."""
    schedule = Schedule.objects.get(slug=f"demo-{slugify(team)}")
    plan = plans_of([schedule], start, end)[schedule.pk]
    return {shift.person for shift in rules.final_shifts(plan, start, end)}


def away(c: Company) -> None:
    """Who is on holiday, and a shift that looks for somebody."""
    for number, (name, people) in enumerate(c.people.items()):
        begins = c.hour.replace(hour=7) + timedelta(days=9 + 4 * number)
        while {people[1].pk} & on_call(c, name, begins, begins + timedelta(days=10)):
            begins += timedelta(days=7)  # whoever goes on holiday has looked at the rota first
        Absence.objects.create(
            person=people[1], starts_at=begins, ends_at=begins + timedelta(days=10), reason="Holiday", paged=False
        )
    schedule = Schedule.objects.get(slug="demo-booking")
    *others, who = c.of("Booking")
    begins = c.hour.replace(hour=8) + timedelta(days=3)  # the override of `paging` is theirs
    swap = Swap.objects.create(
        schedule=schedule,
        offered_by=who,
        starts_at=begins,
        ends_at=begins + timedelta(hours=8),
        reason="A wedding",
        expires_at=begins,
    )
    swap.offered_to.set(others)


def work(c: Company) -> None:
    """Work that is planned: alerts of these services page nobody meanwhile."""
    begins = c.hour.replace(hour=21) + timedelta(days=3)
    window = MaintenanceWindow.objects.create(
        team=c.teams["Platform"],
        title="A faster database",
        author=c.of("Platform")[0],
        starts_at=begins,
        ends_at=begins + timedelta(hours=2),
        due_at=begins,
    )
    window.services.set([each for each in c.services if each.name == "Ledger database"])


def status_page(c: Company) -> None:
    """What the customers of the company see."""
    page = StatusPage.objects.create(
        team=c.teams["Booking"],
        name="Fernweh status",
        slug="demo-fernweh",
        description="How our services are doing.",
        is_demo=True,
    )
    c.pages.append(page)
    group = ComponentGroup.objects.create(page=page, name="Travel")
    for position, service in enumerate(s for s in c.services if s.tier == 1 and s.team.name != "Platform"):
        Component.objects.create(
            page=page,
            service=service,
            name=service.name,
            position=position,
            group=group if position < 2 else None,
            automatic=Component.Automatic.PROPOSED,
            look_at=c.now,
            created_at=c.now,
            changed_at=c.now,
        )
    begins = c.hour.replace(hour=21) + timedelta(days=3)
    work = Maintenance.objects.create(
        page=page,
        title="A faster database",
        starts_at=begins,
        ends_at=begins + timedelta(hours=2),
        due_at=begins,
        created_at=c.now,
    )
    work.components.set(page.components.all()[:1])
    MaintenanceNote.objects.create(
        maintenance=work, stage="scheduled", text="You can look at bookings, and make none.", at=c.now
    )
    for team in c.teams.values():
        UpdateTemplate.objects.create(
            team=team,
            name=f"Holding statement of {team.name}",
            slug=f"demo-holding-{team.slug}",
            severities=[1, 2],
            happening="{services} does not work as it should.",
            doing="We are looking for the reason and tell you more within 30 minutes.",
            is_demo=True,
        )
        StakeholderList.objects.create(
            team=team, name=f"Friends of {team.name}", slug=f"demo-friends-{team.slug}", is_demo=True
        )
