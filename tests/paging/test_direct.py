"""Paging people, teams and policies by hand: who is meant, and who is left out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

import factories as make
from paging.reached import paged, reachable
from peers.http import HttpPeer
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.commands import delete_team
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.paging import commands
from watchroom.paging.queries import trace

pytestmark = pytest.mark.django_db


def members(hook: HttpPeer, team: Any, *names: str) -> list[Any]:
    people = [reachable(hook, name) for name in names]
    for person in people:
        make.membership(team, person, "responder")
    return people


def test_whoever_pages_a_team_is_left_out_as_long_as_somebody_else_is_reached(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    team = make.team()
    anna, ben = members(hook, team, "anna", "ben")
    sent = commands.page(acting(anna), teams=[team], title="Help")
    lines = [line["text"] for line in trace(sent)]
    assert any(line.endswith("; not whoever sent it") for line in lines)
    run_due()
    assert paged(hook) == ["ben"]
    assert "Step 1: paged ben; not anna, who sent it" in [line["text"] for line in trace(sent)]
    ben.contact_methods.all().delete()
    commands.page(acting(anna), teams=[team], title="Help again")
    run_due()
    assert paged(hook) == ["ben", "anna"]  # never nobody


def test_whoever_names_themselves_is_paged(clock: TravellingClock, hook: HttpPeer) -> None:
    team = make.team()
    anna, _ = members(hook, team, "anna", "ben")
    commands.page(acting(anna), people=[anna], teams=[team], title="Help")
    run_due()
    assert sorted(paged(hook)) == ["anna", "ben"]


def test_a_policy_is_carried_out_without_whoever_asked_for_it(clock: TravellingClock, hook: HttpPeer) -> None:
    team = make.team()
    anna, ben, _ = members(hook, team, "anna", "ben", "eve")
    policy = make.policy((team, 300), team=team)
    policy.steps.update(round_robin=True)
    commands.page(acting(ben), policy=policy, title="Help")
    commands.page(acting(ben), policy=policy, title="Help")
    run_due()
    assert sorted(paged(hook)) == ["anna", "eve"]
    with pytest.raises(Refused) as refused:
        commands.page(acting(ben), policy=policy, people=[anna], title="Help")
    assert refused.value.field == "policy"


def test_by_page_and_by_api(clock: TravellingClock, client: Client, hook: HttpPeer) -> None:
    team = make.team()
    anna, ben = members(hook, team, "anna", "ben")
    policy = make.policy((ben, 300), team=team, name="Payments first")
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Payments first" in client.get("/page").content.decode()
    answer = client.post("/page", {"title": "Help", "policy": policy.slug}, follow=True)
    assert answer.status_code == 200 and "Help" in answer.content.decode()  # who sent it sees what becomes of it
    body = {"title": "Help", "policy": policy.slug}
    made = client.post("/api/v1/pages", body, content_type="application/json")
    assert made.status_code == 201 and made.json()["policy"] == policy.slug
    client.force_login(make.person("Vic", "viewer"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/api/v1/pages", body, content_type="application/json").status_code == 403
    missing = body | {"policy": "none"}
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/api/v1/pages", missing, content_type="application/json").status_code == 404


def test_whoever_sent_a_page_can_withdraw_it_and_nobody_else(
    clock: TravellingClock, client: Client, hook: HttpPeer
) -> None:
    team = make.team()
    anna, ben = members(hook, team, "anna", "ben")
    made = commands.page(acting(anna), people=[ben], title="Help")
    run_due()
    client.force_login(ben, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(f"/api/v1/escalations/{made.pk}/withdraw").status_code == 403
    assert "no longer needed" not in client.get(f"/escalations/{made.pk}").content.decode()
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "no longer needed" in client.get(f"/escalations/{made.pk}").content.decode()
    client.post(f"/escalations/{made.pk}", {"withdraw": "1"})
    made.refresh_from_db()
    assert (made.end, made.ended_by) == ("cancelled", anna)
    assert client.post(f"/api/v1/escalations/{made.pk}/withdraw").json()["end"] == "cancelled"
    alert = commands.start_escalation(kind="alert_group", subject_id=1, title="x", body="", path="/", team=team)
    assert client.post(f"/api/v1/escalations/{alert.pk}/withdraw").status_code == 403


def test_a_team_that_was_paged_stays_and_whoever_deletes_it_is_told(hook: HttpPeer) -> None:
    team = make.team()
    members(hook, team, "anna")
    commands.page(acting(make.person("Ben", role="administrator")), teams=[team], title="Help")
    team.memberships.all().delete()
    with pytest.raises(Conflict, match="a history, which stays: 1 page"):
        delete_team(SYSTEM, team)
    team.refresh_from_db()
