"""When something happens in an incident, these things are done: once, in order, visibly, and never in circles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

import factories as make
from peers.forms import sent_by
from peers.http import Answer
from watchroom.accounts.actors import Actor, acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident, LogEntry, RoleAssignment, Task, Update, UpdateDraft, UpdateTemplate
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.mitigations.commands import save_mitigation
from watchroom.mitigations.models import Mitigation, MitigationRun
from watchroom.outgoing.commands import save_webhook
from watchroom.outgoing.duties import duties as event_duties
from watchroom.outgoing.models import Dispatch, Event
from watchroom.paging.models import Escalation
from watchroom.status.commands import delete_status_page, save_status_page
from watchroom.venues.commands import save_bridge, save_plan
from watchroom.venues.models import Venue
from watchroom.workflows import commands, queries, running
from watchroom.workflows.deeds import DEEDS
from watchroom.workflows.duties import duties
from watchroom.workflows.forms import ASKED
from watchroom.workflows.models import Workflow, WorkflowRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LOG = [{"do": "log", "text": "{severity} {title}"}]


@pytest.fixture
def admin() -> Actor:
    return make.actor("Ada")


def saved(by: Actor, **fields: Any) -> Workflow:
    said = {"team": None, "name": "SEV1 declared", "triggers": ["incident.declared"], "actions": LOG}
    return commands.save_workflow(by, None, **(said | fields))


def work() -> None:
    run_due([*event_duties, *duties])


def template(by: Actor, **fields: Any) -> UpdateTemplate:
    return UpdateTemplate.objects.create(
        **{"team": make.team(), "name": "Holding", "slug": "holding", "happening": "{title}: we are looking."} | fields
    )


def ran(incident: Incident) -> list[str]:
    rows = LogEntry.objects.filter(incident=incident, type="workflow.ran").order_by("id")
    return list(rows.values_list("text", flat=True))


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


# --- Who may what ---


def test_permissions(admin: Actor) -> None:
    team, kim = make.team(), make.person("Kim", "viewer")
    make.membership(team, kim, "manager")
    manager, outsider = acting(kim), make.actor("Out", "viewer")
    own = saved(manager, team=team, name="Own")
    everybodys = saved(admin, name="Everybody's")
    with pytest.raises(NotAllowed):
        saved(manager)
    for by, flow in ((manager, everybodys), (outsider, own)):
        with pytest.raises(NotAllowed):
            commands.delete_workflow(by, flow)
        with pytest.raises(NotAllowed):
            commands.switch(by, flow, on=False)
        with pytest.raises(NotAllowed):
            commands.save_workflow(by, flow, team=team, name="x", triggers=["incident.*"], actions=LOG)
    Workflow.objects.update(conditions={"private": True})
    incident = incidents.declare(admin, title="Secret", private=True, team=team)
    work()
    assert queries.runs_visible_to(outsider).count() == 0 and queries.runs_visible_to(admin).count() == 2
    run = WorkflowRun.objects.filter(incident=incident).first()
    assert run is not None
    with pytest.raises(NotFound):
        commands.retry(outsider, run)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": " "}),
        ("triggers", {"triggers": []}),
        ("triggers", {"triggers": ["service.created"]}),
        ("conditions", {"conditions": {"severities": [9]}}),
        ("actions", {"actions": []}),
        ("actions[0].do", {"actions": [{"do": "dance"}]}),
        ("actions[1].colour", {"actions": [*LOG, {"do": "call", "colour": "red"}]}),
        ("actions[0].people", {"actions": [{"do": "page"}]}),
        ("actions[0].people", {"actions": [{"do": "page", "people": ["nobody@example.org"]}]}),
        ("actions[0].role", {"actions": [{"do": "role", "role": "king", "schedule": "x"}]}),
        ("actions[0].schedule", {"actions": [{"do": "role", "role": "scribe"}]}),
        ("actions[0].lines", {"actions": [{"do": "tasks", "lines": "x"}]}),
        ("actions[0].template", {"actions": [{"do": "update", "template": "none"}]}),
        ("actions[0].minutes", {"actions": [{"do": "next_update", "minutes": "soon"}]}),
        ("actions[0].workspace", {"actions": [{"do": "post", "room": "#x", "text": "x"}]}),
        ("actions[0].webhook", {"actions": [{"do": "webhook"}]}),
        ("actions[0].text", {"actions": [{"do": "log"}]}),
    ],
)
def test_bad_input_is_refused_by_field(admin: Actor, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        saved(admin, **fields)
    assert refused.value.field == field


# --- Pages, command line, file ---


def test_the_pages(admin: Actor, django_assert_max_num_queries: Any) -> None:
    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    template(admin)
    assert "Nothing is done by itself yet" in client.get("/workflows").content.decode()
    assert client.get("/workflows/new").status_code == 200
    said = form_of(
        {"do": "page", "people": "no@example.org"},
        {"do": "tasks", "lines": "One\nTwo"},
        {"do": "update", "template": "holding"},
        {"do": "next_update", "minutes": "15"},
        triggers=["incident.declared"], severities=["1"],
    )  # fmt: skip
    wrong = client.post("/workflows/new", said)
    assert (wrong.status_code, "There is no such people" in wrong.content.decode()) == (422, True)
    said["people-0"] = admin.person.email
    client.post("/workflows/new", said)
    flow = Workflow.objects.get()
    assert [each["do"] for each in flow.actions] == ["page", "tasks", "update", "next_update"]
    form = client.get("/workflows/sev1-declared/edit").content.decode()
    assert "One\nTwo" in form and admin.person.email in form
    incident = incidents.declare(admin, title="Checkout is slow", severity=1)
    work()
    with django_assert_max_num_queries(22):
        page = client.get("/workflows/sev1-declared").content.decode()
    assert "Checkout is slow" in page and "Added 2 tasks" in page
    assert "It would have run" in client.get(f"/workflows/sev1-declared?incident={incident.pk}").content.decode()
    assert "There is no incident" in client.get("/workflows/sev1-declared?incident=999999").content.decode()
    assert "SEV1 declared" in client.get("/workflows").content.decode()
    client.post("/workflows/sev1-declared/edit", {**said, "lines-1": "Three"})
    flow.refresh_from_db()
    assert flow.actions[1]["lines"] == ["Three"]
    client.post("/workflows/sev1-declared/do", {"do": "off"})
    assert "switched off" in client.get("/workflows/sev1-declared").content.decode()
    viewer = Client()
    viewer.force_login(make.person("V", "viewer"), backend=BACKEND)
    assert viewer.get("/workflows/sev1-declared").status_code == 200
    assert viewer.get("/workflows/sev1-declared/edit").status_code == 403
    assert viewer.post("/workflows/sev1-declared/do", {"do": "delete"}).status_code == 403
    client.post("/workflows/sev1-declared/do", {"do": "delete"})
    assert not Workflow.objects.exists()


def form_of(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a page sends."""
    said = {"name": "SEV1 declared", "rows": len(actions), **more}
    for number, action in enumerate(actions):
        said |= {f"{name}-{number}": value for name, value in action.items()}
    return said


