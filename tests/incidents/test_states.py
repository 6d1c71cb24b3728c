"""States of one's own: what people call where an incident stands, within the phases by which Watchroom decides."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.incidents import commands, queries
from watchroom.incidents.models import Incident, IncidentState, IncidentType
from watchroom.incidents.states import by_phase, offered_to
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.outgoing import commands as outgoing
from watchroom.outgoing.models import Event

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LIFE = (
    ("Investigating", "active"),
    ("Identified", "active"),
    ("Fixing", "active"),
    ("Monitoring", "mitigated"),
    ("Learning", "resolved"),
    ("Done", "closed"),
)


@pytest.fixture
def life(world: Any) -> dict[str, IncidentState]:
    admin = make.actor()
    return {
        name.lower(): commands.save_state(admin, None, name=name, phase=phase, order=number)
        for number, (name, phase) in enumerate(LIFE)
    }


def stands(incident: Incident) -> tuple[str, str, str]:
    found = Incident.objects.get(pk=incident.pk)
    return found.status, found.phase, found.state_name


def log(incident: Incident) -> list[tuple[str, str]]:
    return list(incident.log.filter(type__startswith="incident.").order_by("id").values_list("type", "text"))


def test_an_incident_goes_through_its_life_and_back(world: Any, life: dict[str, IncidentState], clock: Any) -> None:
    by = world.by
    incident = commands.declare(by, title="Checkout fails")
    assert stands(incident) == ("active", "active", "Investigating")
    clock.advance(timedelta(minutes=5))
    commands.move_to(by, incident, life["identified"])
    commands.move_to(by, incident, life["identified"])  # said twice
    assert stands(incident) == ("active", "active", "Identified")
    clock.advance(timedelta(minutes=5))
    commands.mitigate(by, incident)
    assert stands(incident) == ("mitigated", "mitigated", "Monitoring")
    clock.advance(timedelta(minutes=5))
    commands.move_to(by, incident, life["learning"])
    assert stands(incident) == ("resolved", "resolved", "Learning")
    resolved = queries.times_of(incident)["resolved"].at
    clock.advance(timedelta(minutes=5))
    assert "closed" not in queries.times_of(incident)
    commands.move_to(by, incident, life["done"])
    assert stands(incident) == ("resolved", "closed", "Done")
    times = queries.times_of(incident)
    assert (times["closed"].at, times["resolved"].at) == (resolved + timedelta(minutes=5), resolved)

    commands.move_to(by, incident, life["learning"])
    assert "closed" not in queries.times_of(incident)
    commands.move_to(by, incident, life["monitoring"])
    assert stands(incident) == ("mitigated", "mitigated", "Monitoring")
    assert "resolved" not in queries.times_of(incident)
    commands.move_to(by, incident, "active")
    assert stands(incident) == ("active", "active", "Investigating")
    assert log(incident)[1:] == [
        ("incident.state_changed", "Rita moved it from Investigating to Identified"),
        ("incident.mitigated", "Rita marked it as mitigated: Monitoring"),
        ("incident.resolved", "Rita resolved it: Learning"),
        ("incident.state_changed", "Rita moved it from Learning to Done"),
        ("incident.state_changed", "Rita moved it from Done to Learning"),
        ("incident.reopened", "Rita reopened it: Monitoring"),
        ("incident.reopened", "Rita reopened it: Investigating"),
    ]
    told = list(AuditRecord.objects.filter(action__startswith="incident.").order_by("id"))
    assert [each.action for each in told] == [
        "incident.declared", "incident.state_changed", "incident.state_changed", *(type for type, _ in log(incident)[2:]),
    ]  # fmt: skip
    assert told[-1].data == {"phase": "active", "state": "investigating"}


def test_what_has_no_states_of_its_own_has_the_phases(world: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails")
    assert (stands(incident), offered_to(incident)) == (("active", "active", "Active"), [])
    commands.move_to(world.by, incident, "resolved")
    assert stands(incident) == ("resolved", "resolved", "Resolved")
    for nowhere in ("closed", "identified"):
        with pytest.raises(Refused) as refused:
            commands.move_to(world.by, incident, nowhere)
        assert refused.value.field == "state"


def test_a_state_is_for_a_team_and_for_a_type(world: Any, life: dict[str, IncidentState]) -> None:
    manager, admin = acting(world.manager), make.actor()
    leak = commands.save_type(manager, None, team=world.team, name="Leak")
    mine = commands.save_state(manager, None, name="Contained", phase="mitigated", team=world.team, order=9)
    of_leaks = commands.save_state(admin, None, name="Regulator told", phase="resolved", types=[leak], order=9)
    usual = commands.declare(world.by, title="Checkout fails", team=world.team)
    leaking = commands.declare(world.by, title="A leak", team=world.team, type=leak)
    foreign = commands.declare(make.actor(), title="Search is slow", team=make.team("Search"))
    assert [each.name for each in offered_to(leaking)] == [
        "Investigating", "Identified", "Fixing", "Monitoring", "Contained", "Learning", "Regulator told", "Done",
    ]  # fmt: skip
    assert (of_leaks in offered_to(usual), mine in offered_to(usual), mine in offered_to(foreign)) == (
        False,
        True,
        False,
    )
    with pytest.raises(Refused, match="is not for incident"):
        commands.move_to(world.by, usual, of_leaks)
    Incident.objects.filter(pk=leaking.pk).update(type=None)
    with pytest.raises(Conflict, match="is for this type"):
        commands.delete_type(manager, IncidentType.objects.get(pk=leak.pk))


def test_renaming_and_retiring_rewrite_no_history(world: Any, life: dict[str, IncidentState]) -> None:
    admin = make.actor()
    incident = commands.declare(world.by, title="Checkout fails")
    commands.move_to(world.by, incident, life["identified"])
    row = life["identified"]
    commands.save_state(admin, row, name="Cause known", phase="active", order=row.order, retired=True)
    assert stands(incident) == ("active", "active", "Cause known")  # it stays where it is
    assert log(incident)[-1][1].endswith("to Identified")
    assert row not in offered_to(incident)
    other = commands.declare(world.by, title="Search fails")
    with pytest.raises(Refused, match="no longer offered"):
        commands.move_to(world.by, other, row)
    with pytest.raises(Conflict, match="Retire it"):
        commands.save_state(admin, row, name="Cause known", phase="mitigated")
    with pytest.raises(Conflict, match="Incidents are in"):
        commands.delete_state(admin, row)
    commands.move_to(world.by, incident, life["fixing"])
    commands.delete_state(admin, row)
    assert not IncidentState.objects.filter(slug="identified").exists()
    assert log(incident)[1][1].endswith("to Identified")


def test_who_may_say_what_states_there_are(world: Any, life: dict[str, IncidentState]) -> None:
    for person in (world.manager, world.responder, world.viewer, world.stranger):
        with pytest.raises(NotAllowed):
            commands.save_state(acting(person), None, name="X", phase="active")
        with pytest.raises(NotAllowed):
            commands.delete_state(acting(person), life["done"])
    mine = commands.save_state(acting(world.manager), None, name="Ours", phase="active", team=world.team)
    for person in (world.responder, world.stranger):
        with pytest.raises(NotAllowed):
            commands.save_state(acting(person), mine, name="Theirs", phase="active", team=world.team)
    with pytest.raises(NotAllowed):  # nor can it be given to everybody
        commands.save_state(acting(world.manager), mine, name="Ours", phase="active")
    incident = commands.declare(world.by, title="Checkout fails", team=world.team)
    for person in (world.viewer, world.stranger):
        with pytest.raises(NotAllowed):
            commands.move_to(acting(person), incident, life["identified"])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"phase": "asleep"}, "phase"),
        ({"order": 1000}, "order"),
        ({"description": "x" * 301}, "description"),
        ({"slug": "Not a slug"}, "slug"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(world: Any, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.save_state(make.actor(), None, **({"name": "X", "phase": "active"} | said))
    assert (refused.value.field, bool(refused.value.fix)) == (field, True)


def test_a_duplicate_and_what_was_declined_enter_no_state(world: Any, life: dict[str, IncidentState]) -> None:
    first, second = (commands.declare(world.by, title=title) for title in ("Checkout fails", "Paying fails"))
    commands.link_incidents(world.by, second, first, kind="duplicate_of")
    assert stands(second) == ("resolved", "resolved", "Resolved")


def test_filters_and_the_payload_of_webhooks(world: Any, life: dict[str, IncidentState]) -> None:
    admin = make.actor()
    outgoing.save_webhook(admin, None, team=None, name="All", url="https://hooks.example.org/x", events=["*"])
    incident = commands.declare(world.by, title="Checkout fails", team=world.team)
    commands.move_to(world.by, incident, life["identified"])
    event = Event.objects.order_by("-id").first()
    assert event is not None
    assert (event.type, event.facts) == ("incident.state_changed", {"phase": "active", "state": "identified"})
    assert event.object is not None
    assert (event.object["phase"], event.object["state"]) == ("active", {"slug": "identified", "name": "Identified"})
    rows = queries.visible_to(world.by)
    assert queries.filtered(rows, {"state": "identified"}).get() == incident
    assert queries.filtered(rows, {"status": "active"}).get() == incident
    assert not queries.filtered(rows, {"state": "fixing"}).exists()
    commands.move_to(world.by, incident, life["done"])
    assert queries.filtered(rows, {"status": "resolved"}).get() == incident
    assert queries.filtered(rows, {"status": "closed"}).get() == incident


def test_by_page(world: Any, life: dict[str, IncidentState], client: Any, django_assert_max_num_queries: Any) -> None:
    client.force_login(world.responder, backend=BACKEND)
    incident = commands.declare(world.by, title="Checkout fails", team=world.team)
    room = client.get(f"/incidents/{incident.pk}").content.decode()
    assert 'value="identified"' in room
    assert "Closed" not in room.split('id="times"')[1]
    assert client.post(f"/incidents/{incident.pk}/status", {"to": "identified"}).status_code == 302
    assert stands(incident)[2] == "Identified"
    assert "Identified" in client.get("/incidents?state=identified").content.decode()
    assert "?status=closed" in client.get("/incidents").content.decode()
    IncidentState.objects.filter(phase="closed").delete()
    assert "?status=closed" not in client.get("/incidents").content.decode()  # nothing can be closed here
    assert client.post(f"/incidents/{incident.pk}/status", {"to": "nowhere"}).status_code == 422
    assert client.post("/incident-states/new", {"name": "X", "phase": "active", "order": "1"}).status_code == 403

    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    said = {"name": "Awaiting postmortem", "phase": "resolved", "order": "2", "description": "The draft is written."}
    assert client.post("/incident-states/new", said | {"order": "x"}).status_code == 422
    assert client.post("/incident-states/new", said)["Location"] == "/incident-states"
    with django_assert_max_num_queries(10):
        page = client.get("/incident-states").content.decode()
    assert "The draft is written." in page
    assert "1 incident<" in page
    changed = said | {"name": "Postmortem due", "retired": "on"}
    assert client.post("/incident-states/awaiting-postmortem", changed).status_code == 302
    row = IncidentState.objects.get(slug="awaiting-postmortem")
    assert (row.name, row.retired_at is None) == ("Postmortem due", False)
    assert "Postmortem due" in client.get("/incident-states/awaiting-postmortem").content.decode()
    assert client.post("/incident-states/awaiting-postmortem/delete").status_code == 302
    assert client.get("/incident-states/awaiting-postmortem").status_code == 404


def test_a_line_in_the_room_moves_it(world: Any, life: dict[str, IncidentState], client: Any) -> None:
    client.force_login(world.responder, backend=BACKEND)
    incident = commands.declare(world.by, title="Checkout fails", team=world.team)
    say = f"/api/v1/incidents/{incident.pk}/say"
    answer = client.post(say, {"text": "/status Fixing"}, content_type="application/json").json()
    assert answer["text"] == "The incident is fixing."
    assert stands(incident)[2] == "Fixing"
    caught_up = client.get(f"/api/v1/incidents/{incident.pk}/catch-up").json()
    assert caught_up["state"].startswith("SEV3, Fixing (active): people are hurt by it")
    refused = client.post(say, {"text": "/status asleep"}, content_type="application/json")
    assert (refused.status_code, "identified" in refused.json()["fix"]) == (422, True)


@pytest.mark.django_db
def test_by_command_line() -> None:
    def data(*arguments: str, code: int = 0) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == code, result.output + repr(result.exception)
        return json.loads(result.stdout) if code == 0 else result.output

    make.person("Anna", "administrator", email="anna@example.org")
    assert data("incident", "state", "list")["items"] == []
    made = data("incident", "state", "create", "Identified", "--phase", "active", "--order", "2")
    assert (made["slug"], made["phase"], made["order"], made["team"]) == ("identified", "active", 2, None)
    data("incident", "state", "create", "Learning", "--phase", "resolved")
    declared = data("declare", "Checkout fails")
    assert (declared["phase"], declared["state"]["slug"]) == ("active", "identified")
    moved = data("incident", "state", "set", str(declared["id"]), "learning")
    assert (moved["status"], moved["state"]["name"]) == ("resolved", "Learning")
    assert data("incident", "state", "set", str(declared["id"]), "active")["status"] == "active"
    assert [each["slug"] for each in data("incident", "state", "of", str(declared["id"]))] == ["identified", "learning"]
    changed = data("incident", "state", "change", "learning", "--name", "Lessons", "--retired")
    assert (changed["name"], changed["retired"], changed["phase"]) == ("Lessons", True, "resolved")
    assert data("incident", "list", "--state", "identified")["items"][0]["id"] == declared["id"]
    assert "Incidents are in" in data("incident", "state", "delete", "identified", code=1)
    data("incident", "state", "delete", "learning")
    assert [each["slug"] for each in data("incident", "state", "list")["items"]] == ["identified"]


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = """version: 1
teams: [{slug: payments, name: Payments}]
incident_types: [{slug: leak, name: Leak, team: payments}]
incident_states:
  - {slug: identified, name: Identified, phase: active, order: 1, description: We know which change did it.}
  - {slug: told, name: Regulator told, phase: resolved, team: payments, types: [leak]}
