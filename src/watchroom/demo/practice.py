"""What the made-up company has practised: one drill with its debrief."""

from __future__ import annotations

from datetime import timedelta

from ..accounts.actors import SYSTEM
from ..actions.models import ActionEvent, ActionItem
from ..drills import queries
from ..drills.commands import from_library
from ..drills.models import Drill, DrillInject, DrillNote
from ..incidents.models import Incident, KeyTime, LogEntry, RoleAssignment, Update
from ..intake.commands import drill_integration
from ..intake.models import Alert, AlertGroup
from ..kernel.signing import fingerprint
from .standing import Company

TEAM = "Booking"
_WENT_WELL = ("The roll-back came before anybody knew why", "One person decided, and said so each time")
_TO_MEND = ("Nobody found at once who may publish an update", "The version that runs is shown nowhere")
_SAID = (
    (4, "symptom", "One request of eight fails; it began ten minutes ago"),
    (6, "hypothesis", "The deploy of 2.41 has broken it"),
    (11, "action", "Rolled back to 2.40"),
    (14, "result", "Errors are down to 0.1 %"),
)


def practice(c: Company) -> None:
    """A bad deploy, practised two weeks ago by three of a team."""
    team, (lead, first, second, third, *_) = c.teams[TEAM], c.of(TEAM)
    service = next(each for each in c.services if each.team_id == team.pk)
    scenario = from_library(SYSTEM, "bad-deploy", team=team, services=[service])
    began = c.hour - timedelta(days=14, hours=c.hour.hour - 10)
    ended = began + timedelta(minutes=24)
    scenario.is_demo, scenario.created_at = True, began - timedelta(days=7)
    scenario.save(update_fields=["is_demo", "created_at"])
    integration = drill_integration(team)
    integration.is_demo = True
    integration.save(update_fields=["is_demo"])
    title, minute = f"{service.name}: 12 % of requests fail", timedelta(minutes=1)
    group = AlertGroup.objects.create(
        group_key=fingerprint("demo practice"), integration=integration, service=service, team=team, title=title,
        rule="HighErrorRate", severity="critical", drill=True, total=1, opened_at=began, last_alert_at=began,
        acknowledged_at=began + 2 * minute, acknowledged_by=first, resolved_at=began + 20 * minute, is_demo=True,
    )  # fmt: skip
    Alert.objects.create(
        integration=integration, group=group, dedup_key="demo-practice", title=title, severity="critical",
        labels={"alertname": "HighErrorRate", "service": service.slug}, starts_at=began, first_seen_at=began,
        last_seen_at=began, ended_at=began + 20 * minute,
    )  # fmt: skip
    incident = Incident.objects.create(
        title=title, severity=2, status="resolved", team=team, drill=True, declared_at=began + 3 * minute,
        declared_by=first, guide_at=None, is_demo=True,
    )  # fmt: skip
    incident.services.add(service)
    incident.alert_groups.add(group)
    for role, person, after in (("commander", first, 4), ("communications", second, 16)):
        at = began + after * minute
        RoleAssignment.objects.create(incident=incident, role=role, person=person, assigned_at=at, accepted_at=at)
    system = [
        (3, "incident.declared", f"{first} declared SEV2: {title}"),
        (20, "incident.resolved", f"{first} resolved it"),
    ]
    for after, type, text in system:
        at = began + after * minute
        LogEntry.objects.create(
            incident=incident, kind="system", type=type, text=text, author=first, at=at, written_at=at
        )
    for after, kind, text in _SAID:
        at = began + after * minute
        standing = "confirmed" if kind == "hypothesis" else ""
        LogEntry.objects.create(
            incident=incident, kind=kind, text=text, author=third, at=at, written_at=at, standing=standing
        )
    for moment, after in (("mitigated", 14), ("resolved", 20)):
        at = began + after * minute
        KeyTime.objects.create(incident=incident, moment=moment, at=at, recorded_at=at, provenance=f"{first} said so")
    Update.objects.create(
        incident=incident, happening="Some requests fail.", impact="One checkout of eight", doing="We roll back.",
        published_at=began + 18 * minute, published_by=second,
    )  # fmt: skip
    names = ("name", "story", "severity", "minutes", "injects", "expectations")
    drill = Drill.objects.create(
        scenario=scenario, team=team, facilitator=lead, planned_for=began, planned_at=began - timedelta(days=5),
        planned_by=lead, state=Drill.State.ENDED, plan={name: getattr(scenario, name) for name in names},
        started_at=began - timedelta(seconds=2), began_at=began, ended_at=ended, ended_why=f"ended by {lead}",
        incident=incident, shared_at=ended + 20 * minute, is_demo=True,
    )  # fmt: skip
    drill.participants.set([first, second, third])
    came = {"alert": 0, "message": 7, "fact": 9, "alert_ends": 20}
    for number, content in enumerate(scenario.injects, 1):
        seen = content["kind"] != "fact" or number < 5
        DrillInject.objects.create(
            drill=drill, number=number, content=content, state="delivered" if seen else "skipped",
            at=began + came[content["kind"]] * minute if seen else ended, outcome="Written in the room" if seen else "",
        )  # fmt: skip
    score = queries.score_of(drill)
    drill.percent = score.percent if score else None
    drill.save(update_fields=["percent"])
    item = ActionItem.objects.create(
        team=team, title="Show the running version on the dashboard", kind="process", owner=third, is_demo=True,
        due_on=(ended - timedelta(days=-7)).date(), state="done", ended_at=ended + timedelta(days=6),
        created_at=ended + 15 * minute, created_by=first,
    )  # fmt: skip
    ActionEvent.objects.create(action=item, at=item.created_at, kind="created", person=first)
    ActionEvent.objects.create(action=item, at=ended + timedelta(days=6), kind="done", person=third)
    said = [("well", text, None) for text in _WENT_WELL] + [("mend", _TO_MEND[0], None), ("mend", _TO_MEND[1], item)]
    for after, (kind, text, action) in enumerate(said):
        by = (first, second, third, third)[after]
        DrillNote.objects.create(drill=drill, kind=kind, text=text, at=ended + after * minute, by=by, action=action)
