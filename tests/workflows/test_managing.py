"""Workflows as they are configured: who may, by page, command line and file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

import factories as make
from peers.forms import sent_by
from watchroom.accounts.actors import Actor, acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.incidents import commands as incidents
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.workflows import commands, queries
from watchroom.workflows.deeds import DEEDS
from watchroom.workflows.forms import ASKED
from watchroom.workflows.models import Workflow, WorkflowRun
from watchroom.workspaces.models import Workspace
from workflows.flows import BACKEND, LOG, saved, template, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


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


def test_nobody_posts_as_another_team(admin: Actor) -> None:
    """Steps of policies were held to that, workflows were not."""
    own, other = make.team(), make.team()
    kim = make.person("Kim", "viewer")
    make.membership(own, kim, "manager")
    for slug, team in (("ours", own), ("theirs", other), ("everybodys", None)):
        Workspace.objects.create(name=slug, slug=slug, kind="slack", team=team, settings={})
    post = {"do": "post", "room": "#alerts", "text": "{title}"}
    for slug in ("ours", "everybodys"):
        saved(acting(kim), team=own, name=slug, actions=[post | {"workspace": slug}])
    with pytest.raises(Refused) as refused:
        saved(acting(kim), team=own, actions=[*LOG, post | {"workspace": "theirs"}])
    assert refused.value.field == "actions[1].workspace"
    make.membership(other, kim, "manager")
    saved(acting(kim), team=own, actions=[post | {"workspace": "theirs"}])


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
