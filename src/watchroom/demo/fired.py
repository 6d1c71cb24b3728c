"""What has fired at the made-up company: alerts, whom they paged, what was changed before."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..catalog.models import Service
from ..evidence.models import Change
from ..intake.models import Alert, AlertGroup, GroupEvent
from ..kernel.db import insert_all
from ..kernel.signing import fingerprint
from ..paging.commands import plan_of
from ..paging.models import Escalation, Notification
from .company import CAUSES, FLAGS, RELEASES
from .standing import MONTHS, Company

GROUPS = 6_000


def alerts(c: Company) -> list[AlertGroup]:
    """Half a year of alert groups, with their alerts and pages; the last few still fire."""
    groups: list[AlertGroup] = []
    start = c.now - timedelta(days=30 * MONTHS)
    by_name = {service.name: service for service in c.services}
    by_team = {integration.team_id: integration for integration in c.integrations}
    for number in range(GROUPS):
        service, cause = c.random.choice(c.services), c.random.choice(CAUSES)
        opened = start + (c.now - start) * (number / GROUPS) + timedelta(minutes=c.random.randint(-600, 0))
        severity = c.random.choices(("critical", "error", "warning", "info"), (10, 25, 50, 15))[0]
        if number == GROUPS - 1:  # what the incident that runs is about
            service, cause, severity = by_name["Checkout"], CAUSES[0], "critical"
            opened = c.now - timedelta(minutes=38)
        if number == GROUPS - 3:  # for which a roll-back is proposed
            service, cause, severity = by_name["Invoices"], CAUSES[0], "error"
            opened = c.now - timedelta(minutes=52)
        self_resolved = c.random.random() < 0.55
        lasts = timedelta(minutes=c.random.expovariate(1 / (8 if self_resolved else 45)) + 1)
        firing = number >= GROUPS - 4
        acknowledged = (
            None
            if (self_resolved and not firing) or number == GROUPS - 2
            else opened + timedelta(minutes=c.random.expovariate(1 / 4) + 0.3)
        )
        ended = None if firing else opened + lasts
        if acknowledged and ended and acknowledged > ended:
            acknowledged = None
        groups.append(
            AlertGroup(
                group_key=fingerprint(f"demo {number}"),
                group_labels={"alertname": cause.alert},
                integration=by_team[service.team_id],
                service=service,
                team=service.team,
                policy=c.policies[service.team.name],
                title=f"{cause.alert} in {service.name}",
                rule=cause.alert,
                verdict=_verdict(c, acknowledged is not None, self_resolved) if ended else "",
                severity=severity,
                urgency="high" if severity in {"critical", "error"} else "low",
                firing=1 if firing else 0,
                total=1,
                opened_at=opened,
                last_alert_at=opened,
                acknowledged_at=acknowledged,
                acknowledged_by=c.on_duty(service.team.name, opened) if acknowledged else None,
                resolved_at=ended,
                is_demo=True,
            )
        )
    insert_all(groups)
    insert_all(
        [
            Alert(
                integration=group.integration,
                group=group,
                dedup_key=f"demo-{group.pk}",
                title=group.title,
                severity=group.severity,
                labels={
                    **group.group_labels,
                    "service": group.service.slug if group.service else "",
                    "instance": f"10.0.{group.pk % 200}.{group.pk % 99}:9090",
                },
                annotations={"summary": group.title},
                starts_at=group.opened_at,
                first_seen_at=group.opened_at,
                last_seen_at=group.resolved_at or c.now,
                ended_at=group.resolved_at,
                expires_at=None if group.resolved_at else c.now + timedelta(days=30),
                times=3,
            )
            for group in groups
        ]
    )
    events: list[GroupEvent] = []
    for group in groups:
        events.append(GroupEvent(group=group, at=group.opened_at, kind="opened"))
        if group.acknowledged_at:
            events.append(
                GroupEvent(group=group, at=group.acknowledged_at, kind="acknowledged", person=group.acknowledged_by)
            )
        if group.resolved_at:
            events.append(GroupEvent(group=group, at=group.resolved_at, kind="resolved", text="every alert has ended"))
    insert_all(events)
    _pages(c, [group for group in groups if group.urgency == "high" and group.resolved_at])
    return groups


def changes(c: Company) -> None:
    """Deploys of the last two months, and the flags that were turned; what broke something comes with what was seen."""
    made = []

    def deploy(service: Service, at: datetime) -> None:
        made.append(
            Change(
                service=service,
                at=at,
                kind=Change.Kind.DEPLOY,
                title=c.random.choice(RELEASES),
                version=f"{at:%Y.%V}.{c.random.randint(1, 9)}",
                author=c.random.choice(c.of(service.team.name)).name,
                source="Pipeline",
                is_demo=True,
                recorded_at=at,
            )
        )

    for service in c.services:
        at = c.now - timedelta(days=60)
        while (at := at + timedelta(hours=c.random.expovariate(1 / 96) + 4)) < c.now - timedelta(hours=2):
            deploy(service, at)
    by_name = {service.name: service for service in c.services}
    for name, ago, title in FLAGS:
        service, at = by_name[name], c.now - ago
        author = c.random.choice(c.of(service.team.name)).name
        made.append(
            Change(
                service=service, at=at, kind=Change.Kind.FLAG, title=title, author=author, source="Flags", is_demo=True,
                recorded_at=at,
            )
        )  # fmt: skip
    Change.objects.bulk_create(made, batch_size=500)


def _pages(c: Company, groups: list[AlertGroup]) -> None:
    """Who was paged for what is over: whoever answered, else whose week it was."""
    plans = {team: plan_of(policy).as_json() for team, policy in c.policies.items()}
    escalations = [
        Escalation(
            kind=Escalation.Kind.ALERT_GROUP,
            subject_id=group.pk,
            title=group.title,
            path=f"/alerts/{group.pk}",
            team=group.team,
            policy=group.policy,
            plan=plans[str(group.team)],
            started_at=group.opened_at,
            ended_at=group.acknowledged_at or group.resolved_at,
            end=Escalation.End.ACKNOWLEDGED if group.acknowledged_at else Escalation.End.RESOLVED,
            ended_by=group.acknowledged_by,
        )
        for group in groups
    ]
    insert_all(escalations)
    paged: list[Notification] = []
    for group, escalation in zip(groups, escalations, strict=True):
        assert group.team is not None
        person = c.on_duty(group.team.name, group.opened_at)
        paged.append(
            Notification(
                escalation=escalation,
                person=person,
                method_text="Browser",
                purpose=Notification.Purpose.PAGE,
                subject=group.title,
                path=f"/alerts/{group.pk}",
                reason=f"demo:{escalation.pk}+0",
                created_at=group.opened_at,
                ended_at=group.opened_at,
                state=Notification.State.DELIVERED,
            )
        )
    Notification.objects.bulk_create(paged, batch_size=500)


def _verdict(c: Company, answered: bool, self_resolved: bool) -> str:
    """What people said about it afterwards; not everybody does."""
    if not answered or c.random.random() < 0.4:
        return ""
    return str(c.random.choice(("nothing", "false", "duplicate") if self_resolved else ("acted", "acted", "nothing")))