"""
    by = make.actor()
    steps = apply(by, parse(yaml.safe_load(text), "x.yaml"))[0]
    assert [str(step) for step in steps][-2:] == ["+ incident_states identified", "+ incident_states told"]
    told = IncidentState.objects.get(slug="told")
    assert (told.phase, [each.slug for each in told.types.all()]) == ("resolved", ["leak"])
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    renamed = text.replace("name: Identified", "name: Known, retired: true")
    assert [step.verb for step in apply(by, parse(yaml.safe_load(renamed), "x.yaml"))[0]] == ["change"]
    assert [each.name for each in by_phase(IncidentState.objects.filter(retired_at__isnull=True))] == ["Regulator told"]
    gone = "version: 1\nincident_states: []\nincident_types: []\n"
    pruned = apply(by, parse(yaml.safe_load(gone), "x.yaml"), prune=True)[0]
    assert [step.verb for step in pruned] == ["delete"] * 3


@pytest.mark.django_db
def test_a_slug_that_is_a_phase_is_refused_where_it_is_said_and_avoided_where_it_is_made() -> None:
    by, other = make.actor(), {"slug": "told", "name": "Told", "phase": "closed"}
    for slug in ("closed", "active"):
        text = {"version": 1, "incident_states": [{"slug": slug, "name": "Closed", "phase": "closed"}]}
        with pytest.raises(Refused) as refused:
            apply(by, parse(text, "x.yaml"))
        assert (refused.value.field, refused.value.value) == (f"incident_states[{slug}].slug", slug)
        assert f"own-{slug}" in str(refused.value.fix)
    apply(by, parse({"version": 1, "incident_states": [other]}, "x.yaml"))
    with pytest.raises(Refused):
        commands.save_state(by, IncidentState.objects.get(), name="Told", phase="closed", slug="closed")
    assert commands.save_state(by, None, name="Closed", phase="closed").slug == "own-closed"


@pytest.mark.django_db
def test_a_file_that_says_something_twice_or_with_spaces_is_applied_once() -> None:
    text = """version: 1
teams: [{slug: payments, name: Payments}]
incident_types: [{slug: leak, name: Leak, team: payments}, {slug: fire, name: Fire, team: payments}]
incident_states:
  - slug: told
    name: "Regulator  told "
    phase: resolved
    types: [leak, fire, leak]
    description: |
      They know.
"""
    assert len(apply(make.actor(), parse(yaml.safe_load(text), "x.yaml"))[0]) == 4
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []


def test_nobody_learns_of_a_state_of_what_they_may_not_see(world: Any, life: dict[str, IncidentState]) -> None:
    incident = commands.declare(world.by, title="A leak", private=True, team=world.team)
    with pytest.raises(NotFound):
        commands.move_to(acting(world.stranger), incident, life["identified"])
    commands.move_to(world.by, incident, life["identified"])
    for person, said in ((world.stranger, False), (world.responder, True)):
        browser = Client()
        browser.force_login(person, backend=BACKEND)
        assert ("1 incident<" in browser.get("/incident-states").content.decode()) == said