def test_the_form_asks_for_all_that_an_action_takes() -> None:
    assert {kind: [each.name for each in fields] for kind, fields in ASKED.items()} == {
        kind: list(deed.fields) for kind, deed in DEEDS.items()
    }
    kinds = {"words", "text", "lines", "number", "yes", "one", "many"}
    assert {each.kind for fields in ASKED.values() for each in fields} <= kinds


def test_the_form_keeps_whatever_a_workflow_can_be(admin: Actor) -> None:
    """What was saved by API or file comes back from the page as it was, in its order."""
    client, person = Client(), admin.person
    assert person is not None
    client.force_login(person, backend=BACKEND)
    template(admin)
    team = make.team(slug="shop")
    make.schedule(slug="comms")
    incidents.save_state(admin, None, name="Identified", phase="active")
    actions = [
        {"do": "log", "text": "First"},
        {"do": "page", "people": [person.email], "teams": ["shop"], "text": "{severity}!"},
        {"do": "role", "role": "scribe", "person": person.email},
        {"do": "role", "role": "communications", "schedule": "comms"},
        {"do": "tasks", "lines": ["One", "Two"], "assignee": person.email},
        {"do": "update", "template": "holding", "publish": True},
        {"do": "next_update", "minutes": 15},
        {"do": "channel"},
        {"do": "log", "text": "Last"},
    ]
    conditions = {
        "severities": [1, 2],
        "types": [],
        "states": ["identified"],
        "teams": ["shop"],
        "services": ["checkout", "ledger"],
        "labels": {"env": "production", "tier": "1"},
        "hours": {"zone": "Europe/Berlin", "start": "22:00", "end": "06:00", "days": ["saturday"], "outside": True},
        "private": True,
        "drills": False,
    }
    flow = saved(admin, team=team, triggers=["incident.declared", "role.*"], conditions=conditions, actions=actions)
    page = client.get("/workflows/sev1-declared/edit")
    assert page.status_code == 200
    assert (
        client.post("/workflows/sev1-declared/edit", sent_by(page.content.decode()) | {"do": "save"}).status_code == 302
    )
    flow.refresh_from_db()
    assert (flow.team, flow.triggers) == (team, ["incident.declared", "role.*"])
    assert (flow.actions, flow.conditions) == (actions, conditions)


