"""Incident types: what they ask, and what incidents answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.incidents import commands, queries
from watchroom.incidents.models import Incident, IncidentType
from watchroom.incidents.rules import custom_fields as custom
from watchroom.kernel.errors import Conflict, NotAllowed, Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FIELDS: list[dict[str, Any]] = [
    {"key": "region", "label": "Region", "kind": "choice", "options": ["eu", "us"], "required": "declared", "filtered": True},
    {"key": "records", "label": "Records", "kind": "number", "required": "resolved"},
    {"key": "owner", "label": "Data owner", "kind": "person"},
    {"key": "since", "label": "Since", "kind": "date"},
    {"key": "ticket", "label": "Ticket", "kind": "link"},
]  # fmt: skip


# --- What is asked and what is answered, without a database ---


@given(st.lists(st.sampled_from(FIELDS), unique_by=lambda each: each["key"]))
def test_fields_are_read_back_as_they_were_kept(rows: list[dict[str, Any]]) -> None:
    fields = custom.read(rows)
    assert custom.read(custom.kept(fields)) == fields


@given(st.sampled_from(custom.KINDS), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_any_answer_is_kept_as_json_or_refused_by_name(kind: str, answer: object) -> None:
    field = custom.Field("x", "X", kind, ("a", "b") if kind == "choice" else ())
    try:
        value = custom.value_of(field, answer)
    except Refused as refused:
        assert (refused.field, bool(refused.fix)) == ("fields.x", True)
    else:
        assert json.loads(json.dumps(value, allow_nan=False)) == value
        assert custom.value_of(field, value) == value


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"key": "Region", "label": "Region"}, "fields[0].key"),
        ({"key": "region", "label": ""}, "fields[0].label"),
        ({"key": "region", "label": "Region", "kind": "colour"}, "fields[0].kind"),
        ({"key": "region", "label": "Region", "kind": "choice", "options": ["eu"]}, "fields[0].options"),
        ({"key": "region", "label": "Region", "options": ["eu", "us"]}, "fields[0].options"),
        ({"key": "region", "label": "Region", "required": "often"}, "fields[0].required"),
        ({"key": "region", "label": "Region", "colour": "red"}, "fields[0].colour"),
    ],
)
def test_a_field_that_cannot_be_asked_is_refused_by_name(row: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        custom.read([row])
    assert refused.value.field == field


# --- Through the commands ---


@pytest.fixture
def leak(world: Any) -> IncidentType:
    by = acting(world.manager)
    return commands.save_type(by, None, team=world.team, name="Data leak", fields=FIELDS)


def test_what_must_be_said_when_declared_and_before_it_is_resolved(world: Any, leak: IncidentType) -> None:
    with pytest.raises(Refused) as refused:
        commands.declare(world.by, title="Export was public", type=leak)
    assert refused.value.field == "fields.region"
    assert not Incident.objects.exists()
    answers = {"region": "eu", "owner": world.viewer.email, "since": "2026-01-02"}
    incident = commands.declare(world.by, title="Export was public", type=leak, fields=answers)
    assert incident.custom == {"region": "eu", "owner": world.viewer.pk, "since": "2026-01-02"}
    client = Client()
    client.force_login(world.by.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    for said in (
        client.get(f"/api/v1/incidents/{incident.pk}").json(),
        client.get("/api/v1/incidents").json()["items"][0],
    ):
        assert said["fields"]["owner"] == world.viewer.pk, "as programs know it"
        assert said["people"] == {"owner": {"id": world.viewer.pk, "name": str(world.viewer)}}
    with pytest.raises(Refused, match="Records is missing"):
        commands.resolve(world.by, incident)
    commands.set_type(world.by, incident, leak, {"records": "1200"})
    assert commands.resolve(world.by, incident).status == "resolved"
    with pytest.raises(Refused):
        commands.set_type(world.by, incident, leak, {"records": None})


def test_what_is_put_right_leaves_what_it_was_in_the_log(world: Any, leak: IncidentType) -> None:
    incident = commands.declare(world.by, title="Export was public")
    commands.set_type(world.by, incident, leak, {"region": "eu", "owner": world.viewer.pk})
    commands.set_type(world.by, incident, leak, {"region": "us", "owner": ""})
    commands.set_type(world.by, incident, leak, {"region": "us"})
    lines = list(incident.log.filter(type="incident.changed").order_by("id"))
    assert len(lines) == 2
    assert "the type: none → Data leak" in lines[0].text
    assert "Data owner: nothing → Vic" in lines[0].text
    assert "Region: eu → us" in lines[1].text
    assert lines[1].data["fields"] == {"region": ["eu", "us"], "owner": [world.viewer.pk, None]}


def test_only_managers_of_the_team_change_a_type_and_a_used_one_stays(world: Any, leak: IncidentType) -> None:
    for person in (world.responder, world.viewer, world.stranger):
        with pytest.raises(NotAllowed):
            commands.save_type(acting(person), leak, team=world.team, name="Mine")
        with pytest.raises(NotAllowed):
            commands.delete_type(acting(person), leak)
    incident = commands.declare(world.by, title="Export", team=world.team, type=leak, fields={"region": "eu"})
    by = acting(world.manager)
    with pytest.raises(Conflict):
        commands.delete_type(by, leak)
    commands.save_type(by, leak, team=world.team, name="Data leak", offered=False)
    with pytest.raises(Refused, match="no longer offered"):
        commands.declare(world.by, title="Another", type=leak)
    incident.refresh_from_db()
    assert incident.custom == {"region": "eu"}
    with pytest.raises(NotAllowed):
        commands.set_type(acting(world.stranger), incident, None)


def test_a_private_type_makes_private_incidents(world: Any) -> None:
    by = acting(world.manager)
    secret = commands.save_type(by, None, team=world.team, name="Personnel", private=True)
    first = commands.declare(world.by, title="Somebody left", type=secret)
    second = commands.declare(world.by, title="Something else")
    assert queries.visible_to(acting(world.stranger)).filter(pk=second.pk).exists()
    commands.set_type(world.by, second, secret)
    assert not queries.visible_to(acting(world.stranger)).exists()
    assert queries.visible_to(world.by).filter(pk__in=(first.pk, second.pk)).count() == 2


# --- Through the edges ---


def test_by_page_from_a_new_type_to_a_filtered_list(
    world: Any, client: Any, django_assert_max_num_queries: Any
) -> None:
    client.force_login(world.manager, backend=BACKEND)
    assert b"No types yet" in client.get("/incident-types").content
    sent = {
        "name": "Data leak",
        "team": world.team.slug,
        "offered": "on",
        "rows": "4",
        "label-0": "Which region?",
        "kind-0": "choice",
        "required-0": "declared",
        "options-0": "eu, us",
        "shown-0": "on",
        "filtered-0": "on",
        "label-2": "",
    }
    assert client.post("/incident-types/new", sent | {"options-0": "eu"}).status_code == 422
    assert client.post("/incident-types/new", sent)["Location"] == "/incident-types"
    leak = IncidentType.objects.get()
    assert [(each["key"], each["options"]) for each in leak.fields] == [("which_region", ["eu", "us"])]
    assert b'value="eu, us"' in client.get(f"/incident-types/{leak.slug}").content

    client.force_login(world.responder, backend=BACKEND)
    assert b"Which region?" not in client.get("/incidents/declare").content
    assert b"Which region?" in client.get("/incidents/declare?type=data-leak").content
    form = {"title": "Export was public", "severity": "2", "type": "data-leak"}
    assert client.post("/incidents/declare", form).status_code == 422
    address = client.post("/incidents/declare", form | {"field-which_region": "eu"})["Location"]
    page = client.get(address).content.decode()
    assert "Which region?" in page
    assert "Data leak" in page
    client.post(f"{address}/type", {"type": "data-leak", "field-which_region": "us"})
    assert Incident.objects.get().custom == {"which_region": "us"}
    with django_assert_max_num_queries(15):
        found = client.get("/incidents?type=data-leak&field.which_region=us").content.decode()
    assert "Export was public" in found
    assert "Which region?: any" in found
    assert "Nothing fits" in client.get("/incidents?field.which_region=eu").content.decode()

    client.force_login(world.stranger, backend=BACKEND)
    Incident.objects.update(team=world.team)
    assert client.post(f"{address}/type", {"type": ""}).status_code == 403
    assert client.post("/incident-types/data-leak", sent).status_code == 403
    assert client.post("/incident-types/data-leak/delete").status_code == 403


def test_by_api(world: Any, client: Any, leak: IncidentType) -> None:
    def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = client.generic(
            method, f"/api/v1{path}", data=json.dumps(body) if body else b"", content_type="application/json"
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    client.force_login(world.responder, backend=BACKEND)
    assert [each["slug"] for each in call("GET", "/incident-types")["items"]] == ["data-leak"]
    said = {"title": "Export was public", "type": "data-leak", "fields": {"region": "mars"}}
    assert call("POST", "/incidents", said, 422)["field"] == "fields.region"
    made = call("POST", "/incidents", said | {"fields": {"region": "eu", "records": 7}}, 201)
    assert (made["type"], made["fields"]) == ("data-leak", {"region": "eu", "records": 7})
    changed = call("PATCH", f"/incidents/{made['id']}", {"fields": {"records": None, "owner": world.viewer.email}})
    assert changed["fields"] == {"region": "eu", "owner": world.viewer.pk}
    assert len(call("GET", "/incidents?field=region=eu&type=data-leak")["items"]) == 1
    assert call("GET", "/incidents?field=region=us")["items"] == []
    for who, found in ((world.viewer.pk, 1), (world.viewer.email.upper(), 1), (world.manager.email, 0), ("no@one", 0)):
        assert len(call("GET", f"/incidents?field=owner={who}")["items"]) == found
    assert call("GET", f"/incidents?field=records={world.viewer.email}")["items"] == []
    body = {"name": "Outage", "team": world.team.slug, "fields": FIELDS}
    call("POST", "/incident-types", body, 403)
    client.force_login(world.manager, backend=BACKEND)
    misspelt = call("POST", "/incident-types", body | {"fields": [*FIELDS, {"key": "a", "label": "A", "requird": "declared"}]}, 422)  # fmt: skip
    assert (misspelt["field"], misspelt["value"]) == ("fields.5.requird", "declared")
    assert misspelt["fix"] == "Did you mean required?"
    call("POST", "/incident-types", body, 201)
    assert call("PUT", "/incident-types/outage", body | {"name": "An outage"})["name"] == "An outage"
    call("DELETE", "/incident-types/outage", status=204)
    call("DELETE", "/incident-types/data-leak", status=409)


@pytest.mark.django_db
def test_by_command_line() -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    team = make.team("Security", slug="security")
    data("incident", "type", "create", "Data leak", "--team", team.slug, "--field", "records:Records:number")
    assert data("incident", "type", "show", "data-leak")["fields"][0]["kind"] == "number"
    made = data("declare", "Export was public", "--type", "data-leak", "--field", "records=12")
    assert made["fields"] == {"records": 12}
    assert data("incident", "type", "set", str(made["id"]), "--field", "records=13")["fields"] == {"records": 13}
    assert [each["id"] for each in data("incident", "list", "--field", "records=13")["items"]] == [made["id"]]
    refused = CliRunner().invoke(cli, ["declare", "Another", "--type", "data-leak", "--field", "records=many"])
    assert refused.exit_code == 1
    assert "Records is a number" in refused.output


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = """
version: 1
teams: [{slug: security, name: Security}]
incident_types:
  - slug: data-leak
    name: Data leak
    team: security
    private: true
    fields:
      - {key: region, label: Region, kind: choice, options: [eu, us], required: declared}
"""
    by = make.actor()
    steps, _ = apply(by, parse(yaml.safe_load(text), "x.yaml"))
    assert [str(step) for step in steps] == ["+ teams security", "+ incident_types data-leak"]
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    changed = text.replace("[eu, us]", "[eu, us, apac]")
    assert [step.verb for step in apply(by, parse(yaml.safe_load(changed), "x.yaml"))[0]] == ["change"]
    assert IncidentType.objects.get().fields[0]["options"] == ["eu", "us", "apac"]
    gone = "version: 1\nincident_types: []\n"
    assert [step.verb for step in apply(by, parse(yaml.safe_load(gone), "x.yaml"), prune=True)[0]] == ["delete"]
