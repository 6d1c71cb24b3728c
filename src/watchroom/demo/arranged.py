"""What the made-up company has arranged for the next time, by the commands that a person would use. Nothing of it sends anything
out: its webhook is off, its checks rest, its calls are addresses, and what carries mitigations out asks for orders itself."""

from __future__ import annotations

import secrets
from datetime import time, timedelta

from ..accounts.actors import Actor, acting
from ..incidents.commands import save_follow_rule, save_rotation, save_type
from ..incidents.models import Incident, LogEntry, Task
from ..insights.pay_rules import set_pay
from ..intake.commands import save_inhibition, save_interval, save_route, save_silence
from ..mitigations.commands import save_mitigation, save_runner
from ..monitors.commands import Said, pause_check, ping_row, save_check, save_heartbeat
from ..oncall.models import Schedule
from ..outgoing.commands import save_webhook
from ..venues.commands import save_bridge, save_plan
from ..venues.models import Bridge, Venue
from ..workflows.commands import save_workflow
from ..workflows.models import WorkflowRun
from .standing import Company

_REGIONS = ("Frankfurt", "Dublin", "Both")


def lead(c: Company, team: str) -> Actor:
    """The manager of a team, acting."""
    return acting(c.of(team)[0])


def responding(c: Company) -> None:
    """Types of incidents, who is asked for roles, who follows, where people meet, and what is done by itself."""
    booking, platform, payments = c.teams["Booking"], c.teams["Platform"], c.teams["Payments"]
    by = lead(c, "Platform")
    outage = save_type(
        by, None, team=platform, name="Outage", slug="demo-outage", description="Customers can't do what they came for.",
        fields=[
            {"key": "region", "label": "Region", "kind": "choice", "options": _REGIONS, "filtered": True},
            {"key": "share", "label": "Customers hit, %", "kind": "number", "required": "resolved"},
            {"key": "dashboard", "label": "Dashboard", "kind": "link"},
        ],
    )  # fmt: skip
    leak = save_type(
        lead(c, "Payments"), None, team=payments, name="Data leak", slug="demo-data-leak", private=True,
        description="Somebody may have seen what is not theirs. Only those who are asked in see it here.",
        fields=[
            {"key": "records", "label": "People concerned", "kind": "number"},
            {"key": "regulator", "label": "Regulator told", "kind": "choice", "options": ("Yes", "Not needed"), "required": "resolved"},
            {"key": "told_on", "label": "Told on", "kind": "date", "help": "Within 72 hours of when we knew."},
        ],
    )  # fmt: skip
    for row in (outage, leak):
        row.is_demo = True
        row.save(update_fields=["is_demo"])
    rota = {name: Schedule.objects.get(slug=f"demo-{name.lower()}") for name in ("Booking", "Platform")}
    ledger = next(each for each in c.services if each.name == "Ledger database")
    save_rotation(lead(c, "Booking"), None, role="commander", team=booking, schedule=rota["Booking"], least_severity=2)
    save_rotation(by, None, role="expert", service=ledger, schedule=rota["Platform"], least_severity=2)
    save_follow_rule(by, None, group=platform, least_severity=1, team=platform, slug="demo-platform-follows")
    meet = save_bridge(
        lead(c, "Booking"), None, team=booking, kind="jitsi", name="Fernweh Meet", slug="demo-meet",
        settings={"url": "https://meet.fernweh.example/{room}"},
    )  # fmt: skip
    save_plan(lead(c, "Booking"), None, team=booking, name="A call for what is severe", slug="demo-call", bridge=meet)
    save_workflow(
        lead(c, "Booking"), None, team=booking, name="Something severe begins", slug="demo-severe-begins",
        triggers=["incident.declared"], conditions={"severities": [1, 2]},
        actions=[
            {"do": "tasks", "lines": ["Tell support what customers see", "Look what was deployed in the last hour"]},
            {"do": "update", "template": "demo-holding-demo-booking"},
            {"do": "log", "text": "{severity}: the call of the railways' desk is +49 30 555 0100."},
        ],
    )  # fmt: skip
    save_webhook(
        lead(c, "Data"), None, team=c.teams["Data"], name="Data warehouse", slug="demo-data-warehouse",
        url="https://warehouse.fernweh.example/incidents", events=["incident.*", "action_item.*"], enabled=False,
    )  # fmt: skip


def answered(c: Company, led: list[Incident]) -> None:
    """What incidents have said to their type, and what the workflow did in those of its team."""
    outage = c.teams["Platform"].incident_types.get(slug="demo-outage")
    severe = [each for each in led if each.severity <= 2]
    for number, incident in enumerate(severe):
        incident.type = outage
        incident.custom = {"region": _REGIONS[number % 3], "share": 3 + 7 * number % 40}
    Incident.objects.bulk_update(severe, ["type", "custom"])
    workflow = c.teams["Booking"].workflows.get()
    runs = []
    for incident in [each for each in severe if each.team_id == workflow.team_id][-6:]:
        done = ("added 2 tasks", "drafted an update from “Holding statement of Booking”", "wrote into the log")
        runs.append(
            WorkflowRun(
                workflow=workflow, incident=incident, event_key=c.uuid(), event_type="incident.declared",
                actions=workflow.actions, state="done", at=incident.declared_at,
                ended_at=incident.declared_at + timedelta(seconds=2),
                results=[
                    {"do": action["do"], "ok": True, "text": text, "told": True}
                    for action, text in zip(workflow.actions, done, strict=True)
                ],
            )
        )  # fmt: skip
    WorkflowRun.objects.bulk_create(runs)
    for run in runs:
        _tasks(run.incident, workflow.actions[0]["lines"], str(workflow))


