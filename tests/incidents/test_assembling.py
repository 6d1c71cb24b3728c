"""Who is needed is computed, asked, and passed over when they do not answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.engine.loop import run_due
from watchroom.incidents import assembly, commands, duties
from watchroom.incidents.models import Incident, RoleAssignment, RoleRotation
from watchroom.incidents.rules.assembling import Rotation, nearest_first, next_to_ask
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall.models import Absence
from watchroom.paging.models import Escalation, Notification
from watchroom.web.answers import answer, settled

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NUMBERS = st.integers(1, 4)
ROTATIONS = st.lists(
    st.builds(Rotation, NUMBERS, st.none() | NUMBERS, st.none(), st.integers(1, 5))
    | st.builds(Rotation, NUMBERS, st.none(), NUMBERS, st.integers(1, 5)),
    unique_by=lambda each: each.id,
)


@given(ROTATIONS, st.none() | NUMBERS, st.sets(NUMBERS), st.integers(1, 5))
def test_the_nearest_rotation_comes_first_and_only_those_that_fit(
    rotations: list[Rotation], team: int | None, services: set[int], severity: int
) -> None:
    found = nearest_first(rotations, team=team, services=services, severity=severity)
    assert {each.id for each in found} == {each.id for each in rotations if each.fits(team, services, severity)}
    rank = [0 if each.service else 1 if each.team else 2 for each in found]
    assert rank == sorted(rank)
    assert all(severity <= each.least_severity for each in found)


@given(st.lists(NUMBERS), st.sets(NUMBERS))
def test_nobody_is_asked_twice(chain: list[int], asked: set[int]) -> None:
    found = next_to_ask(chain, asked)
    assert found not in asked
    assert (found is None) == (set(chain) <= asked)


@dataclass
class Crew:
    """Three who take turns as commanders of all teams."""

    ada: Any
    bob: Any
    cyd: Any
    schedule: Any
    rotation: RoleRotation


@pytest.fixture
def crew(world: Any) -> Crew:
    ada, bob, cyd = (make.person(name) for name in ("Ada", "Bob", "Cyd"))
    for each in (ada, bob, cyd):
        make.membership(world.team, each, "responder")
        make.contact_method(each)
    schedule = make.schedule("Commanders", people=(ada, bob, cyd), team=world.team)
    on_call = assembly.oncall.who(schedule, assembly.clock.now())
    order = [on_call[0], *(each for each in assembly.everybody(schedule) if each != on_call[0])]
    rotation = commands.save_rotation(make.actor(), None, role="commander", schedule=schedule, slug="commanders")
    nexts = assembly.next_on_call(schedule, assembly.clock.now())
    order.sort(key=lambda each: (each != on_call[0], each not in nexts))
    return Crew(*order, schedule=schedule, rotation=rotation)


def holder(incident: Incident, role: str = "commander") -> RoleAssignment:
    return RoleAssignment.objects.get(incident=incident, role=role, ended_at__isnull=True)


def test_who_is_on_call_as_commander_is_asked_and_paged(world: Any, crew: Crew) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=2)
    held = holder(incident)
    assert (held.person, held.accepted_at, held.why) == (crew.ada, None, "on call in Commanders")
    escalation = Escalation.objects.get(kind="role", subject_id=held.pk, ended_at__isnull=True)
    assert "you are on call in Commanders" in escalation.body
    assert not RoleAssignment.objects.filter(incident=incident, role="communications").exists()


def test_who_leads_in_one_incident_is_not_asked_into_a_second_while_others_are_free(world: Any, crew: Crew) -> None:
    first, second = (commands.declare(world.by, title=f"Fails {n}", team=world.team, severity=2) for n in range(2))
    assert [holder(each).person for each in (first, second)] == [crew.ada, crew.bob]
    commands.decline_role(acting(crew.bob), holder(second))
    assert holder(second).person == crew.cyd
    # Nobody is free: whoever is on call is asked all the same.
    commands.assign_role(world.by, second, "scribe", crew.bob)
    assert holder(commands.declare(world.by, title="And", team=world.team, severity=2)).person == crew.ada
    commands.resolve(world.by, first)
    assert holder(commands.declare(world.by, title="Again", team=world.team, severity=2)).person == crew.ada


def test_a_yes_after_the_end_counts_no_more(world: Any, crew: Crew) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=2)
    held = holder(incident)
    escalation = Escalation.objects.get(kind="role", subject_id=held.pk)
    run_due()
    commands.resolve(world.by, incident)
    with pytest.raises(Conflict, match="is resolved"):
        commands.accept_role(acting(crew.ada), held)
    answer(acting(crew.ada), escalation)  # by telephone or mail: it says that it is over, and nothing else
    held.refresh_from_db()
    assert held.accepted_at is None
    assert "resolved" in str(settled(escalation))


def test_who_declares_leads_where_nobody_is_on_call_for_it(world: Any, crew: Crew) -> None:
    commands.save_rotation(make.actor(), crew.rotation, role="commander", schedule=crew.schedule, least_severity=2)
    assert holder(commands.declare(world.by, title="Slow", severity=3)).person == world.responder
    second = commands.declare(world.by, title="Slow", severity=2)
    assert holder(second).person == crew.ada
    commands.resolve(world.by, second)  # she is free again
    named = commands.declare(world.by, title="Slow", severity=2, commander=world.viewer)
    assert holder(named).person == world.viewer
    own = holder(commands.declare(acting(crew.ada), title="Slow", severity=1))
    assert own.accepted_at is not None
    assert own.pass_at is None
    drill = commands.declare(world.by, title="Practice", severity=1, drill=True)
    assert holder(drill).person == world.responder


def test_who_does_not_answer_is_passed_over_until_nobody_is_left(world: Any, crew: Crew, clock: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=1)
    first = holder(incident)
    assert duties.next_pass() == first.assigned_at + timedelta(minutes=5)
    assert duties.pass_on() == 0
    for expected in (crew.bob, crew.cyd):
        clock.advance(timedelta(minutes=5))
        assert duties.pass_on() == 1
        held = holder(incident)
        assert (held.person, held.accepted_at) == (expected, None)
        assert Escalation.objects.filter(kind="role", ended_at__isnull=True).get().subject_id == held.pk
    clock.advance(timedelta(minutes=5))
    assert duties.pass_on() == 1
    assert duties.next_pass() is None
    assert holder(incident).person == crew.cyd  # is paged on: nobody else is left
    said = list(incident.log.filter(type__startswith="role.").order_by("id").values_list("type", flat=True))
    assert said == [
        "role.assigned", "role.passed_on", "role.assigned", "role.passed_on", "role.assigned", "role.unanswered",
    ]  # fmt: skip
    told = Notification.objects.filter(person=world.responder, reason__startswith="role-unanswered")
    assert (
        not told.exists()
    )  # Rita has no contact method: what is written to her can't be delivered, and the log has it


def test_an_answer_ends_it_also_a_late_one(world: Any, crew: Crew, clock: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=1)
    first = holder(incident)
    clock.advance(timedelta(minutes=6))
    duties.pass_on()
    first.refresh_from_db()
    assert first.passed
    late = Escalation.objects.get(kind="role", subject_id=first.pk)
    assert settled(late) is None
    commands.accept_role(acting(crew.ada), first)
    assert holder(incident).person == crew.ada
    assert holder(incident).accepted_at is not None
    clock.advance(timedelta(minutes=20))
    assert duties.pass_on() == 0
    second = RoleAssignment.objects.get(incident=incident, person=crew.bob)
    with pytest.raises(Conflict):
        commands.accept_role(acting(crew.bob), second)
    assert settled(Escalation.objects.get(kind="role", subject_id=second.pk)) is not None


def test_who_says_no_is_not_waited_for(world: Any, crew: Crew, client: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=1)
    first = holder(incident)
    with pytest.raises(NotAllowed):
        commands.decline_role(acting(make.person("Outsider", "viewer")), first)
    commands.decline_role(acting(crew.ada), first, why="on a train")
    commands.decline_role(acting(crew.ada), first)  # twice is once
    second = holder(incident)
    assert (second.person, second.accepted_at) == (crew.bob, None)
    assert Escalation.objects.filter(kind="role", ended_at__isnull=True).get().subject_id == second.pk
    said = f"{crew.ada} can’t be the commander (on a train); {crew.bob} is asked"
    assert said in incident.log.get(type="role.passed_on").text

    # On the page it is the first thing for whoever is asked, and for nobody else.
    room = f"/incidents/{incident.pk}"
    client.force_login(crew.bob, backend=BACKEND)
    assert "Can you be the commander?" in client.get(room).content.decode()
    client.post(f"/roles/{second.pk}", {"answer": "decline"})
    assert "Can you be the commander?" not in client.get(room).content.decode()
    client.force_login(crew.cyd, backend=BACKEND)
    said = client.post(f"/api/v1{room}/say", {"text": "/decline"}, "application/json").json()
    assert said["text"] == "You are not asked to be the commander any more."
    assert not incident.roles.filter(role="commander", ended_at__isnull=True).exists()
    last = incident.log.filter(type="role.declined").get()
    assert last.text == f"{crew.cyd} can’t be the commander; nobody is left to ask"
    assert client.post(f"/api/v1{room}/say", {"text": "/decline"}, "application/json").status_code == 409

    # Whoever thinks better of it comes in time while nobody else has it.
    assert client.post(f"/api/v1{room}/say", {"text": "/accept"}, "application/json").status_code == 201
    assert holder(incident).person == crew.cyd
    refused = client.post(f"/api/v1/roles/{holder(incident).pk}/decline", {}, "application/json")
    assert refused.status_code == 409 and "has accepted" in refused.json()["title"] + refused.json()["detail"]
    client.force_login(world.stranger, backend=BACKEND)
    Incident.objects.filter(pk=incident.pk).update(private=True)
    assert client.post(f"/api/v1/roles/{holder(incident).pk}/decline", {}, "application/json").status_code == 404


def test_who_is_asked_as_the_last_resort_takes_the_role_themselves(world: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, commander=world.viewer)
    escalation = Escalation.objects.get(kind="role", subject_id=holder(incident).pk)
    Notification.objects.create(
        person=world.manager, escalation=escalation, purpose="page", urgency="high", subject="x", state="sent",
        created_at=incident.declared_at, ended_at=incident.declared_at,
    )  # fmt: skip
    answer(acting(world.manager), escalation)
    assert holder(incident).person == world.manager
    assert holder(incident).accepted_at is not None


def test_nobody_is_asked_who_is_away_or_has_been_asked(world: Any, crew: Crew, clock: Any) -> None:
    now = assembly.clock.now()
    Absence.objects.create(person=crew.ada, starts_at=now, ends_at=now + timedelta(days=1), paged=False)
    incident = commands.declare(world.by, title="Checkout fails", severity=1)
    assert holder(incident).person == crew.bob
    clock.advance(timedelta(minutes=5))
    duties.pass_on()
    assert holder(incident).person == crew.cyd


def test_a_resolved_incident_asks_nobody_any_more(world: Any, crew: Crew, clock: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=1)
    commands.resolve(world.by, incident)
    clock.advance(timedelta(minutes=5))
    duties.pass_on()
    assert duties.next_pass() is None
    assert holder(incident).person == crew.ada


def test_saying_no_to_a_resolved_incident_asks_and_tells_nobody(world: Any, crew: Crew, client: Any) -> None:
    make.contact_method(world.responder)
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=1)
    first = holder(incident)
    client.force_login(crew.ada, backend=BACKEND)
    room = f"/incidents/{incident.pk}"
    assert client.get(room).content.decode().count("I can’t now") == 2  # at the top, and beside the role
    commands.resolve(world.by, incident)
    assert "I can’t now" not in client.get(room).content.decode()
    client.post(f"/roles/{first.pk}", {"answer": "decline"})  # from a page that was open before
    first.refresh_from_db()
    assert first.ended_at is not None
    assert incident.roles.filter(role="commander").get() == first
    assert not Escalation.objects.filter(kind="role", ended_at__isnull=True).exists()
    assert not Notification.objects.filter(reason__startswith="role-unanswered").exists()
    assert incident.log.get(type="role.declined").text == f"{crew.ada} can’t be the commander"


def test_worse_means_that_more_are_asked_and_nobody_twice(world: Any, crew: Crew) -> None:
    admin = make.actor()
    commands.save_rotation(admin, None, role="communications", person=crew.bob, least_severity=2)
    owner = make.person("Owen")
    world.service.policy = make.policy(owner, team=world.team)
    world.service.save()
    commands.save_severity(admin, 1, roles=["commander", "communications", "expert"])
    incident = commands.declare(world.by, title="Slow", services=[world.service], severity=3, commander=world.viewer)
    assert not RoleAssignment.objects.filter(incident=incident, role="communications").exists()
    commands.change_severity(world.by, incident, 1, reason="It spreads.")
    assert holder(incident).person == world.viewer
    assert holder(incident, "communications").why == "knows everything"
    assert (holder(incident, "expert").person, holder(incident, "expert").why) == (owner, "on call for checkout")
    assert commands.assemble(world.by, incident) == []
    commands.change_severity(world.by, incident, 2)
    assert RoleAssignment.objects.filter(incident=incident).count() == 3


def test_an_incident_that_declares_itself_has_a_commander(world: Any, crew: Crew) -> None:
    incident = commands.declare(SYSTEM, title="Disk full", severity=2)
    assert holder(incident).person == crew.ada


def test_a_rotation_of_the_service_or_team_goes_before_that_of_all(world: Any, crew: Crew) -> None:
    manager = acting(world.manager)
    commands.save_rotation(manager, None, role="commander", team=world.team, person=crew.cyd)
    assert holder(commands.declare(world.by, title="Slow", team=world.team)).person == crew.cyd
    assert holder(commands.declare(world.by, title="Slow")).person == crew.ada
    commands.save_rotation(manager, None, role="commander", service=world.service, person=crew.bob)
    about = commands.declare(world.by, title="Slow", services=[world.service])
    assert holder(about).person == crew.bob


def test_what_makes_no_sense_and_who_may_not(world: Any, crew: Crew) -> None:
    admin, manager = make.actor(), acting(world.manager)
    for said, field in (
        ({"role": "captain", "person": crew.ada}, "role"),
        ({"role": "scribe"}, "schedule"),
        ({"role": "scribe", "person": crew.ada, "schedule": crew.schedule}, "schedule"),
        ({"role": "scribe", "person": crew.ada, "team": world.team, "service": world.service}, "service"),
        ({"role": "scribe", "person": crew.ada, "least_severity": 6}, "least_severity"),
        ({"role": "scribe", "person": crew.ada, "answer_minutes": 0}, "answer_minutes"),
        ({"role": "scribe", "person": crew.ada, "slug": "A B"}, "slug"),
    ):
        with pytest.raises(Refused) as refused:
            commands.save_rotation(admin, None, **said)
        assert refused.value.field == field
    with pytest.raises(Conflict):
        commands.save_rotation(admin, None, role="commander", person=crew.bob)
    with pytest.raises(NotAllowed):  # of all teams: administrators only
        commands.save_rotation(manager, None, role="scribe", person=crew.ada)
    own = commands.save_rotation(manager, None, role="scribe", team=world.team, person=crew.ada)
    for by in (world.by, acting(world.stranger)):
        with pytest.raises(NotAllowed):
            commands.save_rotation(by, own, role="scribe", team=world.team, person=crew.bob)
        with pytest.raises(NotAllowed):
            commands.delete_rotation(by, own)
    with pytest.raises(NotAllowed):
        commands.save_rotation(manager, own, role="scribe", person=crew.ada)  # would be for all
    commands.delete_rotation(manager, own)


# --- Through the edges ---


def test_by_page(world: Any, crew: Crew, client: Any, django_assert_max_num_queries: Any) -> None:
    client.force_login(world.manager, backend=BACKEND)
    form = {"role": "communications", "for": f"team:{world.team.slug}", "asks": f"person:{crew.bob.pk}"}
    form |= {"least_severity": "2", "answer_minutes": "10"}
    assert client.post("/role-rotations/new", form | {"answer_minutes": "soon"}).status_code == 422
    assert client.post("/role-rotations/new", form)["Location"] == "/role-rotations"
    made = RoleRotation.objects.get(role="communications")
    assert (made.person, made.answer_minutes) == (crew.bob, 10)
    assert b"Save rotation" in client.get(f"/role-rotations/{made.slug}").content
    assert b"Save rotation" not in client.get("/role-rotations/commanders").content
    assert client.post("/role-rotations/commanders/delete").status_code == 403
    page = client.get("/role-rotations").content.decode()
    assert str(crew.ada) in page
    client.force_login(world.responder, backend=BACKEND)
    incident = commands.declare(world.by, title="Slow", team=world.team, severity=2, commander=world.viewer)
    commands.end_role(world.by, holder(incident, "communications"))
    commands.end_role(world.by, holder(incident))
    with django_assert_max_num_queries(40):
        part = client.get(f"/incidents/{incident.pk}/needed").content.decode()
    assert "Page Ada as commander".replace("Ada", str(crew.ada)) in part
    assert "Page all who are needed" in part
    assert f"/incidents/{incident.pk}/needed" in client.get(f"/incidents/{incident.pk}").content.decode()
    client.post(f"/incidents/{incident.pk}/assemble")
    assert holder(incident).person == crew.ada
    assert holder(incident, "communications").person == crew.bob
    assert b"Page" not in client.get(f"/incidents/{incident.pk}/needed").content
    incident.private = True
    incident.save()
    client.force_login(world.stranger, backend=BACKEND)
    assert client.get(f"/incidents/{incident.pk}/needed").status_code == 404
    assert client.post(f"/incidents/{incident.pk}/assemble").status_code == 404


@pytest.mark.django_db
def test_by_api_and_command_line(client: Any) -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    ada = make.person("Ada", email="ada@example.org")
    made = data("role-rotation", "create", "communications", "--person", ada.email, "--answer-minutes", "3")
    assert (made["slug"], made["person"]["name"], made["answer_minutes"]) == ("communications-ada", "Ada", 3)
    assert [each["slug"] for each in data("role-rotation", "list")["items"]] == ["communications-ada"]
    data("role-rotation", "create", "scribe", "--person", ada.email, "--slug", "scribes")
    data("role-rotation", "delete", "scribes")
    declared = data("declare", "Checkout fails", "--severity", "1")
    by_role = {each["role"]: each for each in declared["roles"]}
    assert by_role["communications"]["person"]["name"] == "Ada"
    assert by_role["communications"]["pass_at"] is not None
    found = data("incident", "needed", str(declared["id"]))
    assert [(each["role"], each["required"], len(each["holders"])) for each in found] == [
        ("commander", True, 1), ("communications", True, 1),
    ]  # fmt: skip
    assert data("incident", "assemble", str(declared["id"])) == []
    as_ada = ("--as", ada.email)
    assert "any more" in data("incident", "decline-role", str(declared["id"]), "--why", "On a train", *as_ada)["text"]
    assert "You are the communications" in data("incident", "accept-role", str(declared["id"]), *as_ada)["text"]
    ended = CliRunner().invoke(cli, ["incident", "end-role", str(declared["id"]), "communications"])
    assert ended.output.strip() == "Ada is no longer communications."
    assert CliRunner().invoke(cli, ["incident", "end-role", str(declared["id"]), "scribe"]).exit_code == 1
    data("incident", "role", str(declared["id"]), "communications", ada.email)
    plain = CliRunner().invoke(cli, ["incident", "needed", str(declared["id"])])
    assert plain.exit_code == 0, plain.output
    assert "Ada" in plain.output
    client.force_login(make.person("Vic"), backend=BACKEND)
    body = {"role": "scribe", "person": ada.email}
    assert client.post("/api/v1/role-rotations", body, content_type="application/json").status_code == 403
    client.force_login(make.person("Bea", "administrator"), backend=BACKEND)
    changed = client.put("/api/v1/role-rotations/communications-ada", body, content_type="application/json")
    assert changed.json()["role"] == "scribe"
    assert client.get("/api/v1/role-rotations/communications-ada").json()["role"] == "scribe"
    assert client.delete("/api/v1/role-rotations/communications-ada").status_code == 204
    assert not RoleRotation.objects.exists()


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = """
version: 1
people: [{email: ada@example.org, name: Ada}]
teams: [{slug: payments, name: Payments}]
role_rotations:
  - {slug: payments-leads, role: commander, team: payments, person: ada@example.org, least_severity: 2}
