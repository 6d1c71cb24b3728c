"""What a policy proposes, approved and declined where its alert was posted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

import factories as make
from chat.pressing import STRANGERS, USERS, press, text_of
from chat.proposing import (
    Connect,
    Reached,
    changed,
    each_product,
    fire,
    in_room,
    message,
    policy,
    refusal,
    saved,
)
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.intake import commands as intake
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun
from watchroom.paging.commands import save_policy
from watchroom.paging.models import Approval
from watchroom.venues.commands import save_plan
from watchroom.workspaces.models import Post

pytestmark = pytest.mark.django_db


@each_product
def test_a_proposal_is_read_approved_and_followed_where_the_alert_was_posted(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation, deployer: HttpPeer, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    group = in_room(workspace, rollback)
    said = message(server)
    assert "Proposed: Roll back (low risk)" in said and "Approve it or decline it there" not in said
    assert "Watchroom does it through Deployer" in said and "red button" in said
    assert "Who may: a responder of Shop" in said and "Approve" in said and "Decline" in said
    answer = press(server, workspace, STRANGERS[kind], "approve")
    assert "/me/contact" in refusal(server, answer)
    assert Approval.objects.get().state == "open" and not Incident.objects.exists()
    clock.advance(timedelta(minutes=4))
    press(server, workspace, USERS[kind], "approve")
    approval, run = Approval.objects.get(), MitigationRun.objects.get()
    assert (approval.state, approval.decided_by, run.started_by) == ("approved", kim, kim)
    assert run.incident.alert_groups.get() == group
    run_due()
    assert len(deployer.requests) == 1
    said = message(server)
    assert "Approved by Kim at 09:04 UTC." in said and "Carried out at 09:04 UTC" in said
    assert "Decline" not in said, "what is decided has no buttons"
    clock.advance(timedelta(minutes=3))
    commands.finish(acting(kim), run, outcome="worked")
    run_due()
    assert "It worked (09:07 UTC)." in message(server)
    assert len(server.messages) == 1 and not server.problems
    assert not Post.objects.filter(due_at__isnull=False).exists()


@each_product
def test_declined_nothing_is_done_and_a_second_press_says_who_was_first(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    reached(workspace)
    reached(workspace, user=STRANGERS[kind], person=make.person("Lee", "responder"))
    in_room(workspace, rollback)
    before = dict(server.messages)
    press(server, workspace, USERS[kind], "decline")
    late = press(server, workspace, STRANGERS[kind], "approve")  # they still see the buttons
    assert "Declined already by Kim at 09:00" in refusal(server, late) or "Declined by Kim" in refusal(server, late)
    assert Approval.objects.get().state == "declined" and not MitigationRun.objects.exists()
    run_due()
    assert "Declined by Kim at 09:00 UTC." in message(server)
    assert server.messages.keys() == before.keys() and not server.problems


@each_product
def test_who_may_not_on_the_page_may_not_here(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect(kind)
    vic = make.person("Vic", "viewer")
    reached(workspace, person=vic)
    in_room(workspace, changed(rollback, managers_only=True))
    assert "a responder of Shop who is a manager of Shop" in message(server)
    assert "responder" in refusal(server, press(server, workspace, USERS[kind], "approve"))
    make.membership(rollback.team, vic, "responder")
    assert "manager" in refusal(server, press(server, workspace, USERS[kind], "approve"))
    assert Approval.objects.get().state == "open" and not MitigationRun.objects.exists()


@each_product
def test_who_approves_what_needs_two_is_the_first_of_them(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation, deployer: HttpPeer, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    reached(workspace)
    lee = reached(workspace, user=STRANGERS[kind], person=make.person("Lee", "responder")).person
    in_room(workspace, changed(rollback, needs_approval=True))
    assert "A second person approves it first." in message(server)
    press(server, workspace, USERS[kind], "approve")
    run_due()
    said = message(server)
    assert "It waits for a second person. Who may: a responder of Shop, but not Kim." in said
    assert "second person" in refusal(server, press(server, workspace, USERS[kind], "approve"))
    assert not deployer.requests and Execution.objects.get().state == "waiting"
    press(server, workspace, STRANGERS[kind], "approve")
    assert Execution.objects.get().approved_by == lee
    run_due()
    assert len(deployer.requests) == 1 and "Approved by Lee at 09:00 UTC. Carried out" in message(server)


def test_a_direct_message_shows_it_and_follows_a_later_proposal(
    connect: Connect, reached: Reached, rollback: Mitigation, clock: TravellingClock
) -> None:
    """The second step proposes; the message of the first is drawn anew."""
    server, workspace = connect("slack")
    method = reached(workspace)
    kim = {"person": method.person.pk}
    steps = [
        {"wait_seconds": 60, "targets": [kim]},
        {"wait_seconds": 600, "targets": [kim, {"mitigation": rollback.slug}]},
    ]
    fire(save_policy(make.actor(), None, team=rollback.team, name="P", steps=steps))
    assert "Proposed" not in message(server)
    clock.advance(timedelta(seconds=61))
    run_due()
    first, second = (text_of(each) for each in server.messages.values())
    assert first.count("Proposed: Roll back") == second.count("Proposed: Roll back") == 1
    press(server, workspace, USERS["slack"], "approve")
    run_due()
    assert all("Approved by Kim" in text_of(each) for each in server.messages.values())


def test_in_the_message_to_oneself_an_account_that_must_be_confirmed_anew_approves_nothing(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    method = reached(workspace, verified=False)
    fire(policy(rollback, {"person": method.person.pk}))
    press(server, workspace, USERS["slack"], "approve")
    assert Approval.objects.get().state == "open"


@pytest.mark.parametrize(("risk", "style"), [("low", None), ("medium", "primary"), ("high", "danger")])
def test_slack_asks_once_more_before_what_could_make_things_worse(
    risk: str, style: str | None, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    in_room(workspace, changed(rollback, risk=risk, name="Roll back " + "everything " * 9))
    blocks = server.only()[1]["blocks"]
    buttons = {each["action_id"]: each for block in blocks if block["type"] == "actions" for each in block["elements"]}
    assert "confirm" not in buttons["decline"] and "confirm" not in buttons["ack"]
    asked = buttons["approve"].get("confirm")
    assert (asked is None) == (style is None)
    if asked is not None:
        assert asked["style"] == style and f"Risk: {risk}. It starts at once." in asked["text"]["text"]
        assert all(len(asked[name]["text"]) <= most for name, most in (("title", 100), ("text", 300), ("deny", 30)))


@pytest.mark.parametrize("by_hand", [True, False])
def test_that_it_starts_at_once_is_said_only_where_it_does(
    by_hand: bool, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    """Not where somebody does it by hand, and not where a second person approves it first."""
    server, workspace = connect("slack")
    reached(workspace)
    risky = {"risk": "high", "runner": None} if by_hand else {"risk": "high", "needs_approval": True}
    in_room(workspace, saved(rollback, risky.pop("runner", rollback.runner), rollback.team, **risky))
    assert "Risk: high." in message(server) and "at once" not in message(server)
    press(server, workspace, USERS["slack"], "approve")
    said = Approval.objects.get().outcome
    assert said.startswith("Roll back was started" if by_hand else "Roll back waits for a second person in incident")


def test_of_who_was_deleted_nothing_is_said(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    in_room(workspace, changed(rollback, needs_approval=True))
    press(server, workspace, USERS["slack"], "approve")
    MitigationRun.objects.update(started_by=None)
    run_due()
    assert "Who may: a responder of Shop." in message(server) and "None" not in message(server)


def test_what_is_risky_is_not_offered_as_a_reaction_that_is_already_there(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("matrix")
    reached(workspace)
    save_plan(make.actor(), None, team=None, name="Meet", workspace=workspace)
    by = make.actor("Rita", "responder")
    incident = incidents.declare(by, title="Slow", severity=1)
    run_due()
    offered = [event for _, event in server.timeline if event["type"] == "m.reaction"]
    commands.start(by, incident, mitigation=changed(rollback, risk="high", needs_approval=True))
    run_due()
    assert "▶️ Approve" in message(server)
    assert [event for _, event in server.timeline if event["type"] == "m.reaction"] == offered


def test_what_has_changed_since_it_was_proposed_can_only_be_declined(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    in_room(workspace, rollback)
    changed(rollback, how="Press the other one.")
    press(server, workspace, USERS["slack"], "approve")
    assert b"has changed since" in server.peer.requests[-1].body
    assert Approval.objects.get().state == "open" and not MitigationRun.objects.exists()
    press(server, workspace, USERS["slack"], "decline")
    assert Approval.objects.get().state == "declined"


@pytest.mark.parametrize("answered", [False, True])
@each_product
def test_when_the_alert_is_over_nothing_can_be_approved(
    kind: str, answered: bool, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    """Also where its escalation had ended before, because somebody had it."""
    server, workspace = connect(kind)
    kim = reached(workspace).person
    group = in_room(workspace, rollback)
    before = dict(server.messages)
    if answered:
        intake.acknowledge(acting(kim), group)
    intake.resolve(acting(kim), group)
    press(server, workspace, USERS[kind], "approve")
    assert Approval.objects.get().state == "withdrawn" and not MitigationRun.objects.exists()
    run_due()
    said = message(server)
    assert "No longer needed" in said and "Decline" not in said and before


def test_the_page_of_the_alert_says_the_same(rollback: Mitigation, client: Client) -> None:
    group = fire(policy(rollback))
    client.force_login(make.person("Kim", "responder"), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Watchroom does it through Deployer" in page and "Who may: a responder of Shop." in page
    changed(rollback, how="Press the other one.")
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "it can only be declined" in page and "Approve and start it" not in page
