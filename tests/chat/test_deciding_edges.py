"""What is approved in a chat at its edges: forged, gone, one of several, in a drill, by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

import factories as make
from chat.pressing import REACTIONS, STRANGERS, USERS, press
from chat.proposing import (
    ROOMS,
    Connect,
    Reached,
    changed,
    fire,
    in_room,
    meet,
    message,
    policy,
    refusal,
    saved,
)
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.channels.mattermost.client import seal
from watchroom.chat.answering import respond
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun
from watchroom.paging.models import Approval
from watchroom.workspaces.base import Heard

pytestmark = pytest.mark.django_db


def test_a_button_that_we_did_not_make_decides_nothing(
    connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    _, workspace = connect("mattermost")
    reached(workspace)
    in_room(workspace, rollback)
    about = f"p{Approval.objects.get().pk}"

    def send(sealed: str) -> int:
        context = {"press": "approve", "about": about, "seal": sealed}
        body = json.dumps({"user_id": USERS["mattermost"], "context": context})
        return Client().post(f"/chat/{workspace.slug}", body, content_type="application/json").status_code

    assert send(seal(str(workspace.hook_key), "p999")) == 403 and send("0" * 64) == 403
    assert Approval.objects.get().state == "open"
    assert send(seal(str(workspace.hook_key), about)) == 200
    assert Approval.objects.get().state == "approved"


@pytest.mark.parametrize("about", ["p0", "m0", "p999999", "m999999", "p" + "9" * 30, "n0", "e0"])
@pytest.mark.parametrize("key", ["approve", "decline", "ack"])
def test_what_is_gone_or_was_never_there_is_said_so(about: str, key: str, connect: Connect, reached: Reached) -> None:
    _, workspace = connect("slack")
    reached(workspace)
    said = respond(workspace, Heard("button", USERS["slack"], key, about))
    assert said.text and not said.ok


def test_a_thumb_is_no_approval(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = meet(connect, "matrix")
    kim = reached(workspace).person
    incident = incidents.declare(acting(kim), title="Slow", severity=1)
    run_due()
    commands.start(acting(kim), incident, mitigation=changed(rollback, needs_approval=True))
    run_due()
    reached(workspace, user=STRANGERS["matrix"], person=make.person("Lee", "responder"))
    press(server, workspace, STRANGERS["matrix"], "ack")
    assert Execution.objects.get().state == "waiting"


def test_of_several_a_reaction_decides_none(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = connect("matrix")
    reached(workspace)
    other = saved(None, rollback.runner, rollback.team, name="Drain")
    fire(policy(rollback, {"chat": workspace.slug, "room": ROOMS["matrix"]}, {"mitigation": other.slug}))
    assert "Proposed: Drain" in message(server) and "▶️" not in message(server)
    press(server, workspace, USERS["matrix"], "approve")
    assert "Several things wait" in refusal(server, None)
    assert Approval.objects.filter(state="open").count() == 2


@pytest.mark.parametrize("kind", ["slack", "mattermost", "telegram"])
def test_of_several_each_has_buttons_of_its_own(
    kind: str, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect(kind)
    reached(workspace)
    long = saved(None, rollback.runner, rollback.team, name="Drain", how="Step & <step>\n" * 200)
    room = {"chat": workspace.slug, "room": ROOMS[kind]}
    fire(policy(rollback, room, {"mitigation": long.slug}), severity="critical")
    press(server, workspace, USERS[kind], "approve")  # the first that stands there
    decided = Approval.objects.exclude(state="open").get()
    assert decided.mitigation == Approval.objects.order_by("pk")[0].mitigation
    run_due()
    assert "Decline" in message(server), "the other still waits"
    assert not server.problems


def test_teams_shows_it_and_opens_watchroom(http_peer: HttpPeer, rollback: Mitigation) -> None:
    from watchroom.workspaces.commands import save_workspace

    settings = {"url": f"{http_peer.url}/workflow?sig=s3cret"}
    workspace = save_workspace(make.actor(), None, team=None, kind="teams", name="Ops", settings=settings)
    http_peer.otherwise = Answer(202, b"", {"x-ms-workflow-run-id": "run-1"})
    fire(policy(rollback, {"chat": workspace.slug, "room": ""}))
    content = http_peer.requests[0].json()["attachments"][0]["content"]
    texts = [each["text"] for each in content["body"]]
    assert any("Proposed: Roll back (low risk)" in each for each in texts)
    assert any("Who may: a responder of Shop" in each for each in texts)
    assert [each["type"] for each in content["actions"]] == ["Action.OpenUrl"]


def test_a_drill_says_so_and_carries_nothing_out(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    fire(policy(rollback, {"chat": workspace.slug, "room": "#alerts"}), drill=True)
    assert "[Drill] Proposed: Roll back" in message(server) and message(server).count("Proposed:") == 1
    press(server, workspace, USERS["slack"], "approve")
    assert b"In a drill nothing is carried out" in server.peer.requests[-1].body
    assert Approval.objects.get().state == "open" and not Execution.objects.exists()


def test_by_hand_it_says_so(connect: Connect, reached: Reached, rollback: Mitigation) -> None:
    server, workspace = connect("slack")
    kim: Actor = acting(reached(workspace).person)
    in_room(workspace, saved(rollback, None, rollback.team))
    assert "Somebody does it by hand." in message(server)
    press(server, workspace, USERS["slack"], "approve")
    run_due()
    assert "Approved by Kim at 09:00 UTC. Started by Kim at 09:00 UTC." in message(server)
    commands.finish(kim, MitigationRun.objects.get(), outcome="worse")
    run_due()
    assert "It made things worse (09:00 UTC)." in message(server)


@pytest.mark.parametrize(
    ("kind", "channel"),
    [(kind, False) for kind in ("slack", "mattermost", "telegram", "matrix")]
    + [(kind, True) for kind in ("slack", "mattermost", "matrix")],  # Telegram makes no channels
)
def test_two_who_press_at_once_are_not_two_who_approve(
    channel: bool, kind: str, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    """Whoever is late has read a proposal, and not that it waits for a second person."""
    server, workspace = meet(connect, kind) if channel else connect(kind)
    kim = reached(workspace).person
    lee = reached(workspace, user=STRANGERS[kind], person=make.person("Lee", "responder")).person
    two = changed(rollback, needs_approval=True)
    if channel:
        incidents.declare(acting(kim), title="Slow", severity=1, alert_groups=[fire(policy(two))])
        run_due()
    else:
        in_room(workspace, two)
    assert "Proposed: Roll back" in message(server)
    if kind == "matrix":  # both are heard before the message is drawn anew
        (place, number), _ = list(server.messages.items())[-1]
        server.react(USERS[kind], place, number, REACTIONS["approve"])
    else:
        press(server, workspace, USERS[kind], "approve")
    answer = press(server, workspace, STRANGERS[kind], "approve")
    assert (Execution.objects.get().state, Execution.objects.get().approved_by) == ("waiting", None)
    said = refusal(server, answer)
    assert "Approved already by Kim" in said or "Approved by Kim" in said
    run_due()
    assert respond(workspace, Heard("button", STRANGERS[kind], "approve", f"m{MitigationRun.objects.get().pk}")).ok
    assert Execution.objects.get().approved_by == lee and not server.problems


@pytest.mark.parametrize("direct", [False, True])
def test_of_very_many_the_newest_that_wait_have_buttons_and_the_others_are_named(
    direct: bool, connect: Connect, reached: Reached, rollback: Mitigation
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    more = [saved(None, rollback.runner, rollback.team, name=f"Drain {number}") for number in range(2, 9)]
    target = {"person": kim.pk} if direct else {"chat": workspace.slug, "room": ROOMS["slack"]}
    fire(policy(rollback, target, *({"mitigation": each.slug} for each in more)))
    rows = list(Approval.objects.order_by("pk"))

    def looks_right(waiting: list[Approval]) -> None:
        said, pressed = message(server), {value for value in _values(server) if value.startswith("p")}
        assert pressed == {f"p{each.pk}" for each in waiting[-5:]}
        assert [said.count(f"Proposed: {each.title}") for each in waiting] == [1] * len(waiting)

    looks_right(rows)
    respond(workspace, Heard("button", USERS["slack"], "decline", f"p{rows[-1].pk}"))
    run_due()
    looks_right(rows[:-1])


def _values(server: Any) -> list[str]:
    blocks = list(server.messages.values())[-1]["blocks"]
    return [each.get("value", "") for block in blocks if block["type"] == "actions" for each in block["elements"]]
