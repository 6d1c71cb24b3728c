"""What a policy proposes, and what waits for a second person, approved and declined in a chat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories as make
from chat.pressing import PEERS, STRANGERS, USERS, press, text_of
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Team
from watchroom.channels.mattermost.client import seal
from watchroom.chat.answering import respond
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.intake import commands as intake
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun, Runner
from watchroom.paging.commands import save_policy
from watchroom.paging.models import Approval, EscalationPolicy
from watchroom.venues.commands import save_plan
from watchroom.workspaces.base import Heard, Posted
from watchroom.workspaces.models import Post, Workspace

pytestmark = pytest.mark.django_db
Connect = Callable[[str], tuple[Any, Workspace]]
Reached = Callable[..., Any]
ROOMS = {"slack": "#alerts", "mattermost": "~town-square", "matrix": "#alerts:example.org", "telegram": "-1001234"}
each_product = pytest.mark.parametrize("kind", sorted(PEERS))
each_with_channels = pytest.mark.parametrize("kind", ["slack", "mattermost", "matrix"])


@pytest.fixture
def deployer() -> Iterator[HttpPeer]:
    """The program of one's own that carries things out."""
    peer = HttpPeer().start()
    peer.otherwise = Answer(200, {"output": "4.17 is live"})
    yield peer
    peer.stop()


@pytest.fixture
def rollback(deployer: HttpPeer, clock: TravellingClock) -> Mitigation:
    settings = {"url": deployer.url, "secret": make.SECRET}
    team = make.team("Shop")
    runner = commands.save_runner(make.actor(), None, team=team, kind="webhook", name="Deployer", settings=settings)
    return saved(None, runner, team)


def saved(row: Mitigation | None, runner: Runner | None, team: Team, **fields: Any) -> Mitigation:
    given = {"name": "Roll back", "how": "Press <the> red button.", "risk": "low", "runner": runner} | fields
    return commands.save_mitigation(make.actor(), row, team=team, **given)


def changed(row: Mitigation, **fields: Any) -> Mitigation:
    return saved(row, row.runner, row.team, **fields)


def policy(mitigation: Mitigation, *targets: dict[str, Any]) -> EscalationPolicy:
    """Its step posts in ``targets``, pages Anna, and proposes."""
    step = {"wait_seconds": 3600, "targets": [*targets, anna(), {"mitigation": mitigation.slug}]}
    return save_policy(make.actor(), None, team=mitigation.team, name="P", steps=[step])


def anna() -> dict[str, Any]:
    """Somebody who is reached, and not in a chat."""
    person = make.person("Anna", "responder")
    make.contact_method(person, "browser", {"person": person.pk})
    return {"person": person.pk}


def fire(chosen: EscalationPolicy, **fields: Any) -> Any:
    service = make.service(team=chosen.team, policy=chosen)
    group = make.group("Checkout is slow", service=service, team=chosen.team, policy=chosen, **fields)
    start_paging([group])
    run_due()
    return group


def in_room(workspace: Workspace, mitigation: Mitigation) -> Any:
    return fire(policy(mitigation, {"chat": workspace.slug, "room": ROOMS[workspace.kind]}))


def refusal(server: Any, answer: Any) -> str:
    """What was said to whoever pressed last."""
    if answer is not None and answer.content:
        return str(answer.content.decode())
    said = server.peer.requests[-1]
    return str(said.body.decode())


def message(server: Any) -> str:
    return text_of(list(server.messages.values())[-1])


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


def meet(connect: Connect, kind: str) -> tuple[Any, Workspace]:
    server, workspace = connect(kind)
    save_plan(make.actor(), None, team=None, name="Meet", workspace=workspace)
    return server, workspace


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


def test_the_page_of_the_alert_says_the_same(rollback: Mitigation, client: Client) -> None:
    group = fire(policy(rollback))
    client.force_login(make.person("Kim", "responder"), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Watchroom does it through Deployer" in page and "Who may: a responder of Shop." in page
    changed(rollback, how="Press the other one.")
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "it can only be declined" in page and "Approve and start it" not in page
