"""What has happened to the made-up company: alerts, incidents, postmortems and actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..accounts.models import Person
from ..actions.models import ActionEvent, ActionItem
from ..catalog.models import Service
from ..evidence.models import Change
from ..incidents.models import Incident, KeyTime, LogEntry, RoleAssignment, Update
from ..intake.models import Alert, AlertGroup, GroupEvent
from ..kernel.signing import fingerprint
from ..mitigations.models import MitigationRun
from ..paging.models import Escalation, Notification
from ..postmortems.models import Postmortem
from ..status.models import Component, ComponentImpact, ComponentSpan, PublicIncident, PublishedUpdate
from .company import CAUSES, IMPACT, RELEASES, Cause
from .standing import MONTHS, Company

GROUPS = 6_000
INCIDENTS = 120


def alerts(c: Company) -> list[AlertGroup]:
    groups: list[AlertGroup] = []
    start = c.now - timedelta(days=30 * MONTHS)
    by_team = {integration.team_id: integration for integration in c.integrations}
    for number in range(GROUPS):
        service, cause = c.random.choice(c.services), c.random.choice(CAUSES)
        opened = start + (c.now - start) * (number / GROUPS) + timedelta(minutes=c.random.randint(-600, 0))
        severity = c.random.choices(("critical", "error", "warning", "info"), (10, 25, 50, 15))[0]
        self_resolved = c.random.random() < 0.55
        lasts = timedelta(minutes=c.random.expovariate(1 / (8 if self_resolved else 45)) + 1)
        firing = number >= GROUPS - 4
        acknowledged = (
            None
            if self_resolved or number >= GROUPS - 2
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
                acknowledged_by=c.random.choice(c.of(service.team.name)) if acknowledged else None,
                resolved_at=ended,
                is_demo=True,
            )
        )
    AlertGroup.objects.bulk_create(groups, batch_size=500)
    Alert.objects.bulk_create(
        (
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
        ),
        batch_size=500,
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
    GroupEvent.objects.bulk_create(events, batch_size=1000)
    _pages(c, [group for group in groups if group.urgency == "high" and group.resolved_at])
    return groups


def changes(c: Company, led: list[Incident]) -> None:
    """Deploys of the last two months, with one just before the incident that is running."""
    made = []

    def deploy(service: Service, at: datetime) -> None:
        made.append(
            Change(
                service=service,
                at=at,
                kind=Change.Kind.DEPLOY,
                title=c.random.choice(RELEASES).format(service=service.name),
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
    if (suspect := led[-1].services.first()) is not None:
        deploy(suspect, c.now - timedelta(minutes=47))
    Change.objects.bulk_create(made, batch_size=500)


def _pages(c: Company, groups: list[AlertGroup]) -> None:
    """Who was paged for what is over: whoever answered, else whose week it was."""
    escalations = Escalation.objects.bulk_create(
        (
            Escalation(
                kind=Escalation.Kind.ALERT_GROUP,
                subject_id=group.pk,
                title=group.title,
                path=f"/alerts/{group.pk}",
                team=group.team,
                policy=group.policy,
                plan={},
                started_at=group.opened_at,
                ended_at=group.acknowledged_at or group.resolved_at,
                end=Escalation.End.ACKNOWLEDGED if group.acknowledged_at else Escalation.End.RESOLVED,
                ended_by=group.acknowledged_by,
            )
            for group in groups
        ),
        batch_size=500,
    )
    paged: list[Notification] = []
    for group, escalation in zip(groups, escalations, strict=True):
        assert group.team is not None
        own = c.of(group.team.name)
        person = group.acknowledged_by or own[group.opened_at.isocalendar().week % len(own)]
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


def incidents(c: Company, groups: list[AlertGroup]) -> list[Incident]:
    chosen = [groups[int((number + 0.5) * (GROUPS - 40) / (INCIDENTS - 1))] for number in range(INCIDENTS - 1)] + [
        groups[-1]
    ]
    incidents = []
    for number, group in enumerate(chosen):
        incidents.append(_incident(c, group, CAUSES[number % len(CAUSES)], running=number == INCIDENTS - 1))
    return incidents


def _incident(c: Company, group: AlertGroup, cause: Cause, *, running: bool) -> Incident:
    service = group.service
    assert service is not None
    own = c.of(service.team.name)
    commander, fixer, voice = c.random.sample(own, 3)
    severity = c.random.choices((1, 2, 3, 4), (10, 25, 45, 20))[0] if not running else 2
    began = c.now - timedelta(minutes=38) if running else group.opened_at
    said = {"n": c.random.randint(3, 40), "time": f"{began - timedelta(minutes=9):%H:%M}"}
    minutes = [c.random.randint(2, 6)]
    for low, high in ((1, 4), (2, 9), (3, 12), (2, 8), (3, 10), (5, 25), (10, 60)):
        minutes.append(minutes[-1] + c.random.randint(low, high))
    if running:
        minutes = [3, 5, 8, 14, 19, 24, 40, 60]
    at = [began + timedelta(minutes=m) for m in minutes]
    incident = Incident.objects.create(
        title=f"{service.name}: {cause.symptom.format(**said)}"[:200],
        severity=severity,
        status="active" if running else "resolved",
        team=service.team,
        impact=c.random.choice(IMPACT).format(**said),
        summary=f"{cause.right.format(**said)}."
        if not running
        else "We suspect the latest deploy; rolling back is under way.",
        declared_at=at[0],
        declared_by=commander,
        is_demo=True,
        next_update_at=c.now + timedelta(minutes=12) if running else None,
    )
    incident.services.add(service)
    incident.alert_groups.add(group)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(
            incident=incident,
            role=role,
            person=person,
            assigned_by=commander,
            assigned_at=at[0],
            accepted_at=at[0] + timedelta(minutes=1),
        )
        for role, person in (("commander", commander), ("operations", fixer), ("communications", voice))
    )
    _log(c, incident, cause, said, at, (commander, fixer, voice), running)
    moments: list[tuple[str, datetime, str]] = [
        ("started", began, "first alert started"),
        ("detected", began + timedelta(minutes=1), "first alert seen"),
        ("acknowledged", began + timedelta(minutes=2), "first acknowledgement"),
        ("declared", at[0], "declared"),
    ]
    if not running:
        moments += [("mitigated", at[6], "marked as mitigated"), ("resolved", at[7], "marked as resolved")]
    KeyTime.objects.bulk_create(
        KeyTime(incident=incident, moment=moment, at=when, recorded_at=when, provenance=why)
        for moment, when, why in moments
    )
    _updates(c, incident, service, at, voice, running)
    if not running and severity <= 3:
        _postmortem(c, incident, cause, said, at, commander, own)
    return incident


def _log(
    c: Company,
    incident: Incident,
    cause: Cause,
    said: dict[str, Any],
    at: list[datetime],
    who: tuple[Person, Person, Person],
    running: bool,
) -> None:
    commander, fixer, voice = who

    def entry(kind: str, when: datetime, author: Person | None, text: str, **more: Any) -> LogEntry:
        return LogEntry.objects.create(
            incident=incident, kind=kind, at=when, written_at=when, author=author, text=text, **more
        )

    entry(
        "system", at[0], None, f"{commander} declared the incident as SEV{incident.severity}.", type="incident.declared"
    )
    entry("symptom", at[1], fixer, f"{cause.symptom.format(**said)}.", pinned=True)
    wrong = entry("hypothesis", at[2], fixer, f"{cause.wrong}?", standing="ruled_out", tester=fixer)
    entry(
        "action",
        at[2] + timedelta(minutes=1),
        fixer,
        "Compared with the other region and the provider's status page.",
        parent=wrong,
    )
    entry("result", at[3], fixer, "Everything is normal there: not this.", parent=wrong)
    right = entry(
        "hypothesis",
        at[3],
        fixer,
        f"{cause.right.format(**said)}.",
        standing="testing" if running else "confirmed",
        tester=fixer,
    )
    entry("decision", at[4], commander, f"{cause.mitigation} first; we look for the reason afterwards.", pinned=True)
    run = MitigationRun.objects.create(
        incident=incident,
        kind=cause.kind,
        title=cause.mitigation,
        started_by=fixer,
        started_at=at[5],
        ended_at=None if running else at[6],
        outcome="" if running else "worked",
        note="" if running else "Back to normal within four minutes.",
    )
    entry("action", at[5], fixer, f"Started: {run.title}.", parent=right, type="mitigation.started")
    if not running:
        entry(
            "result",
            at[6],
            fixer,
            "It worked. Error rate and latency are back to normal.",
            parent=right,
            type="mitigation.finished",
        )
        entry(
            "note",
            at[6] + timedelta(minutes=2),
            voice,
            "Support has been told; no further complaints for five minutes.",
        )
        entry("system", at[7], None, f"{commander} resolved the incident.", type="incident.resolved")


def _updates(
    c: Company, incident: Incident, service: Service, at: list[datetime], voice: Person, running: bool
) -> None:
    told: Iterable[tuple[str, datetime, str, datetime | None]] = [
        ("investigating", at[1], f"We see problems with {service.name} and are looking into them.", at[4]),
        (
            "identified",
            at[4],
            "We have found a way to stop it and are applying it.",
            c.now + timedelta(minutes=12) if running else at[7],
        ),
    ]
    if not running:
        told = [*told, ("resolved", at[7], f"{service.name} works normally again. We are sorry for the trouble.", None)]
    updates = [
        Update.objects.create(
            incident=incident,
            stage=stage,
            happening=text,
            impact=incident.impact,
            doing="We keep you informed here.",
            published_at=when,
            published_by=voice,
            next_update_at=following,
        )
        for stage, when, text, following in told
    ]
    component = Component.objects.filter(page=c.pages[0], service=service).first()
    if component is None:
        return
    public = PublicIncident.objects.create(
        page=c.pages[0],
        incident=incident,
        title=f"Problems with {service.name}",
        opened_at=at[1],
        resolved_at=None if running else at[7],
    )
    state = {1: "major_outage", 2: "partial_outage"}.get(incident.severity, "degraded_performance")
    ComponentImpact.objects.create(public_incident=public, component=component, state=state)
    ComponentSpan.objects.create(
        component=component,
        cause=ComponentSpan.Cause.INCIDENT,
        subject=public.pk,
        state=state,
        started_at=public.opened_at,
        ended_at=public.resolved_at,
    )
    PublishedUpdate.objects.bulk_create(PublishedUpdate(public_incident=public, update=update) for update in updates)


def _postmortem(
    c: Company,
    incident: Incident,
    cause: Cause,
    said: dict[str, Any],
    at: list[datetime],
    author: Person,
    own: list[Person],
) -> None:
    published = incident.declared_at + timedelta(days=6)
    is_published = published < c.now - timedelta(days=3)
    right = cause.right.format(**said)
    Postmortem.objects.create(
        incident=incident,
        state="published" if is_published else "in_review",
        summary=f"{incident.title}. {right}. “{cause.mitigation}” helped after {int((at[6] - at[0]).total_seconds() // 60)} minutes.",
        impact=incident.impact,
        detection=f"The alert {cause.alert} fired within a minute.",
        timeline="\n".join(
            f"- **{when:%H:%M}** {what}"
            for when, what in (
                (at[0], "Declared"),
                (at[2], f"First hypothesis: {cause.wrong.lower()}; ruled out"),
                (at[5], cause.mitigation),
                (at[6], "Mitigated"),
                (at[7], "Resolved"),
            )
        ),
        root_cause=f"{right}. {cause.lesson}.",
        factors=f"- {cause.lesson}.\n- The dashboard did not show it on its first page.",
        went_well="- Roles were taken within two minutes.\n- We mitigated before we looked for the reason.",
        went_badly="- The first hypothesis took us too long.",
        lucky="- It happened during the day.",
        lessons=f"{cause.lesson}.",
        created_at=at[7] + timedelta(days=1),
        created_by=author,
        submitted_at=at[7] + timedelta(days=3),
        published_at=published if is_published else None,
        published_by=author if is_published else None,
    )
    for title, kind in (
        (cause.action, "prevent"),
        (f"Show {cause.alert} on the first page of the dashboard", "detect"),
    ):
        due = (incident.declared_at + timedelta(days=c.random.randint(14, 60))).date()
        done = due < c.now.date() and c.random.random() < 0.85
        owner = c.random.choice(own)
        action = ActionItem.objects.create(
            incident=incident,
            team=incident.team,
            title=title,
            kind=kind,
            priority=c.random.choice((1, 2, 2, 3)),
            owner=owner,
            due_on=due,
            state="done" if done else "open",
            created_at=published,
            created_by=author,
            remind_at=None if done else max(c.now + timedelta(days=1), incident.declared_at + timedelta(days=14)),
            ended_at=published + timedelta(days=c.random.randint(1, 30)) if done else None,
            is_demo=True,
        )
        ActionEvent.objects.create(action=action, at=published, kind="created", person=author)
        if done:
            ActionEvent.objects.create(action=action, at=action.ended_at or c.now, kind="done", person=owner)
