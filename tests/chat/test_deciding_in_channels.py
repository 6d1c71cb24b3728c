"""What is proposed and what waits for a second person, in the channel of its incident."""

from __future__ import annotations

from datetime import timedelta

import pytest

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
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun
from watchroom.paging.commands import save_policy
from watchroom.paging.models import Approval
from watchroom.workspaces.base import Heard, Posted

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
