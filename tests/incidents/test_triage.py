"""What waits for triage, what becomes of it, and tests that never count."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.incidents import commands, duties, queries
from watchroom.incidents.models import Incident, RoleAssignment, TriageRule
from watchroom.insights.reports import report
from watchroom.kernel import clock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.paging.models import Escalation
from watchroom.status.commands._shared import is_for_strangers

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def roles(incident: Incident) -> list[str]:
    return sorted(
        RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True).values_list("role", flat=True)
    )


@pytest.fixture
def waiting(world: Any) -> Incident:
    """A viewer is not sure; Max, who is commander on call for the team, is asked to look."""
    commands.save_rotation(acting(world.manager), None, role="commander", team=world.team, person=world.manager)
    return commands.declare(acting(world.viewer), title="Odd numbers", team=world.team, severity=2, triage=True)


def test_what_waits_asks_one_to_look_and_nobody_in(world: Any, waiting: Incident) -> None:
    assert (waiting.triage, waiting.is_waiting, roles(waiting)) == ("waiting", True, [])
    page = Escalation.objects.get(ended_at__isnull=True)
    assert (page.kind, page.pk, page.urgency) == ("direct", waiting.triage_page, "high")
    assert page.title.startswith("Is it an incident?")
    assert [target["id"] for target in page.plan["steps"][0]["targets"]] == [world.manager.pk]
    commands.change_severity(world.by, waiting, 1)
    assert roles(waiting) == []
    assert duties.next_look() is None
    with pytest.raises(Conflict):
        commands.publish_update(world.by, waiting, happening="We look.")
    assert not is_for_strangers(waiting)


def test_confirmed_it_counts_and_who_is_needed_is_asked(world: Any, waiting: Incident) -> None:
    for person in (world.viewer, world.stranger):  # not whoever declared it
        with pytest.raises(NotAllowed):
            commands.confirm(acting(person), waiting)
    for _ in range(2):
        commands.confirm(world.by, waiting)
    held = RoleAssignment.objects.get(incident=waiting, ended_at__isnull=True)
    assert (held.role, held.person) == ("commander", world.manager)
    assert not Escalation.objects.filter(kind="direct", ended_at__isnull=True).exists()
    assert duties.next_look() is not None
    assert waiting.log.filter(type="incident.confirmed").count() == 1
    with pytest.raises(Conflict):
        commands.decline(world.by, waiting, "No.")


def test_declined_it_ends_with_its_reason_and_never_counts(world: Any, waiting: Incident) -> None:
    with pytest.raises(Refused):
        commands.decline(world.by, waiting, " ")
    with pytest.raises(NotAllowed):
        commands.decline(acting(world.viewer), waiting, "I was wrong.")
    commands.decline(world.by, waiting, "A planned load test.")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.triage) == ("resolved", "declined")
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()
    assert waiting.log.filter(text__contains="declined it: A planned load test.").exists()
    assert not queries.that_count(Incident.objects.all()).exists()
    with pytest.raises(Conflict):
        commands.confirm(world.by, waiting)
    commands.reopen(world.by, waiting)  # it was one after all
    assert queries.that_count(Incident.objects.all()).get().triage == ""


def test_merged_it_goes_on_in_the_other_and_is_counted_once(world: Any, waiting: Incident) -> None:
    other = commands.declare(world.by, title="Numbers are wrong", team=world.team)
    with pytest.raises(NotAllowed):
        commands.merge(acting(world.viewer), waiting, other)
    commands.merge(world.by, waiting, other)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.triage) == ("resolved", "merged")
    assert not Escalation.objects.filter(kind="direct", ended_at__isnull=True).exists()
    assert list(queries.that_count(Incident.objects.all())) == [other]
    later = commands.declare(world.by, title="Again", team=world.team)
    commands.link_incidents(world.by, later, other, "duplicate_of")
    assert list(queries.that_count(Incident.objects.all())) == [other]


def test_whatever_ends_it_ends_the_question(world: Any, waiting: Incident) -> None:
    commands.resolve(world.by, waiting)
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()
    with pytest.raises(Conflict):
        commands.confirm(world.by, waiting)


def test_what_waits_by_itself(world: Any) -> None:
    def waits(by: Any, **more: Any) -> bool:
        return commands.declare(by, title="Odd", team=world.team, **more).is_waiting

    assert not any(waits(by) for by in (SYSTEM, world.by, acting(world.stranger)))
    with pytest.raises(NotAllowed):
        commands.save_triage_rules(acting(world.manager), ["rules"])
    with pytest.raises(Refused):
        commands.save_triage_rules(make.actor(), ["everything"])
    commands.save_triage_rules(make.actor(), ["rules"])
    assert [waits(by) for by in (SYSTEM, world.by, acting(world.stranger))] == [True, False, False]
    commands.save_triage_rules(make.actor(), ["strangers"])
    assert [waits(by) for by in (SYSTEM, world.by, acting(world.stranger))] == [False, False, True]
    commands.save_triage_rules(make.actor(), ["mail"])
    assert [waits(world.by), waits(world.by, origins=("mail",))] == [False, True]


def test_a_test_asks_nobody_and_never_counts(world: Any) -> None:
    commands.save_rotation(acting(world.manager), None, role="commander", team=world.team, person=world.manager)
    test = commands.declare(world.by, title="How does this work?", team=world.team, severity=1, test=True)
    assert (test.drill, RoleAssignment.objects.get(incident=test).person) == (True, world.responder)
    assert not Escalation.objects.exists()
    assert not is_for_strangers(test)
    assert not queries.that_count(Incident.objects.all()).exists()
    now = clock.now()
    sections = {each["key"]: each["count"] for each in report(world.team, now, now)}
    assert sections["incidents"] == 0
    commands.declare(world.by, title="A real one", team=world.team)
    assert {each["key"]: each["count"] for each in report(world.team, now, now)}["incidents"] == 1


# --- Through the edges ---


def test_by_page(world: Any, waiting: Incident, client: Any) -> None:
    other = commands.declare(world.by, title="Numbers are wrong", team=world.team)
    room = f"/incidents/{waiting.pk}"
    client.force_login(world.viewer, backend=BACKEND)
    page = client.get(room).content.decode()
    assert "A responder of its team decides." in page
    assert client.post(f"{room}/triage", {"to": "confirm"}).status_code == 403
    client.force_login(world.responder, backend=BACKEND)
    assert "Yes, confirm it" in client.get(room).content.decode()
    listed = client.get("/incidents?status=triage").content.decode()
    assert "Odd numbers" in listed
    assert "Numbers are wrong" not in listed
    assert client.post(f"{room}/triage", {"to": "maybe"}).status_code == 422
    assert client.post(f"{room}/triage", {"to": "merge", "other": "x"}).status_code == 422
    assert (
        client.post(f"{room}/triage", {"to": "merge", "other": str(other.pk)})["Location"] == f"/incidents/{other.pk}"
    )
    form = {"title": "Just looking", "severity": "3", "test": "on"}
    room = client.post("/incidents/declare", form)["Location"]
    assert "This is a test" in client.get(room).content.decode()
    room = client.post("/incidents/declare", {"title": "Odd", "severity": "3", "triage": "on"})["Location"]
    client.post(f"{room}/triage", {"to": "decline", "reason": "Planned"})
    assert "Declined in triage" in client.get(room).content.decode()
    assert client.post("/severities/triage", {"of": ["rules"]}).status_code == 403
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    client.post("/severities/triage", {"of": ["rules", "mail"]})
    assert client.get("/severities").content.decode().count(" checked") == 2


def test_wherever_it_is_named_it_says_that_it_waits(world: Any, waiting: Incident, client: Any) -> None:
    client.force_login(world.responder, backend=BACKEND)
    room = f"/incidents/{waiting.pk}"
    for path in (room, "/incidents", "/"):
        page = client.get(path).content.decode()
        assert "Waits for triage" in page and "Active</span>" not in page, path
    assert "people are hurt" not in client.get(room).content.decode()
    said = client.get(f"/api/v1{room}").json()
    assert [each["key"] for each in said["next_steps"]] == ["triage"]
    caught_up = client.get(f"/api/v1{room}/catch-up").json()
    assert "nobody has said yet whether it is an incident" in caught_up["state"]


@pytest.mark.django_db
def test_by_api_and_command_line() -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    assert data("triage", "rules", "--of", "strangers") == {"of": ["strangers"]} == data("triage", "rules")
    assert data("triage", "rules", "--nothing") == {"of": []}
    test = data("declare", "How does this work?", "--test")
    assert (test["test"], test["drill"], test["triage"]) == (True, True, "")
    first, second, third = (data("declare", f"Odd {n}", "--triage")["id"] for n in range(3))
    assert [each["id"] for each in data("incident", "list", "--status", "triage")["items"]] == [third, second, first]
    listed = CliRunner().invoke(cli, ["incident", "list", "--status", "triage"]).output
    assert listed.count("in triage") == 3 and "active" not in listed
    assert "active (test)" in CliRunner().invoke(cli, ["incident", "list"]).output
    assert data("triage", "confirm", str(first))["triage"] == ""
    assert data("triage", "decline", str(second), "Planned")["triage"] == "declined"
    assert data("triage", "merge", str(third), str(first))["id"] == first
    assert Incident.objects.get(pk=third).triage == "merged"
    listed = CliRunner().invoke(cli, ["incident", "list"]).output
    assert "declined" in listed and "merged" in listed


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = "version: 1\ntriage: [{of: rules}, {of: mail}]\n"
    by = make.actor()
    assert len(apply(by, parse(yaml.safe_load(text), "x.yaml"))[0]) == 2
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    less = "version: 1\ntriage: [{of: rules}]\n"
    assert [str(step) for step in apply(by, parse(yaml.safe_load(less), "x.yaml"), prune=True)[0]] == ["- triage mail"]
    assert [row.of for row in TriageRule.objects.all()] == ["rules"]


def test_a_private_one_is_looked_at_by_those_who_may_read_it(world: Any) -> None:
    stranger = acting(world.stranger)
    commands.save_rotation(make.actor(), None, role="commander", service=world.service, person=world.stranger)
    waiting = commands.declare(
        world.by, title="A leak", team=world.team, severity=2, services=[world.service], private=True, triage=True
    )
    page = Escalation.objects.get(ended_at__isnull=True)
    paged = {target["id"] for target in page.plan["steps"][0]["targets"]}
    assert world.manager.pk in paged and world.stranger.pk not in paged
    assert not queries.visible_to(stranger).filter(pk=waiting.pk).exists()


def test_nobody_gets_past_triage_by_reopening(world: Any) -> None:
    commands.save_triage_rules(make.actor(), ["strangers"])
    viewer = acting(world.viewer)
    waiting = commands.declare(viewer, title="Odd numbers", team=world.team)
    commands.resolve(viewer, waiting)
    commands.reopen(viewer, waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.triage) == ("active", "waiting")
    commands.decline(world.by, waiting, "It is the new report.")
    with pytest.raises(NotAllowed):
        commands.reopen(viewer, waiting)
    commands.reopen(world.by, waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.triage) == ("active", "")
