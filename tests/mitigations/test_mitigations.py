"""The catalog, and runs in an incident."""

from __future__ import annotations

from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.incidents.commands import declare, resolve
from watchroom.incidents.models import LogEntry
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.mitigations import commands, queries
from watchroom.mitigations.models import Mitigation, MitigationRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Actor:
    return make.actor("Rita", "responder")


@pytest.fixture
def roll_back() -> Mitigation:
    service = make.service("checkout")
    return commands.save_mitigation(
        make.actor(),
        None,
        team=service.team,
        service=service,
        kind="roll_back",
        name="Roll back checkout",
        how="Press the button.",
    )


def test_a_run_is_written_to_the_log_with_its_outcome(by: Actor, roll_back: Mitigation) -> None:
    incident = declare(by, title="x", services=[roll_back.service])
    run = commands.start(by, incident, mitigation=roll_back)
    commands.finish(by, run, outcome="worked", note="Errors are gone")
    action, result = LogEntry.objects.filter(incident=incident, kind__in=("action", "result")).order_by("id")
    assert action.text == "Started a mitigation: Roll back checkout"
    assert (result.text, result.parent) == ("Roll back checkout: it worked. Errors are gone", action)
    commands.finish(by, run, outcome="worked")
    with pytest.raises(Conflict):
        commands.finish(by, run, outcome="worse")
    with pytest.raises(Refused):
        commands.finish(by, run, outcome="perhaps")
    assert LogEntry.objects.filter(kind="result").count() == 1


def test_a_retried_request_starts_it_once(by: Actor, roll_back: Mitigation) -> None:
    incident = declare(by, title="x")
    first = commands.start(by, incident, mitigation=roll_back, client_key="k")
    assert commands.start(by, incident, mitigation=roll_back, client_key="k") == first
    with pytest.raises(Conflict):
        commands.start(by, incident, mitigation=roll_back, client_key="another")
    commands.finish(by, first, outcome="no_effect")
    assert commands.start(by, incident, mitigation=roll_back, client_key="k") == first
    commands.start(by, incident, title="Called the provider", client_key="own")
    assert MitigationRun.objects.count() == 2
    assert LogEntry.objects.filter(kind="action").count() == 2


def test_starting_is_checked(by: Actor, roll_back: Mitigation) -> None:
    incident = declare(by, title="x")
    for wrong in ({}, {"title": "x", "kind": "pray"}, {"title": "x" * 201}):
        with pytest.raises(Refused):
            commands.start(by, incident, **wrong)
    with pytest.raises(NotAllowed):
        commands.start(make.actor(role="viewer"), incident, mitigation=roll_back)
    resolve(by, incident)
    with pytest.raises(Conflict):
        commands.start(by, incident, mitigation=roll_back)


def test_what_is_offered_fits_the_services_and_comes_with_the_least_risk_first(
    by: Actor, roll_back: Mitigation
) -> None:
    admin, service, team = make.actor(), roll_back.service, roll_back.team
    risky = commands.save_mitigation(admin, None, team=team, name="Fail over", how="x", risk="high")
    middle = commands.save_mitigation(admin, None, team=team, name="Zap", how="x", risk="medium")
    commands.save_mitigation(admin, None, team=make.team(), name="Elsewhere", how="x")
    incident = declare(by, title="x", services=[service])
    assert list(queries.offered_in(by, incident)) == [roll_back, middle, risky]


def test_the_catalog_is_managed_by_its_team(roll_back: Mitigation) -> None:
    manager = make.person()
    make.membership(roll_back.team, manager, "manager")
    fields = {"team": roll_back.team, "name": "Roll back", "how": "Differently", "kind": "restart"}
    changed = commands.save_mitigation(acting(manager), roll_back, **fields)
    assert (changed.slug, changed.how) == ("roll-back-checkout", "Differently")
    for who in (make.actor(role="viewer"), make.actor(role="responder")):
        with pytest.raises(NotAllowed):
            commands.save_mitigation(who, roll_back, **fields)
        with pytest.raises(NotAllowed):
            commands.delete_mitigation(who, roll_back)
    with pytest.raises(NotAllowed):
        commands.save_mitigation(acting(manager), roll_back, **fields | {"team": make.team()})
    with pytest.raises(Conflict):
        commands.save_mitigation(acting(manager), None, **fields | {"slug": "roll-back-checkout"})
    for wrong in ({"name": " "}, {"how": ""}, {"kind": "pray"}, {"risk": "none"}):
        with pytest.raises(Refused):
            commands.save_mitigation(acting(manager), None, **fields | wrong)
    commands.delete_mitigation(acting(manager), changed)
    assert not Mitigation.objects.exists()


def test_pages(client: Any, roll_back: Mitigation, django_assert_max_num_queries: Any) -> None:
    manager, viewer = make.person(role="manager"), make.person()
    for number in range(30):
        commands.save_mitigation(acting(manager), None, team=roll_back.team, name=f"M {number}", how="x")
    client.force_login(viewer, backend=BACKEND)
    with django_assert_max_num_queries(10):
        assert b"Roll back checkout" in client.get("/mitigations").content
    assert b"Press the button" in client.get("/mitigations/roll-back-checkout").content
    assert client.get("/mitigations/new").status_code == 403
    assert client.post("/mitigations/roll-back-checkout", {"do": "delete"}).status_code == 403
    client.force_login(manager, backend=BACKEND)
    fields = {"name": "Drain a node", "team": roll_back.team_id, "kind": "drain", "risk": "low", "how": "kubectl drain"}
    assert client.post("/mitigations/new", fields | {"how": ""}).status_code == 422
    assert client.post("/mitigations/new", fields).status_code == 302
    assert client.post("/mitigations/drain-a-node", fields | {"name": "Drain it"}).status_code == 302
    assert Mitigation.objects.get(slug="drain-a-node").name == "Drain it"
    assert client.post("/mitigations/drain-a-node", {"do": "delete"}).status_code == 302
