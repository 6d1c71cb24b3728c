"""What the declare form proposes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.incidents import commands
from watchroom.incidents.models import Incident
from watchroom.incidents.proposals import propose
from watchroom.incidents.rules.likeness import Known, Like, alike, likeness, named, usual, words

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TEXT = st.text(alphabet="abcdes XYÄ-1", max_size=40)


@given(TEXT, TEXT)
def test_likeness_is_the_same_from_both_sides_and_between_0_and_1(one: str, other: str) -> None:
    found = likeness(words(one), words(other))
    assert found == likeness(words(other), words(one))
    assert 0 <= found <= 1
    assert not words(one) or likeness(words(one), words(one)) == 1


@given(st.lists(TEXT), TEXT)
def test_open_ones_come_first_and_each_shares_a_word(titles: list[str], title: str) -> None:
    known = [Known(number, each, number % 2 == 0, 3) for number, each in enumerate(titles)]
    found = alike(title, frozenset(), known)
    assert [each.known.is_open for each in found] == sorted((each.known.is_open for each in found), reverse=True)
    assert all(set(each.shared) <= words(title) & words(each.known.title) and each.shared for each in found)


def test_what_the_words_of_a_title_say() -> None:
    assert words("The payments are failing for all cards") == {"payment", "failing", "card"}
    assert named("Search index is slow", [(1, "Search"), (2, "Search index"), (3, "Checkout")]) == [1, 2]
    same_service = alike("Checkout is slow", frozenset({7}), [Known(1, "Checkout: cards declined today", False, 2)])
    assert same_service == []
    there = Known(1, "Checkout: cards declined today", False, 2, None, frozenset({7}))
    assert [each.known.id for each in alike("Checkout is slow", frozenset({7}), [there])] == [1]
    likes = [
        Like(Known(n, "x", False, level, type), 1, ("x",))
        for n, (level, type) in enumerate([(3, 8), (2, 8), (4, None)])
    ]
    assert usual(likes) == (2, 8)
    assert usual([]) == (None, None)


def test_services_alerts_and_severity_come_from_title_and_alerts(world: Any) -> None:
    group = world.group("Card payments fail", severity="critical")
    world.group("Disk is full", severity="warning").delete()
    found = propose(world.by, "Card payments fail for some")
    assert (found.services, found.alert_groups) == ([world.service], [group])
    assert (found.severity, found.severity_why) == (2, "as the alerts say")
    assert propose(world.by, "Checkout looks odd").alert_groups == [group]
    incident = commands.declare(world.by, title="Card payments fail", alert_groups=[group])
    later = propose(world.by, "Card payments fail for some")
    assert later.alert_groups == []
    assert [each.incident for each in later.open] == [incident]
    assert propose(world.by, "Card payments fail", but=incident).open == []
    assert propose(world.by, "").is_empty
    assert propose(world.by, "Something else entirely").is_empty


def test_severity_and_type_come_from_what_was_alike_before(world: Any) -> None:
    kind = commands.save_type(acting(world.manager), None, team=world.team, name="Data leak")
    past = commands.declare(world.by, title="Customer export was public", severity=1, type=kind)
    commands.resolve(world.by, past)
    found = propose(world.by, "Another customer export is public")
    assert [each.incident for each in found.before] == [past]
    assert (found.severity, found.severity_why, found.type) == (1, "as similar ones were", kind)


def test_nobody_learns_of_what_they_may_not_see(world: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        commands.declare(world.by, title=f"Customer export {number} public", team=world.team, private=True)
    with django_assert_max_num_queries(10):
        assert propose(acting(world.stranger), "Customer export public").open == []
    with django_assert_max_num_queries(12):
        assert len(propose(world.by, "Customer export public").open) == 5
    commands.declare(world.by, title="Practice run", drill=True)
    assert propose(world.by, "Practice run").is_empty


def test_by_page(world: Any, client: Any) -> None:
    client.force_login(world.responder, backend=BACKEND)
    group = world.group("Card payments fail")
    part = client.get("/incidents/declare/proposals?title=Card+payments+fail").content.decode()
    assert f'name="services" value="{world.service.pk}" checked' in part
    assert f'name="alert_groups" value="{group.pk}" checked' in part
    assert 'for="id_severity_1"' in part  # pressing SEV2 chooses it in the form
    form = client.get("/incidents/declare?title=Cards").content.decode()
    assert 'value="Cards"' in form
    assert 'id="id_severity_1"' in form
    said = {"title": "Card payments fail", "severity": "2", "services": [world.service.pk, world.service.pk]}
    room = client.post("/incidents/declare", said | {"alert_groups": [group.pk]})["Location"]
    incident = Incident.objects.get()
    assert (list(incident.services.all()), list(incident.alert_groups.all())) == ([world.service], [group])
    part = client.get("/incidents/declare/proposals?title=Card+payments+fail").content.decode()
    assert f'href="{room}" aria-label="Join #{incident.pk}"' in part
    waiting = commands.declare(acting(world.viewer), title="Card payments fail again", triage=True)
    assert f"Merge into #{incident.pk}" in client.get(f"/incidents/{waiting.pk}").content.decode()
    client.logout()
    assert client.get("/incidents/declare/proposals?title=Card").status_code in {302, 401}


@pytest.mark.django_db
def test_by_api_and_command_line() -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    make.service("Checkout", slug="checkout")
    first = data("declare", "Checkout declines cards", "--severity", "2")
    found = data("incident", "propose", "Checkout declines all cards")
    assert [each["id"] for each in found["open"]] == [first["id"]]
    assert (found["services"], found["severity"]) == (["checkout"], 2)
    plain = CliRunner().invoke(cli, ["incident", "propose", "Checkout declines all cards"])
    assert f"Looks like #{first['id']} Checkout declines cards (SEV2), open since" in plain.output
    assert "Nothing looks like it." in CliRunner().invoke(cli, ["incident", "propose", "Printer"]).output