def test_actions_are_added_moved_and_removed_without_a_script(admin: Actor) -> None:
    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    said = form_of({"do": "log", "text": "First"}, {"do": "call"}, triggers=["incident.declared"])

    def press(button: str, **more: str) -> dict[str, list[str]]:
        answer = client.post("/workflows/new", said | {"do": button} | more)
        assert answer.status_code == 200
        return sent_by(answer.content.decode())

    def order(form: dict[str, list[str]]) -> list[str]:
        return [form[f"do-{number}"][0] for number in range(int(form["rows"][0]))]

    added = press("add", kind="tasks")
    assert (order(added), added["text-0"]) == (["log", "call", "tasks"], ["First"])
    assert (order(press("down:0")), press("down:0")["text-1"]) == (["call", "log"], ["First"])
    assert order(press("up:1")) == ["call", "log"]
    assert order(press("remove:0")) == ["call"]
    for nonsense in ("up:0", "down:9", "remove:-1", "dance", "add"):
        assert order(press(nonsense)) == ["log", "call"]
    assert not Workflow.objects.exists()


def test_what_is_written_is_tried_before_it_is_saved(admin: Actor) -> None:
    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    incident = incidents.declare(admin, title="Checkout is slow", severity=1)
    said = form_of({"do": "log", "text": "Hello"}, triggers=["incident.declared"], do="try", incident=f"#{incident.pk}")
    page = client.post("/workflows/new", said).content.decode()
    assert "It would have run" in page and "Write into the log: Hello" in page
    assert "It is SEV1." in client.post("/workflows/new", said | {"severities": ["2"]}).content.decode()
    assert "There is no incident" in client.post("/workflows/new", said | {"incident": "999"}).content.decode()
    half = client.post("/workflows/new", said | {"start": "09:00", "do": "save"})
    assert (half.status_code, "Say both times" in half.content.decode()) == (422, True)
    bad = client.post("/workflows/new", said | {"labels": "env", "do": "save"})
    assert (bad.status_code, "env=production" in bad.content.decode()) == (422, True)
    assert not Workflow.objects.exists()


def test_the_form_asks_few_questions_however_many_actions(admin: Actor, django_assert_max_num_queries: Any) -> None:
    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    person = admin.person
    saved(admin, actions=[{"do": "page", "people": [person.email]}, {"do": "log", "text": "x"}] * 14)
    with django_assert_max_num_queries(14):
        assert client.get("/workflows/sev1-declared/edit").status_code == 200


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


def test_the_command_line(admin: Actor, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        answer = CliRunner().invoke(cli, [*words, "--json"])
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    file = tmp_path / "flow.yaml"
    said = {
        "slug": "first",
        "name": "First",
        "triggers": ["incident.declared"],
        "actions": [{"do": "tasks", "lines": ["One"]}],
    }
    file.write_text(yaml.safe_dump(said))
    assert run("workflow", "save", str(file))["slug"] == "first"
    assert run("workflow", "save", str(file))["slug"] == "first"
    assert len(run("workflow", "actions")) > 8 and run("workflow", "show", "first")["enabled"]
    incident = incidents.declare(admin, title="x")
    work()
    assert run("workflow", "dry-run", "first", str(incident.pk))["would_run"] is True
    (done,) = run("workflow", "runs", "first")["items"]
    assert done["state"] == "done" and done["incident"] == incident.pk
    assert run("workflow", "runs", "--incident", str(incident.pk))["items"] == [done]
    assert run("workflow", "retry", str(done["id"]))["state"] == "done"
    assert run("workflow", "off", "first")["enabled"] is False and run("workflow", "on", "first")["enabled"] is True
    assert [each["slug"] for each in run("workflows")["items"]] == ["first"]
    CliRunner().invoke(cli, ["workflow", "delete", "first"])
    assert not Workflow.objects.exists()


def test_a_file_says_the_same_twice(admin: Actor) -> None:
    text = """
version: 1
workflows:
  - slug: first
    name: First
    triggers: [incident.resolved, incident.declared]
    conditions: {severities: [2, 1], hours: {zone: Europe/Berlin, start: "22:00", end: "06:00"}}
    actions: [{do: tasks, lines: [One], assignee: ""}, {do: call}]
"""
    assert [each.verb for each in apply(admin, parse(yaml.safe_load(text), "file"))[0]] == ["create"]
    assert apply(admin, parse(yaml.safe_load(text), "file"))[0] == []
    exported = {"version": 1, "workflows": list(read()["workflows"].values())}
    assert apply(admin, parse(exported, "file"))[0] == []
    kept = Workflow.objects.get().conditions
    Workflow.objects.update(conditions={name: value for name, value in kept.items() if name != "states"})
    exported = {"version": 1, "workflows": list(read()["workflows"].values())}  # of one from before there were states
    assert apply(admin, parse(exported, "file"))[0] == []
    with pytest.raises(Refused):
        parse({"version": 1, "workflows": [exported["workflows"][0] | {"conditions": {"colour": 1}}]}, "file")
    assert apply(admin, parse({"version": 1, "workflows": []}, "file"), prune=True)[0][0].verb == "delete"


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