"""
    by = make.actor()
    steps, _ = apply(by, parse(yaml.safe_load(text), "x.yaml"))
    assert str(steps[-1]) == "+ role_rotations payments-leads"
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    changed = text.replace("least_severity: 2", "least_severity: 3")
    assert [step.verb for step in apply(by, parse(yaml.safe_load(changed), "x.yaml"))[0]] == ["change"]
    gone = "version: 1\nrole_rotations: []\n"
    assert [step.verb for step in apply(by, parse(yaml.safe_load(gone), "x.yaml"), prune=True)[0]] == ["delete"]


def test_nobody_gets_to_read_a_private_incident_by_itself(world: Any, crew: Crew, clock: Any) -> None:
    incident = commands.declare(world.by, title="A leak", team=world.team, severity=1, private=True)
    assert holder(incident).person == world.responder
    commands.assign_role(world.by, incident, "commander", crew.ada)
    assert holder(incident).pass_at is None
    commands.resolve(world.by, incident)
    asked = commands.declare(world.by, title="Slow", team=world.team, severity=1)
    assert holder(asked).pass_at is not None
    Incident.objects.filter(pk=asked.pk).update(private=True)  # while somebody was being asked
    clock.advance(timedelta(hours=1))
    while commands.pass_on_one():
        pass
    assert holder(asked).person == crew.ada


def test_a_page_and_the_command_line_in_turn(world: Any, client: Any) -> None:
    """What one client leaves behind breaks nothing for the other."""
    client.force_login(make.person("Ada", "administrator", email="ada@example.org"), backend=BACKEND)

    def run(*words: str) -> Any:
        result = CliRunner().invoke(cli, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.output) if result.output.strip() else None

    for number in range(2):
        slug = run("role-rotation", "create", "scribe", "--person", "ada@example.org", "--slug", f"scribes-{number}")[
            "slug"
        ]
        assert slug in client.get("/api/v1/role-rotations").content.decode()
        run("role-rotation", "delete", slug)
        assert client.get(f"/api/v1/role-rotations/{slug}").status_code == 404
