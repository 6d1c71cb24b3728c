"""Severities: what they mean here, and what follows from it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.incidents import commands, queries
from watchroom.incidents.guidance import Situation, all_rules, fitted
from watchroom.incidents.histories import history_of, rules_in_force
from watchroom.incidents.models import RoleName, SeverityDefinition
from watchroom.incidents.rules.severities import DEFAULTS, LEVELS, MOST_MINUTES, changed
from watchroom.incidents.severities import all_severities, severity_of
from watchroom.kernel import clock
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.paging.models import Escalation

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ROLES = tuple(RoleName.values)


@given(st.sampled_from(LEVELS), st.integers(1, MOST_MINUTES), st.lists(st.sampled_from(ROLES)))
def test_how_often_is_said_in_the_largest_unit_that_is_exact(level: int, minutes: int, roles: list[str]) -> None:
    found = changed(DEFAULTS[level], known_roles=ROLES, update_minutes=minutes, roles=roles)
    count, unit = found.every.split()
    assert int(count) * {"minute": 1, "hour": 60, "day": 1440}[unit.rstrip("s")] == minutes
    assert unit.endswith("s") == (count != "1")
    assert list(found.roles) == [each for each in ROLES if each in roles]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"definition": "  "}, "definition"),
        ({"definition": "x" * 301}, "definition"),
        ({"update_minutes": 0}, "update_minutes"),
        ({"roles": ["captain"]}, "roles"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(said: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        changed(DEFAULTS[1], known_roles=ROLES, **said)
    assert (refused.value.field, bool(refused.value.fix)) == (field, True)


def test_only_an_administrator_says_what_a_severity_means(world: Any) -> None:
    for person in (world.manager, world.responder, world.viewer):
        with pytest.raises(NotAllowed):
            commands.save_severity(acting(person), 1, name="Critical")
        with pytest.raises(NotAllowed):
            commands.reset_severity(acting(person), 1)
    admin = make.actor()
    with pytest.raises(NotFound):
        commands.save_severity(admin, 6, name="Six")
    commands.save_severity(admin, 2, name="Major", definition="More than 1 % of users can't pay.")
    assert severity_of(2).meaning == "SEV2 Major: More than 1 % of users can't pay."
    assert (severity_of(2).update_minutes, severity_of(1)) == (60, DEFAULTS[1])
    noted = AuditRecord.objects.get(action="severity.changed").data
    assert noted["severity"] == "SEV2"
    assert sorted(noted["changed"]) == ["definition", "name"]
    assert commands.reset_severity(admin, 2) == DEFAULTS[2] == severity_of(2)


def test_an_update_is_due_as_its_severity_says(world: Any) -> None:
    commands.save_severity(make.actor(), 3, update_minutes=45)
    incident = commands.declare(world.by, title="Slow", severity=3)
    update = commands.publish_update(world.by, incident, happening="We look.")
    assert update.next_update_at == clock.now() + timedelta(minutes=45)


def test_all_are_read_in_one_query(world: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert list(all_severities()) == list(LEVELS)


def test_by_page_and_shown_where_one_chooses(world: Any, client: Any, django_assert_max_num_queries: Any) -> None:
    client.force_login(world.responder, backend=BACKEND)
    assert b"A main feature fails" in client.get("/severities").content
    said = {"name": "Major", "definition": "One in a hundred can't pay.", "count": "2", "unit": "hours"}
    assert client.post("/severities/2", said).status_code == 403
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    assert client.post("/severities/2", said | {"count": "often"}).status_code == 422
    assert client.post("/severities/2", said | {"roles": ["commander", "scribe"]})["Location"] == "/severities"
    assert severity_of(2).roles == ("commander", "scribe")
    assert severity_of(2).every == "2 hours"
    with django_assert_max_num_queries(12):
        page = client.get("/severities").content.decode()
    assert "One in a hundred can&#x27;t pay." in page
    assert 'value="2"' in client.get("/severities/2").content.decode()
    assert client.get("/severities/6").status_code == 404

    client.force_login(world.responder, backend=BACKEND)
    assert "SEV2 Major: One in a hundred" in client.get("/incidents/declare").content.decode()
    assert "SEV2 Major" in client.get("/incidents").content.decode()
    incident = commands.declare(world.by, title="Checkout fails", severity=2)
    room = client.get(f"/incidents/{incident.pk}").content.decode()
    assert room.count("SEV2 Major: One in a hundred") == 2  # where it stands, and where it can be changed
    assert "SEV2 needs one" in room
    assert "Name a communications lead" not in room  # this severity asks for a scribe, not for one
    other = commands.declare(world.by, title="Slow", severity=3)
    assert "Name a communications lead" in client.get(f"/incidents/{other.pk}").content.decode()
    client.force_login(make.person("Bea", "administrator"), backend=BACKEND)
    client.post("/severities/2", {"do": "reset"})
    assert severity_of(2) == DEFAULTS[2]


@pytest.mark.django_db
def test_by_api_and_command_line(client: Any) -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    assert [each["code"] for each in data("severity", "list")] == ["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]
    made = data("severity", "set", "1", "--name", "Critical", "--update-every", "15m", "--role", "commander")
    assert (made["name"], made["update_minutes"], made["roles"]) == ("Critical", 15, ["commander"])
    assert made["definition"] == DEFAULTS[1].definition
    assert data("severity", "reset", "1")["name"] == ""
    client.force_login(make.person("Vic"), backend=BACKEND)
    assert client.get("/api/v1/severities").json()[0]["update_minutes"] == 30
    refused = client.patch("/api/v1/severities/1", {"name": "X"}, content_type="application/json")
    assert refused.status_code == 403


@pytest.mark.django_db
def test_by_file_and_back() -> None:
    text = "version: 1\nseverities:\n  - {level: 1, name: Critical, update_minutes: 15}\n"
    by = make.actor()
    assert [str(step) for step in apply(by, parse(yaml.safe_load(text), "x.yaml"))[0]] == ["+ severities SEV1"]
    assert (severity_of(1).title, severity_of(1).definition) == ("SEV1 Critical", DEFAULTS[1].definition)
    assert preview(parse(yaml.safe_load(text), "x.yaml")) == []
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
    changed = text.replace("15", "20")
    assert [step.verb for step in apply(by, parse(yaml.safe_load(changed), "x.yaml"))[0]] == ["change"]
    assert severity_of(1).update_minutes == 20
    gone = "version: 1\nseverities: []\n"
    assert [step.verb for step in apply(by, parse(yaml.safe_load(gone), "x.yaml"), prune=True)[0]] == ["delete"]
    assert not SeverityDefinition.objects.exists()


# --- What follows from a severity follows from what it means, not from its number ---


def mine(by: Any) -> None:
    """Critical, Major and Minor: of a minor one customers notice little, and nobody is woken for a major one."""
    commands.save_severity(by, 1, name="Critical", definition="Nobody can pay.")
    commands.save_severity(by, 2, name="Major", definition="Colleagues can't work.", customers=False, urgent=False)
    commands.save_severity(by, 3, name="Minor", definition="Some customers wait.", customers=True, update_minutes=120)


def says(incident: Any, rule: str, minutes: int) -> str:
    meanings = all_severities()
    found = next(each for each in rules_in_force(meanings) if each.name == rule)
    return found.reason(Situation(history_of(incident, meanings), incident.declared_at + timedelta(minutes=minutes)))


def test_who_changes_nothing_has_the_guards_as_they_came() -> None:
    for rule in all_rules():
        assert fitted(rule, DEFAULTS) == rule.after_minutes


def test_guards_about_customers_watch_where_customers_notice(world: Any) -> None:
    mine(make.actor())
    major = commands.declare(world.by, title="The office network is down", severity=2)
    minor = commands.declare(world.by, title="Payouts are late", severity=3)
    assert says(major, "no_communications", 45) == ""
    assert says(minor, "no_communications", 19) == ""
    assert "nobody leads communications" in says(minor, "no_communications", 20)
    assert "Nobody outside this room" in says(major, "nobody_told", 45)
    assert says(minor, "nobody_told", 29) == ""  # 60 minutes of 240; so 30 of 120
    assert "Customers are affected" in says(minor, "nobody_told", 30)


def test_a_severity_that_does_not_fit_is_named_as_people_name_it(world: Any) -> None:
    mine(make.actor())
    calm = commands.declare(world.by, title="Odd", severity=3, impact="No customer is affected.")
    bad = commands.declare(world.by, title="Payouts fail", severity=2, impact="All customers, nobody can pay.")
    assert (
        says(calm, "severity_misfit", 20)
        == "It is called SEV3 Minor, and the impact says that no customer is affected."
    )
    assert says(bad, "severity_misfit", 20).startswith("It is called SEV2 Major, and the impact says: “All customers")


def test_people_are_woken_for_what_is_urgent_here(world: Any) -> None:
    def urgency(severity: int) -> str:
        incident = commands.declare(
            acting(world.viewer), title="Is it one?", severity=severity, team=world.team, triage=True
        )
        return Escalation.objects.get(pk=incident.triage_page or 0).urgency

    assert [urgency(level) for level in (1, 2, 3)] == ["high", "high", "low"]
    mine(make.actor())
    assert [urgency(level) for level in (1, 2, 3)] == ["high", "low", "low"]
    commands.save_severity(make.actor(), 3, urgent=True)
    assert urgency(3) == "high"


def test_the_page_of_the_guards_shows_what_holds_here(world: Any) -> None:
    mine(make.actor())
    shown = {each.name: each for each in queries.rules_watching(world.by)}
    assert shown["no_communications"].after_minutes == {1: 10, 2: 20, 3: 20}
    assert (shown["nobody_told"].after_minutes[3], shown["nobody_told"].changed) == (30, False)
    commands.set_guidance(make.actor(), "no_communications", after_minutes={1: 5})
    own = {each.name: each for each in queries.rules_watching(world.by)}["no_communications"]
    assert (own.after_minutes, own.changed) == ({1: 5}, True)


def test_what_a_severity_means_by_page_command_line_and_file(world: Any, client: Any) -> None:
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    said = {"name": "Minor", "definition": "Some wait.", "count": "2", "unit": "hours", "customers": "on"}
    client.post("/severities/3", said)
    assert (severity_of(3).customers, severity_of(3).urgent) == (True, False)
    assert "Customers notice" in client.get("/severities").content.decode()
    make.person("Anna", "administrator", email="anna@example.org")
    answer = CliRunner().invoke(cli, ["severity", "set", "3", "--urgent", "--no-customers", "--json"])
    assert (json.loads(answer.output)["urgent"], json.loads(answer.output)["customers"]) == (True, False)
    text = "version: 1\nseverities:\n  - {level: 3, customers: true, urgent: false}\n"
    apply(make.actor(), parse(yaml.safe_load(text), "x.yaml"))
    assert (severity_of(3).customers, severity_of(3).urgent, severity_of(3).name) == (True, False, "Minor")
    assert preview(parse(yaml.safe_load(dump(read())), "x.yaml")) == []