def _tasks(incident: Incident, lines: list[str], workflow: str) -> None:
    """What a workflow has added to what is to be done: the first was done soon; the last is still open while it runs."""
    at = incident.declared_at + timedelta(seconds=1)
    roles = {row.role: row.person for row in incident.roles.select_related("person")}
    for number, (line, role) in enumerate(zip(lines, ("communications", "operations"), strict=True)):
        done = number == 0 or not incident.is_open
        Task.objects.create(
            incident=incident, text=line, assignee=roles[role], state="done" if done else "doing", created_at=at,
            ended_at=at + timedelta(minutes=4 + 5 * number) if done else None,
        )  # fmt: skip
        LogEntry.objects.create(
            incident=incident, kind="system", type="task.added", text=f"Workflow “{workflow}” added a task: {line}", at=at,
            written_at=at,
        )  # fmt: skip


def meeting(c: Company, led: list[Incident]) -> None:
    """The call of the incident that runs, opened by the plan of its team."""
    running, at = led[-1], led[-1].declared_at + timedelta(seconds=4)
    bridge = Bridge.objects.get(slug="demo-meet")
    room = f"watchroom-{running.pk}"
    venue = Venue.objects.create(
        incident=running, kind=Venue.Kind.CALL, bridge=bridge, state=Venue.State.OPEN, room=room, name="Jitsi Meet",
        url=bridge.settings["url"].format(room=room), asked_at=running.declared_at, opened_at=at,
    )  # fmt: skip
    LogEntry.objects.create(
        incident=running, kind="system", type="venue.opened", text=f"A call is open: {venue.name} {venue.url}", at=at,
        written_at=at, data={"venue": venue.pk},
    )  # fmt: skip


def watching(c: Company) -> None:
    """What is watched besides alerts, and what keeps alerts from paging."""
    by, own = lead(c, "Timetables"), c.teams["Timetables"]
    services = {each.name: each for each in c.services}
    week = 7 * 86_400
    heartbeat = save_heartbeat(
        by, None, team=own, name="Archive of last week's positions", slug="demo-archive", service=services["Live positions"],
        period_seconds=week, grace_seconds=86_400, severity="warning", description="Every Monday, after the night's import.",
    )  # fmt: skip
    ping_row(heartbeat.pk, Said("success"))
    check = save_check(
        by, None, team=own, name="The timetable answers", slug="demo-timetable", service=services["Timetable API"],
        kind="http", settings={"url": "https://timetable.fernweh.example/health"}, description="Rests: nothing is asked.",
    )  # fmt: skip
    for row in (heartbeat, pause_check(by, check, True)):
        row.is_demo = True
        row.save(update_fields=["is_demo"])
    begins = c.hour.replace(hour=0) + timedelta(days=1)
    save_silence(
        by, None, team=own, matchers=['alertname="HighLatency"', 'service="demo-import-of-railways"'],
        starts_at=begins, ends_at=begins + timedelta(hours=3), repeats="FREQ=DAILY", timezone="Europe/London",
        comment="It reads 42 feeds at night, and may be slow then.", confirm=True,
    )  # fmt: skip
    save_inhibition(
        lead(c, "Platform"), None, team=c.teams["Platform"], name="A cluster that restarts explains slow pods",
        source_matchers=['alertname="PodsRestart"', 'service="demo-kubernetes-frankfurt"'],
        target_matchers=['alertname="HighLatency"', 'service=~"demo-.*-store"'],
    )  # fmt: skip
    data = lead(c, "Data")
    nights = [{"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}], "location": "America/New_York"}]  # fmt: skip
    save_interval(data, None, team=c.teams["Data"], name="Nights in New York", intervals=nights)
    route = save_route(
        data, None, team=c.teams["Data"], name="Reports can wait until the morning", matchers=['service="demo-reports"'],
        service=services["Reports"], urgency="low", mute_intervals=["Nights in New York"],
    )  # fmt: skip
    route.is_demo = True
    route.save(update_fields=["is_demo"])


def carrying_out(c: Company) -> None:
    """An agent that carries something out, once two have agreed, and a policy that proposes a roll-back."""
    by, own = lead(c, "Platform"), c.teams["Platform"]
    runner = save_runner(
        by, None, team=own, kind="agent", name="Agent in Frankfurt", slug="demo-agent",
        settings={"key": secrets.token_urlsafe(32)},
    )  # fmt: skip
    runner.is_demo = True
    runner.save(update_fields=["is_demo"])
    store = next(each for each in c.services if each.name == "Session store")
    row = save_mitigation(
        by, None, team=own, service=store, kind="restart", name="Restart the session store", slug="demo-restart-sessions",
        how="1. Tell support: everybody has to sign in again.\n2. Restart the three pods, one after another.",
        check_text="Sign-ins per minute are back within five minutes.", undo="Nothing: sessions that are lost stay lost.",
        risk="high", runner=runner, inputs={"command": "restart", "parameters": "unit=session-store"},
        timeout_seconds=300, needs_approval=True,
    )  # fmt: skip
    row.is_demo = True
    row.save(update_fields=["is_demo"])


def paying(c: Company) -> None:
    """What two teams pay for on-call."""
    set_pay(
        lead(c, "Booking"), c.teams["Booking"],
        {"unit": "EUR", "weekday": "4", "night": "6", "weekend": "8", "page_at_night": "40", "night_from": time(22)},
    )  # fmt: skip
    set_pay(lead(c, "Platform"), c.teams["Platform"], {"unit": "hours", "night": "0.1", "off_per_night": "4"})
