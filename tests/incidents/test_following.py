"""Whoever follows is told updates and states by their own ways, and is never paged for it."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.incidents import commands, following
from watchroom.incidents.models import Follower, FollowRule, Incident
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Notification, QuietHours

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def told(person: Any) -> list[str]:
    rows = Notification.objects.filter(person=person, purpose="update").order_by("id")
    assert not Notification.objects.filter(person=person).exclude(purpose="update").exists()
    assert all(row.urgency == "low" for row in rows)
    return [row.subject.rpartition(": ")[2] for row in rows]


def names(incident: Incident) -> list[str]:
    return sorted(str(row.person) for row in following.followers_of(incident))


def test_a_follower_is_told_what_happens_and_whoever_did_it_is_not(world: Any) -> None:
    make.contact_method(world.viewer)
    make.contact_method(world.responder)
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=3)
    for _ in range(2):
        commands.follow_incident(acting(world.viewer), incident)
    commands.follow_incident(world.by, incident)
    commands.log(world.by, incident, "note", "Nothing new")
    commands.change_severity(world.by, incident, 2)
    commands.publish_update(world.by, incident, happening="Cards fail. We roll back.")
    commands.mitigate(world.by, incident)
    commands.resolve(world.by, incident)
    commands.reopen(world.by, incident)
    assert told(world.viewer) == ["severity changed", "published", "mitigated", "resolved", "reopened"]
    assert told(world.responder) == []
    assert "Cards fail. We roll back." in Notification.objects.get(subject__endswith="published").body
    commands.follow_incident(acting(world.viewer), incident, yes=False)
    commands.resolve(world.by, incident)
    assert len(told(world.viewer)) == 5
    assert names(incident) == ["Rita"]


def test_how_much_a_follower_is_told_is_theirs_to_say(world: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=3)
    people = {}
    for level in ("updates", "important", "everything"):
        people[level] = make.person(level)
        make.contact_method(people[level])
        commands.follow_incident(acting(people[level]), incident, level=level)
    note = commands.log(world.by, incident, "note", "The pool is empty")
    commands.log(world.by, incident, "decision", "We roll back")
    for _ in range(2):
        commands.pin(world.by, note)
    commands.pin(world.by, note, False)
    commands.mitigate(world.by, incident)
    assert told(people["updates"]) == ["mitigated"]
    assert told(people["important"]) == ["decision", "note", "mitigated"]
    assert told(people["everything"]) == ["note", "decision", "mitigated"]
    # Said without a level, it stays as it was; who is mentioned is told so, and once.
    commands.follow_incident(acting(people["important"]), incident)
    assert following.level_of(acting(people["important"]), incident) == "important"
    handle = people["everything"].email.partition("@")[0]
    commands.log(world.by, incident, "note", f"@{handle} knows it")
    last = Notification.objects.filter(person=people["everything"]).latest("id")
    assert last.purpose == "reminder"
    with pytest.raises(Refused, match="no such level"):
        commands.follow_incident(acting(world.viewer), incident, level="gossip")


def test_what_is_private_is_told_to_no_follower_who_may_not_see_it(world: Any) -> None:
    make.contact_method(world.viewer)
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=3)
    commands.follow_incident(acting(world.viewer), incident, level="everything")
    commands.edit(world.by, incident, private=True)
    commands.log(world.by, incident, "decision", "We call the police")
    assert told(world.viewer) == []


def test_the_level_by_page_and_api(world: Any, client: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=3)
    client.force_login(world.viewer, backend=BACKEND)
    at = f"/incidents/{incident.pk}"
    assert 'value="follow"' in client.get(at).content.decode()
    client.post(f"{at}/follow", {"to": "follow"})
    client.post(f"{at}/follow", {"to": "everything"})
    shown = client.get(at).content.decode()
    assert 'value="everything" aria-current="true"' in shown
    put = client.put(f"/api/v1{at}/follow", json.dumps({"level": "important"}), content_type="application/json")
    assert [each["level"] for each in put.json()] == ["important"]
    assert client.put(f"/api/v1{at}/follow").json()[0]["level"] == "important"
    wrong = client.put(f"/api/v1{at}/follow", json.dumps({"level": "x"}), content_type="application/json")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "level")
    client.post(f"{at}/follow", {"to": "leave"})
    assert following.level_of(acting(world.viewer), incident) == ""


def test_it_waits_for_the_morning_in_quiet_hours(world: Any) -> None:
    make.contact_method(world.viewer)
    QuietHours.objects.create(person=world.viewer, starts=time(0, 0), ends=time(23, 59))
    incident = commands.declare(world.by, title="Checkout fails")
    commands.follow_incident(acting(world.viewer), incident)
    commands.mitigate(world.by, incident)
    row = Notification.objects.get(person=world.viewer)
    assert row.due_at > row.created_at


def test_by_rule_those_follow_whom_it_is_about(world: Any) -> None:
    admin, manager = make.actor(), acting(world.manager)
    commands.save_follow_rule(acting(world.viewer), None, person=world.viewer, least_severity=1)
    commands.save_follow_rule(manager, None, group=world.team, least_severity=2, service=world.service)
    kind = commands.save_type(manager, None, team=world.team, name="Data leak")
    commands.save_follow_rule(admin, None, person=world.stranger, least_severity=5, type=kind)

    def who(**said: Any) -> list[str]:
        return names(commands.declare(world.by, title="Odd", **said))

    assert who(severity=3) == []
    assert who(severity=1) == ["Vic"]
    assert who(severity=2, services=[world.service]) == ["Max", "Rita"]
    assert who(severity=4, type=kind) == ["Sam"]
    assert who(severity=1, drill=True) == []
    assert who(severity=1, triage=True) == []
    waiting = Incident.objects.latest("id")
    commands.confirm(world.by, waiting)
    assert names(waiting) == ["Vic"]
    worse = commands.declare(world.by, title="Odd", severity=3)
    commands.change_severity(world.by, worse, 1)
    assert names(worse) == ["Vic"]
    commands.follow_incident(acting(world.viewer), worse, yes=False)
    commands.change_severity(world.by, worse, 2)
    commands.change_severity(world.by, worse, 1)
    assert names(worse) == []  # whoever left stays away


def test_a_rule_says_how_much_until_somebody_says_otherwise(world: Any) -> None:
    manager = acting(world.manager)
    commands.save_follow_rule(manager, None, group=world.team, least_severity=3, level="important")
    row = commands.save_follow_rule(acting(world.viewer), None, person=world.viewer, level="everything")
    make.membership(world.team, world.viewer, "viewer")

    def levels(incident: Incident) -> dict[str, str]:
        return {str(each.person): each.level for each in following.followers_of(incident)}

    first = commands.declare(world.by, title="Odd", severity=3)
    assert levels(first) == {"Max": "important", "Rita": "important", "Vic": "important"}
    commands.follow_incident(acting(world.manager), first, level="updates")
    commands.change_severity(world.by, first, 2)  # the second rule means it now; who follows already stays as they are
    assert levels(first) == {"Max": "updates", "Rita": "important", "Vic": "important"}
    # Where two rules mean somebody, the one that tells most counts; a change that says no level leaves it.
    commands.save_follow_rule(acting(world.viewer), row, person=world.viewer, least_severity=3)
    assert levels(commands.declare(world.by, title="Odd", severity=3))["Vic"] == "everything"
    with pytest.raises(Refused) as refused:
        commands.save_follow_rule(acting(world.viewer), row, person=world.viewer, level="gossip")
    assert (refused.value.field, refused.value.value) == ("level", "gossip")


def test_followers_cost_the_same_however_many(world: Any, django_assert_max_num_queries: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails")
    for number in range(30):
        person = make.person(f"Follower {number}")
        make.contact_method(person)
        Follower.objects.create(incident=incident, person=person, at=incident.declared_at)
    with django_assert_max_num_queries(40):
        commands.mitigate(world.by, incident)
    assert Notification.objects.filter(purpose="update").count() == 30


def test_nobody_follows_what_they_may_not_see(world: Any) -> None:
    make.contact_method(world.stranger)
    incident = commands.declare(world.by, title="Somebody left", team=world.team)
    commands.follow_incident(acting(world.stranger), incident)
    commands.edit(world.by, incident, private=True)
    commands.mitigate(world.by, incident)
    assert told(world.stranger) == []
    with pytest.raises(NotFound):
        commands.follow_incident(acting(world.viewer), incident)


def test_whom_one_may_have_follow(world: Any) -> None:
    by = world.by
    own = commands.save_follow_rule(by, None, person=world.responder)
    with pytest.raises(NotAllowed):
        commands.save_follow_rule(by, None, person=world.viewer)
    with pytest.raises(NotAllowed):
        commands.save_follow_rule(by, None, group=world.team)
    with pytest.raises(NotAllowed):
        commands.save_follow_rule(by, own, person=world.viewer)
    with pytest.raises(NotAllowed):
        commands.delete_follow_rule(acting(world.viewer), own)
    with pytest.raises(Conflict):
        commands.save_follow_rule(by, None, person=world.responder)
    for said, field in (
        ({}, "person"),
        ({"person": world.responder, "group": world.team}, "person"),
        ({"person": world.responder, "least_severity": 0}, "least_severity"),
        ({"person": world.responder, "slug": "A B"}, "slug"),
    ):
        with pytest.raises(Refused) as refused:
            commands.save_follow_rule(by, None, **said)
        assert refused.value.field == field
    commands.delete_follow_rule(by, own)


# --- Through the edges ---


def test_by_page(world: Any, client: Any) -> None:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team)
    client.force_login(world.viewer, backend=BACKEND)
    room = f"/incidents/{incident.pk}"
    assert 'data-key="f"' in client.get(room).content.decode()
    client.post(f"{room}/follow", {"to": "follow"})
    assert "Unfollow" in client.get(room).content.decode()
    client.post(f"{room}/follow", {"to": "leave"})
    assert names(incident) == []
    assert b"No rules yet" in client.get("/follow-rules").content
    form = {
        "who": f"person:{world.viewer.pk}",
        "least_severity": "1",
        "service": world.service.slug,
        "level": "important",
    }
    assert client.post("/follow-rules", form | {"who": f"person:{world.manager.pk}"}).status_code == 403
    assert client.post("/follow-rules", form | {"least_severity": "9"}).status_code == 422
    assert client.post("/follow-rules", form)["Location"] == "/follow-rules"
    shown = client.get("/follow-rules").content
    assert b"about checkout" in shown and b'data-label="Told">Decisions and pinned lines, too' in shown
    rule = FollowRule.objects.get()
    client.force_login(world.stranger, backend=BACKEND)
    assert client.post("/follow-rules", {"delete": rule.slug}).status_code == 403
    incident.private = True
    incident.save()
    assert client.post(f"{room}/follow", {"to": "follow"}).status_code == 404
    client.force_login(world.viewer, backend=BACKEND)
    client.post("/follow-rules", {"delete": rule.slug})
    assert not FollowRule.objects.exists()


@pytest.mark.django_db
def test_by_api_and_command_line(client: Any) -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    anna = make.person("Anna", "administrator", email="anna@example.org")
    team = make.team("Bosses", slug="bosses")
    make.membership(team, make.person("Bob"), "viewer")
    made = data(
        "follow-rule",
        "create",
        "--group",
        "bosses",
        "--least-severity",
        "1",
        "--slug",
        "bosses",
        "--level",
        "everything",
    )
    assert (made["group"], made["least_severity"], made["level"]) == ("bosses", 1, "everything")
    assert [each["slug"] for each in data("follow-rule", "list")["items"]] == ["bosses"]
    number = str(data("declare", "Checkout fails", "--severity", "1")["id"])
    followers = data("incident", "follow", number)
    assert sorted((each["person"]["name"], each["by_rule"]) for each in followers) == [("Anna", False), ("Bob", True)]
    assert [each["person"]["name"] for each in data("incident", "follow", number, "--leave")] == ["Bob"]
    assert len(data("incident", "followers", number)) == 1
    data("follow-rule", "delete", "bosses")
    client.force_login(anna, backend=BACKEND)
    body = {"person": anna.email, "least_severity": 3, "slug": "mine"}
    assert client.post("/api/v1/follow-rules", body, content_type="application/json").status_code == 201
    changed = client.put("/api/v1/follow-rules/mine", body | {"least_severity": 4}, content_type="application/json")
    assert (changed.json()["least_severity"], changed.json()["level"]) == (4, "updates")


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = """
version: 1
people: [{email: ada@example.org, name: Ada}]
teams: [{slug: payments, name: Payments}]
follow_rules:
  - {slug: bosses, group: payments, least_severity: 1, level: important}
  - {slug: ada, person: ada@example.org, team: payments}
"""
    by = make.actor()
    apply(by, parse(yaml.safe_load(text), "x.yaml"))
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    less = "version: 1\nfollow_rules: [{slug: ada, person: ada@example.org, least_severity: 4}]\n"
    verbs = [step.verb for step in apply(by, parse(yaml.safe_load(less), "x.yaml"), prune=True)[0]]
    assert verbs == ["change", "delete"]
    assert FollowRule.objects.get().least_severity == 4
