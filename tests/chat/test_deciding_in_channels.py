"""What is proposed and what waits for a second person, in the channel of its incident."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from chat.pressing import STRANGERS, USERS, press, text_of
from chat.proposing import (
    Connect,
    Reached,
    anna,
    changed,
    each_with_channels,
    fire,
    in_room,
    meet,
    message,
    policy,
    refusal,
)
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.chat.answering import respond
from watchroom.engine.loop import all_duties, run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun
from watchroom.paging.commands import save_policy
from watchroom.paging.models import Approval
from watchroom.workspaces.base import Heard, Posted
from watchroom.workspaces.models import Post

pytestmark = pytest.mark.django_db


@each_with_channels
def test_a_proposal_and_its_run_stand_in_the_channel_of_the_incident(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation, deployer: HttpPeer, clock: TravellingClock
) -> None:
    server, workspace = meet(connect, kind)
    kim = reached(workspace).person
    group = fire(policy(rollback))  # nothing is posted of the alert itself
    incident = incidents.declare(acting(kim), title="Slow", severity=1, alert_groups=[group])
    run_due()
    assert "Proposed: Roll back (low risk)" in message(server) and "Who may: a responder of Shop" in message(server)
    press(server, workspace, USERS[kind], "approve")
    run_due()
    proposal, run = (text_of(each) for each in list(server.messages.values())[-2:])
    assert "Approved by Kim at 09:00 UTC." in proposal and "Carried out" in proposal
    assert "Mitigation: Roll back (low risk)" in run and "Started by Kim at 09:00 UTC. Carried out" in run
    count = len(server.messages)
    commands.finish(acting(kim), MitigationRun.objects.get(), outcome="no_effect")
    run_due()
    proposal, run = (text_of(each) for each in list(server.messages.values())[-2:])
    assert "No effect (09:00 UTC)." in run and "No effect (09:00 UTC)." in proposal
    assert len(server.messages) == count and MitigationRun.objects.get().incident == incident and not server.problems


@each_with_channels
def test_what_waits_for_a_second_person_is_approved_in_the_channel(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation, deployer: HttpPeer
) -> None:
    server, workspace = meet(connect, kind)
    kim = reached(workspace).person
    lee = reached(workspace, user=STRANGERS[kind], person=make.person("Lee", "responder")).person
    incident = incidents.declare(acting(kim), title="Slow", severity=1)
    run_due()
    run = commands.start(acting(kim), incident, mitigation=changed(rollback, needs_approval=True, risk="high"))
    run_due()
    said = message(server)
    assert "Mitigation: Roll back (high risk)" in said and "but not Kim" in said and "red button" in said
    assert "second person" in refusal(server, press(server, workspace, USERS[kind], "approve"))
    assert Execution.objects.get().state == "waiting"
    press(server, workspace, STRANGERS[kind], "approve")
    late = respond(workspace, Heard("button", USERS[kind], "decline", f"m{run.pk}"))
    assert late.text == "Approved already by Lee at 09:00 UTC." and not late.ok
    assert respond(workspace, Heard("button", STRANGERS[kind], "approve", f"m{run.pk}")).ok
    run_due()
    assert Execution.objects.get().approved_by == lee and len(deployer.requests) == 1
    assert "Approved by Lee at 09:00 UTC. Carried out at 09:00 UTC" in message(server) and not server.problems


def test_declined_by_who_started_it_it_is_over(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = meet(connect, "slack")
    kim = reached(workspace).person
    incident = incidents.declare(acting(kim), title="Slow", severity=1)
    run_due()
    commands.start(acting(kim), incident, mitigation=changed(rollback, needs_approval=True))
    run_due()
    press(server, workspace, USERS["slack"], "decline")
    run_due()
    assert "Declined at 09:00 UTC." in message(server) and '"actions"' not in message(server)


def test_a_proposal_that_comes_later_is_brought_into_an_open_channel(
    connect: Connect, reached: Reached, rollback: Mitigation, clock: TravellingClock
) -> None:
    server, workspace = meet(connect, "slack")
    kim = reached(workspace).person
    somebody = anna()
    steps = [
        {"wait_seconds": 60, "targets": [somebody]},
        {"wait_seconds": 600, "targets": [somebody, {"mitigation": rollback.slug}]},
    ]
    group = fire(save_policy(make.actor(), None, team=rollback.team, name="P", steps=steps))
    incidents.declare(acting(kim), title="Slow", severity=1, alert_groups=[group])
    run_due()
    assert "Proposed" not in message(server)
    clock.advance(timedelta(minutes=10))
    run_due()
    run_due()
    said = [text_of(each) for each in server.messages.values()]
    assert Approval.objects.exists() and sum("Proposed: Roll back" in each for each in said) == 1


def test_what_happens_in_a_private_incident_is_not_told_where_its_alert_was_posted(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    group = in_room(workspace, rollback)
    incident = incidents.declare(acting(kim), title="Slow", alert_groups=[group])
    other = changed(rollback, needs_approval=True)
    run = commands.start(acting(kim), incident, mitigation=other)
    run_due()
    assert "Mitigation: Roll back" in message(server)
    Incident.objects.update(private=True)
    commands.decide(make.actor(), run, approve=False)
    run_due()
    assert "Mitigation: Roll back" not in message(server)
    eve = make.person("Eve", "responder")
    reached(workspace, user=STRANGERS["slack"], person=eve)
    heard = Heard("button", STRANGERS["slack"], "approve", f"m{run.pk}", message=Posted("C1", "1"))
    assert "may not see it" in respond(workspace, heard).text


def test_what_is_begun_in_a_private_incident_is_told_neither_in_the_alerts_room_nor_to_who_presses_late(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    reached(workspace, user=STRANGERS["slack"], person=make.person("Lee", "responder"))
    group = in_room(workspace, rollback)
    incident = incidents.declare(acting(kim), title="Slow", alert_groups=[group])
    Incident.objects.update(private=True)
    press(server, workspace, USERS["slack"], "approve")
    run_due()
    late = respond(workspace, Heard("button", STRANGERS["slack"], "approve", f"p{Approval.objects.get().pk}")).text
    for said in (message(server), late):
        assert "by Kim at 09:00" in said and "was started" not in said and f"incident {incident.pk}" not in said
    assert "was started in incident" in Approval.objects.get().outcome


def test_a_key_that_somebody_made_up_takes_over_no_message(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    in_room(workspace, rollback)
    press(server, workspace, USERS["slack"], "approve")
    other = incidents.declare(acting(kim), title="Elsewhere")
    commands.start(acting(kim), other, title="Something else", client_key=f"approval-{Approval.objects.get().pk}")
    run_due()
    assert "by hand" not in message(server) and "Approved by Kim" in message(server)


def test_messages_about_alerts_are_drawn_anew_only_when_it_waits_is_decided_or_has_ended(
    connect: Connect, reached: Reached, rollback: Mitigation, deployer: HttpPeer
) -> None:
    _, workspace = connect("slack")
    kim = reached(workspace).person
    group = fire(
        save_policy(
            make.actor(),
            None,
            team=rollback.team,
            name="P",
            steps=[{"wait_seconds": 3600, "targets": [anna(), {"chat": workspace.slug, "room": "#alerts"}]}],
        )
    )
    incident = incidents.declare(acting(kim), title="Slow", severity=1, alert_groups=[group])
    run_due()

    def marked() -> bool:
        return Post.objects.filter(kind="alert_group", due_at__isnull=False).exists()

    assert Post.objects.filter(kind="alert_group").exists() and not marked()
    run = commands.start(acting(kim), incident, mitigation=rollback)
    assert not marked()
    run_due(all_duties()["mitigations"])
    assert Execution.objects.get().state == "succeeded" and marked()
    run_due()
    commands.finish(acting(kim), run, outcome="worked")
    assert marked()
    run_due()
    commands.start(acting(kim), incident, mitigation=changed(rollback, needs_approval=True))
    assert marked()


def test_a_key_of_watchrooms_own_is_refused_from_outside(rollback: Mitigation, client: Client) -> None:
    kim = make.person("Kim", "administrator")
    incident = incidents.declare(acting(kim), title="Slow", severity=1)
    client.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    at, key = f"/incidents/{incident.pk}", {"client_key": "approval-1"}
    for path, body in ((f"{at}/mitigations", {"title": "Mine"}), (f"{at}/say", {"text": "/mitigate Mine"})):
        answer = client.post(f"/api/v1{path}", json.dumps(body | key), content_type="application/json")
        assert answer.status_code == 422 and b"client_key" in answer.content and b"approval-" in answer.content
    assert b"Watchroom" in client.post(f"{at}/mitigations", {"title": "Mine"} | key, follow=True).content
    assert not MitigationRun.objects.exists()
    assert client.post(f"{at}/mitigations", {"title": "Mine", "client_key": "mine"}).status_code == 302
    assert MitigationRun.objects.get().client_key == "mine"


def test_however_much_is_proposed_at_once_channels_are_told_once(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = meet(connect, "slack")
    kim = reached(workspace).person
    chosen = policy(rollback)
    service = make.service(team=chosen.team, policy=chosen)
    groups = [make.group(f"Slow {each}", service=service, team=chosen.team, policy=chosen) for each in range(4)]
    incidents.declare(acting(kim), title="Slow", severity=1, alert_groups=groups)
    run_due()
    start_paging(groups)
    with CaptureQueriesContext(connection) as asked:
        run_due(all_duties()["paging"])
    assert Approval.objects.count() == 4
    assert sum("venues_venue" in each["sql"] for each in asked) == 2  # what is stale is locked, and marked
    run_due()
    assert sum("Proposed: Roll back" in text_of(each) for each in server.messages.values()) == 4
