"""A room as the target of a step, and rooms that are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import factories as make
from chat.pressing import PEERS, STRANGERS, USERS, press, text_of
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.channels.base import DeliveryFailed
from watchroom.engine.loop import run_due
from watchroom.intake.commands import acknowledge
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.paging.commands import save_policy
from watchroom.paging.models import Escalation, StepAction
from watchroom.paging.queries import dry_run, trace
from watchroom.workspaces.commands import delete_workspace, save_workspace
from watchroom.workspaces.models import Workspace
from watchroom.workspaces.queries import client_of

pytestmark = pytest.mark.django_db
Connect = Callable[[str], tuple[Any, Workspace]]
ROOMS = {"slack": "#alerts", "mattermost": "~town-square", "matrix": "#alerts:example.org", "telegram": "-1001234"}


def fire(workspace: Workspace, room: str) -> AlertGroup:
    team = make.team()
    steps = [{"wait_seconds": 600, "targets": [{"chat": workspace.slug, "room": room}]}]
    policy = save_policy(make.actor(), None, team=team, name="Room first", steps=steps)
    group = make.group("Checkout is slow", service=make.service(team=team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    return group


def test_a_room_is_told_times_in_its_own_zone(
    connect: Connect, reached: Callable[..., Any], clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    with pytest.raises(Refused, match="no time zone"):
        save_workspace(
            make.actor(), workspace, team=None, kind="slack", name="Acme", settings={"timezone": "Mars/Olympus"}
        )
    save_workspace(
        make.actor(),
        workspace,
        team=None,
        kind="slack",
        name="Acme",
        settings={"timezone": "Asia/Kolkata"} | workspace.settings,
    )
    group = fire(workspace, ROOMS["slack"])
    acknowledge(acting(kim), group)
    run_due()
    assert "Acknowledged by Kim at 14:30 IST" in text_of(server.only()[1])


@pytest.mark.parametrize("kind", sorted(PEERS))
def test_a_step_posts_in_a_room_where_somebody_acknowledges(
    kind: str, connect: Connect, reached: Callable[..., Any], clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    group = fire(workspace, ROOMS[kind])
    escalation = Escalation.objects.get()
    action = StepAction.objects.get()
    assert (action.state, action.tries) == (StepAction.State.DONE, 1)
    assert any(f"osted in {ROOMS[kind]} of {workspace}" in line["text"] for line in trace(escalation))
    assert f"Post in {ROOMS[kind]} of {workspace}" in dry_run(escalation.policy)[0]["text"]
    assert "Checkout is slow" in text_of(server.only()[1])
    press(server, workspace, STRANGERS[kind], "ack")
    group.refresh_from_db()
    assert group.acknowledged_at is None
    press(server, workspace, USERS[kind], "ack")
    run_due()
    group.refresh_from_db()
    assert group.acknowledged_by == kim
    assert "Acknowledged by Kim at 09:00 UTC" in text_of(server.only()[1])
    assert not server.problems


def test_a_room_that_is_not_there_lets_the_next_step_follow_at_once(connect: Connect, clock: TravellingClock) -> None:
    _, workspace = connect("slack")
    fire(workspace, "#nowhere")
    action = StepAction.objects.first()
    assert action is not None and action.state == StepAction.State.FAILED
    assert "channel_not_found" in action.error
    assert Escalation.objects.get().round > 0  # it did not wait for an answer that can't come


def test_teams_gets_a_card_that_opens_watchroom(http_peer: HttpPeer, clock: TravellingClock) -> None:
    workspace = save_workspace(
        make.actor(),
        None,
        team=None,
        kind="teams",
        name="Ops",
        settings={"url": f"{http_peer.url}/workflow?sig=s3cret"},
    )
    http_peer.otherwise = Answer(202, b"", {"x-ms-workflow-run-id": "run-1"})
    fire(workspace, "")
    (request,) = http_peer.requests
    said = request.json()
    assert said["type"] == "message"
    card = said["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["type"] == "AdaptiveCard" and card["content"]["version"] == "1.4"
    assert "Checkout is slow" in card["content"]["body"][0]["text"]
    assert [each["type"] for each in card["content"]["actions"]] == ["Action.OpenUrl"]


def test_a_policy_names_a_room_that_can_be(connect: Connect) -> None:
    _, workspace = connect("slack")
    team = make.team()

    def save(**target: Any) -> Any:
        return save_policy(make.actor(), None, team=team, name="P", steps=[{"targets": [target]}])

    for wrong in ({"chat": "nowhere", "room": "#a"}, {"chat": workspace.slug}, {"chat": workspace.pk, "room": "a\nb"}):
        with pytest.raises(Refused) as refused:
            save(**wrong)
        assert refused.value.fix
    saved = save(chat=workspace.pk, room="#alerts")
    assert str(saved.steps.get().targets.get()) == "post in #alerts of Slack"
    with pytest.raises(Conflict):
        delete_workspace(make.actor(), workspace)


def test_a_teams_workspace_is_used_by_that_team_or_its_managers(connect: Connect) -> None:
    _, workspace = connect("slack")
    owners, others = make.team(), make.team()
    Workspace.objects.filter(pk=workspace.pk).update(team=owners)
    manager = make.actor("Max", "viewer")
    make.membership(others, manager.person, "manager")
    steps = [{"targets": [{"chat": workspace.slug, "room": "#alerts"}]}]
    with pytest.raises(Refused, match="belongs to"):
        save_policy(manager, None, team=others, name="P", steps=steps)


@pytest.mark.parametrize("kind", ["slack", "mattermost", "matrix"])
def test_rooms_are_made_and_put_away(kind: str, connect: Connect) -> None:
    server, workspace = connect(kind)
    client: Any = client_of(workspace)
    room = client.create_room("Inc 7: Checkout!", topic="Checkout is slow", private=True)
    client.invite(room.id, [USERS[kind]])
    if kind != "mattermost":
        client.invite(room.id, [USERS[kind]])  # whoever is in stays so
    client.set_topic(room.id, "Mitigated")
    client.archive(room.id)
    made = server.rooms[room.id]
    assert made["members"] == [USERS[kind]]
    if kind == "matrix":
        assert made["levels"] == {"users": {server.ME: 100}, "events_default": 100}
        assert made["topic"] == "Mitigated"
    else:
        assert made["archived"]
        assert made["name"] == "inc-7-checkout"
        assert made["topic" if kind == "slack" else "header"] == "Mitigated"
    assert room.url.startswith("http") and not server.problems


def test_mattermost_needs_a_team_to_find_a_room(connect: Connect) -> None:
    _, workspace = connect("mattermost")
    workspace.settings = {**workspace.settings, "team": ""}
    with pytest.raises(DeliveryFailed) as failed:
        client_of(workspace).post("town-square", None, key="k")  # type: ignore[arg-type]
    assert failed.value.permanent and "team" in failed.value.fix
