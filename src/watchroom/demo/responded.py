"""How the made-up company has responded: incidents with their logs, updates, postmortems and actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..accounts.models import Person
from ..actions.models import ActionEvent, ActionItem
from ..catalog.models import Service
from ..incidents.models import Incident, KeyTime, LogEntry, RoleAssignment, Update
from ..intake.models import AlertGroup
from ..mitigations.models import MitigationRun
from ..postmortems.models import Postmortem
from ..status.models import Component, ComponentImpact, ComponentSpan, PublicIncident, PublishedUpdate
from .company import CAUSES, IMPACT, Cause
from .fired import GROUPS
from .standing import BadDeploy, Company

INCIDENTS = 120


def incidents(c: Company, groups: list[AlertGroup]) -> list[Incident]:
    """Incidents over the same time, the last one still running."""
    urgent = [group for group in groups[: GROUPS - 40] if group.urgency == "high"]
    chosen = [urgent[int((number + 0.5) * len(urgent) / (INCIDENTS - 1))] for number in range(INCIDENTS - 1)]
    causes = {cause.alert: cause for cause in CAUSES}
    over = [_incident(c, group, causes[group.rule], running=False) for group in chosen]
    return [*over, _incident(c, groups[-1], causes[groups[-1].rule], running=True)]


def _incident(c: Company, group: AlertGroup, cause: Cause, *, running: bool) -> Incident:
    service = group.service
    assert service is not None
    own = c.of(service.team.name)
    commander, fixer, voice = c.random.sample(own, 3)
    severity = c.random.choices((1, 2, 3, 4), (10, 25, 45, 20))[0] if not running else 2
    began = c.now - timedelta(minutes=38) if running else group.opened_at
    percent = c.random.randint(3, 40)
    said = {"n": percent, "time": f"{began - timedelta(minutes=9):%H:%M}"}
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
        impact=IMPACT[service.team.name].format(**said),
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
    if cause.kind == "roll_back":
        kept_at, ended = (at[4], None) if running else (at[7], at[6])
        c.bad_deploys.append(BadDeploy(group, began, percent, fixer, kept_at, incident, ended))
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
    known = {each.service_id: each for each in c.mitigations} if cause.kind == "roll_back" else {}
    service = incident.services.get()
    run = MitigationRun.objects.create(
        incident=incident,
        mitigation=known.get(service.pk),
        kind=cause.kind,
        title=known[service.pk].name if service.pk in known else cause.mitigation,
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
    published = min(incident.declared_at + timedelta(days=6), c.now - timedelta(hours=2))
    is_published = incident.declared_at < c.now - timedelta(days=12)
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
        created_at=min(at[7] + timedelta(days=1), c.now - timedelta(hours=5)),
        created_by=author,
        submitted_at=min(at[7] + timedelta(days=3), c.now - timedelta(hours=3)),
        published_at=published if is_published else None,
        published_by=author if is_published else None,
    )
    for title, kind in (
        (cause.action, "prevent"),
        (f"Show {cause.alert} on the first page of the dashboard", "detect"),
    ):
        due = (incident.declared_at + timedelta(days=c.random.randint(14, 60))).date()
        early = c.random.random() < 0.85
        done = due < c.now.date() and (early or due < c.now.date() - timedelta(days=60))
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
            ended_at=min(published + timedelta(days=c.random.randint(1, 30)), c.now - timedelta(hours=1))
            if done
            else None,
            is_demo=True,
        )
        ActionEvent.objects.create(action=action, at=published, kind="created", person=author)
        if done:
            ActionEvent.objects.create(action=action, at=action.ended_at or c.now, kind="done", person=owner)
