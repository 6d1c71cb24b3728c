"""When something happens in an incident, these things are done: once, in order, visibly, and never in circles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from peers.http import Answer
from watchroom.accounts.actors import Actor
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import LogEntry, RoleAssignment, Task, Update, UpdateDraft
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.mitigations.commands import save_mitigation
from watchroom.mitigations.models import Mitigation, MitigationRun
from watchroom.outgoing.commands import save_webhook
from watchroom.outgoing.duties import duties as event_duties
from watchroom.outgoing.models import Dispatch, Event
from watchroom.paging.models import Escalation
from watchroom.status.commands import delete_status_page, save_status_page
from watchroom.venues.commands import save_bridge, save_plan
from watchroom.venues.models import Venue
from watchroom.workflows import commands, running
from watchroom.workflows.models import Workflow, WorkflowRun
from workflows.flows import LOG, ran, saved, template, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_all_that_is_wanted_is_done_once_and_said_in_the_log(admin: Actor, connect: Callable[[str], Any]) -> None:
    server, workspace = connect("slack")
    team, dana, kim = make.team(slug="shop"), make.person("Dana", "responder"), make.person("Kim", "responder")
    make.contact_method(dana)
    schedule = make.schedule("Comms", people=(kim,), team=team, slug="comms")
    template(admin)
    save_plan(
        admin, None, team=None, name="Calls", least_severity=0,
        bridge=save_bridge(admin, None, team=None, kind="jitsi", name="J", settings={"url": "https://m.example.org/{room}"}),
    )  # fmt: skip
    hook, _ = save_webhook(admin, None, team=None, name="Hook", url="https://hooks.example.org/x", events=["silence.*"])
    save_mitigation(admin, None, team=team, name="Roll back", how="Press.", slug="roll-back")
    saved(
        admin,
        conditions={"severities": [1]},
        actions=[
            {"do": "page", "people": [dana.email]},
            {"do": "role", "role": "communications", "schedule": schedule.slug},
            {"do": "call"},
            {"do": "tasks", "lines": ["Check {number}", "Tell support"], "assignee": kim.email},
            {"do": "update", "template": "holding", "publish": True},
            {"do": "next_update", "minutes": 10},
            {"do": "post", "workspace": workspace.slug, "room": "#alerts", "text": "{severity}: {title}"},
            {"do": "webhook", "webhook": hook.slug},
            {"do": "mitigation", "mitigation": "roll-back"},
            {"do": "log", "text": "Remember the checklist"},
        ],
    )
    quiet = incidents.declare(admin, title="Small", severity=3, team=team)
    incident = incidents.declare(admin, title="Checkout is slow", severity=1, team=team)
    work()
    work()
    assert ran(quiet) == []
    run = WorkflowRun.objects.get()
    assert run.state == "done" and [each["ok"] for each in run.results] == [True] * 10, run.results
    (said,) = ran(incident)
    assert said.startswith(
        "Workflow “SEV1 declared”: paged Dana; asked Kim to be communications lead; had a call opened"
    )
    page = Escalation.objects.get(kind="direct")
    assert page.title == "SEV1 Checkout is slow" and page.path == f"/incidents/{incident.pk}"
    assert RoleAssignment.objects.get(incident=incident, role="communications").person == kim
    assert Venue.objects.get().kind == "call"
    tasks = Task.objects.filter(incident=incident).order_by("id")
    assert [each.text for each in tasks][:2] == [f"Check {incident.pk}", "Tell support"]
    assert "Roll back" in tasks[2].text and not MitigationRun.objects.exists(), "proposed, not carried out"
    assert Update.objects.get().happening == "Checkout is slow: we are looking."
    incident.refresh_from_db()
    assert incident.next_update_at == kernel_clock.now() + timedelta(minutes=10)
    assert "SEV1: Checkout is slow" in json.dumps(list(server.messages.values()))
    assert Dispatch.objects.get().event.type == "incident.declared"


def test_what_fails_stops_nothing_else_and_can_be_done_again(admin: Actor, connect: Callable[[str], Any]) -> None:
    server, workspace = connect("slack")
    server.broken = Answer(503)
    post = {"do": "post", "workspace": workspace.slug, "room": "#alerts", "text": "x"}
    saved(admin, actions=[post, {"do": "call"}, {"do": "tasks", "lines": ["One"]}])
    incident = incidents.declare(admin, title="x")
    work()
    run = WorkflowRun.objects.get()
    assert run.state == "failed" and [each["ok"] for each in run.results] == [False, False, True]
    assert "Could not be done: It could not be posted" in ran(incident)[0]
    server.broken = None
    commands.retry(admin, run)
    work()
    run.refresh_from_db()
    assert [each["ok"] for each in run.results] == [True, True, False] and len(server.messages) == 1
    assert Task.objects.count() == 1, "what was done is not done again"
    first, second = ran(incident)
    assert "added 1 task" in first and "task" not in second and ", again: posted in #alerts" in second
    assert second.count("Could not be done") == 1
    commands.retry(admin, run)
    work()
    assert ", again: nothing was done. Could not be done: " in ran(incident)[2]


def test_when_the_second_time_succeeds_the_line_says_only_that(admin: Actor, connect: Callable[[str], Any]) -> None:
    server, workspace = connect("slack")
    server.broken = Answer(503)
    post = {"do": "post", "workspace": workspace.slug, "room": "#alerts", "text": "x"}
    saved(admin, actions=[{"do": "tasks", "lines": ["One"]}, post])
    incident = incidents.declare(admin, title="x")
    work()
    server.broken = None
    commands.retry(admin, WorkflowRun.objects.get())
    work()
    assert WorkflowRun.objects.get().state == "done"
    assert ran(incident)[1] == "Workflow “SEV1 declared”, again: posted in #alerts"


def test_what_is_done_again_is_not_taken_for_what_another_action_has_done(admin: Actor) -> None:
    """What has been written is known by the number of its action."""
    common = {"team": make.team(), "kind": "other", "how": "As it is written."}
    back, over = (Mitigation.objects.create(name=each, slug=each, **common) for each in ("back", "over"))
    saved(admin, actions=[{"do": "mitigation", "mitigation": each.slug} for each in (back, over)])
    Mitigation.objects.filter(pk=back.pk).update(slug="away")
    incidents.declare(admin, title="x")
    work()
    assert [each["ok"] for each in WorkflowRun.objects.get().results] == [False, True]
    Mitigation.objects.filter(pk=back.pk).update(slug="back")
    commands.retry(admin, WorkflowRun.objects.get())
    work()
    assert [text.split("”")[0] for text in Task.objects.order_by("id").values_list("text", flat=True)] == [
        "Decide on “over",
        "Decide on “back",
    ]


def test_one_event_is_one_run_whatever_is_cut_off(admin: Actor, clock: TravellingClock) -> None:
    saved(admin, actions=[{"do": "tasks", "lines": ["One"]}, {"do": "log", "text": "two"}])
    incidents.declare(admin, title="x")
    run_due(event_duties)
    running.take(list(Event.objects.all()))  # handed on twice
    first = running.claim()
    assert first is not None and running.claim() is None and WorkflowRun.objects.count() == 1
    clock.advance(timedelta(minutes=3))
    work()
    running.carry_on(first)  # the one that was cut off wakes up
    assert Task.objects.count() == 1 and LogEntry.objects.filter(type="workflow.said").count() == 1
    assert LogEntry.objects.filter(type="workflow.ran").count() == 1


def test_no_workflow_wakes_itself_or_another_in_circles(admin: Actor) -> None:
    saved(admin, name="Ping", triggers=["log.*", "task.*", "incident.*"], actions=[{"do": "tasks", "lines": ["x"]}])
    saved(admin, name="Pong", triggers=["task.*", "log.*"], actions=LOG)
    incidents.declare(admin, title="x")
    work()
    assert WorkflowRun.objects.count() == 1 and Task.objects.count() == 1


def test_private_incidents_and_drills_are_left_alone_unless_it_says_so(admin: Actor) -> None:
    flow = saved(admin)
    incidents.declare(admin, title="Secret", private=True)
    incidents.declare(admin, title="Practice", drill=True)
    work()
    assert not WorkflowRun.objects.exists()
    commands.save_workflow(
        admin, flow, team=None, name=flow.name, triggers=flow.triggers, actions=LOG, conditions={"private": True}
    )
    incident = incidents.declare(admin, title="Secret", private=True)
    work()
    said = LogEntry.objects.get(incident=incident, type="workflow.said").text
    assert said == "SEV3 a private incident", "its title goes into no text that others may read"


def test_a_team_has_its_own_and_what_is_off_does_nothing(admin: Actor) -> None:
    mine, theirs = make.team(), make.team()
    flow = saved(admin, team=mine)
    incidents.declare(admin, title="Theirs", team=theirs)
    work()
    assert not WorkflowRun.objects.exists()
    commands.switch(admin, flow, on=False)
    incidents.declare(admin, title="Mine", team=mine)
    work()
    assert not WorkflowRun.objects.exists()
    commands.switch(admin, flow, on=True)
    incidents.declare(admin, title="Mine", team=mine)
    work()
    assert WorkflowRun.objects.count() == 1


def test_a_draft_of_somebody_is_left_alone(admin: Actor) -> None:
    template(admin)
    saved(admin, triggers=["incident.severity_changed"], actions=[{"do": "update", "template": "holding"}])
    incident = incidents.declare(admin, title="x")
    incidents.save_draft(admin, incident, version=0, happening="Mine")
    incidents.change_severity(admin, incident, 1)
    other = incidents.declare(admin, title="y")
    incidents.change_severity(admin, other, 1)
    work()
    assert UpdateDraft.objects.get(incident=incident).happening == "Mine"
    assert UpdateDraft.objects.get(incident=other).happening == "y: we are looking."
    assert not Update.objects.exists()


def test_the_dry_run_says_what_would_have_happened_and_changes_nothing(admin: Actor) -> None:
    incident = incidents.declare(admin, title="x", severity=2)
    flow = saved(admin, conditions={"severities": [1]}, actions=[{"do": "tasks", "lines": ["One"]}])
    events, entries = Event.objects.count(), LogEntry.objects.count()
    found = commands.dry_run(admin, flow, incident)
    assert not found.would_run and found.unmet == ["It is SEV2."] and found.plan == ["add tasks: One"]
    Workflow.objects.update(conditions={})
    flow.refresh_from_db()
    found = commands.dry_run(admin, flow, incident)
    assert found.would_run and [type for _, type in found.times] == ["incident.declared"]
    Workflow.objects.update(triggers=["incident.resolved"])
    flow.refresh_from_db()
    assert not commands.dry_run(admin, flow, incident).times
    assert (events, entries) == (Event.objects.count(), LogEntry.objects.count()) and not Task.objects.exists()


def test_a_workflow_waits_for_a_state(admin: Actor) -> None:
    learning = incidents.save_state(admin, None, name="Learning", phase="resolved")
    saved(admin, triggers=["incident.resolved", "incident.state_changed"], conditions={"states": ["learning"]})
    incident = incidents.declare(admin, title="Checkout is slow", severity=1)
    incidents.mitigate(admin, incident)
    work()
    assert ran(incident) == []
    incidents.move_to(admin, incident, learning)
    work()
    assert ran(incident) == ["Workflow “SEV1 declared”: wrote into the log"]


def test_a_holding_statement_names_what_it_is_about_and_stands_on_the_page(admin: Actor) -> None:
    team = make.team(slug="shop")
    checkout = make.service("Checkout", team=team)
    page = save_status_page(
        admin, None, team=team, name="Shop status", components=[{"name": "Paying", "service": checkout.slug}]
    )
    template(admin, happening="{services} does not work as it should.", impact="{impact}", doing="See {link}.")
    holding = {"do": "update", "template": "holding", "pages": [page.slug]}
    with pytest.raises(Refused, match="shown on no page"):  # a draft is
        saved(admin, name="Draft", actions=[holding])
    with pytest.raises(Refused, match="no such page"):
        saved(admin, name="Nowhere", actions=[holding | {"publish": True, "pages": ["nowhere"]}])
    row = saved(admin, conditions={"drills": True}, actions=[holding | {"publish": True}])
    incident = incidents.declare(
        admin, title="db-7", severity=1, team=team, services=[checkout], impact="Nobody can pay"
    )
    drill = incidents.declare(admin, title="db-7", severity=1, team=team, services=[checkout], drill=True)
    assert "publish an update from “Holding”, on Shop status" in str(commands.dry_run(admin, row, incident))
    work()
    update = Update.objects.get(incident=incident)
    assert (update.happening, update.impact) == ("Checkout does not work as it should.", "Nobody can pay")
    assert update.doing.endswith(f"/incidents/{incident.pk}.")
    assert [public.incident for public in page.incidents.all()] == [incident]
    assert Update.objects.filter(incident=drill).exists()  # told to colleagues, and shown on no page
    assert {run.state for run in WorkflowRun.objects.all()} == {"done"}


def test_an_update_is_published_although_one_of_its_pages_is_gone(admin: Actor) -> None:
    team = make.team(slug="shop")
    page, old = (save_status_page(admin, None, team=team, name=name, components=[]) for name in ("Shop", "Old"))
    template(admin, happening="It does not work as it should.")
    holding = {"do": "update", "template": "holding", "publish": True, "pages": [old.slug, page.slug]}
    saved(admin, actions=[holding])
    delete_status_page(admin, old)
    incident = incidents.declare(admin, title="db-7", severity=1, team=team)
    work()
    assert Update.objects.get(incident=incident).happening == "It does not work as it should."
    assert [public.incident for public in page.incidents.all()] == [incident]
    run = WorkflowRun.objects.get()
    assert run.state == "done"
    assert run.results[0]["text"] == "published an update from “Holding” on Shop (there is no page “old” any more)"
