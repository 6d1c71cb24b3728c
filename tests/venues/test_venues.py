"""A channel and a call per incident: made by rule or by a click, kept current, and gone at the end; never in anybody's way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

import factories as make
from chat.pressing import USERS
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.channels.slack.client import Slack
from watchroom.chat.answering import respond
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import LogEntry
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.outgoing.duties import duties as event_duties
from watchroom.outgoing.models import Event
from watchroom.venues import commands, keeping
from watchroom.venues.duties import duties
from watchroom.venues.models import Bridge, Venue, VenuePlan
from watchroom.workspaces.base import Heard, Posted
from watchroom.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Connect = Callable[[str], tuple[Any, Workspace]]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
JITSI = "https://meet.example.org/{room}"


@pytest.fixture
def admin() -> Actor:
    return make.actor("Ada")


def work() -> None:
    run_due([*event_duties, *duties])


def jitsi(by: Actor) -> Bridge:
    return commands.save_bridge(by, None, team=None, kind="jitsi", name="Jitsi", settings={"url": JITSI})


def plan(by: Actor, **fields: Any) -> VenuePlan:
    return commands.save_plan(by, None, **{"team": None, "name": "Large ones"} | fields)


def lines_of(server: Any) -> str:
    return json.dumps(list(server.messages.values()), ensure_ascii=False)


@pytest.mark.parametrize("kind", ["slack", "mattermost", "matrix"])
def test_a_channel_is_made_kept_current_and_archived(
    kind: str, connect: Connect, reached: Callable[..., Any], admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="Checkout is slow", severity=2)
    assert not server.rooms, "declaring asks nobody"
    work()
    (number, room), venue = next(iter(server.rooms.items())), Venue.objects.get()
    assert room["name"] == f"inc-{incident.pk}-checkout-is-slow" and venue.room == number and venue.state == "open"
    assert "declared SEV2" in lines_of(server)
    incidents.assign_role(admin, incident, "operations", kim)
    incidents.change_severity(admin, incident, 1)
    decision = incidents.log(admin, incident, "decision", "We fail over")
    note = incidents.log(admin, incident, "note", "Only a note")
    work()
    assert USERS[kind] in server.rooms[number]["members"]
    topic = server.rooms[number].get("topic") or server.rooms[number].get("header", "")
    assert f"/incidents/{incident.pk} · SEV1 · Active · Commander: Ada" in topic
    assert "We fail over" in lines_of(server) and "Only a note" not in lines_of(server)
    incidents.pin(admin, note, True)
    work()
    said = lines_of(server)
    assert said.count("Only a note") >= 1 and len(server.messages) == venue.lines.count()
    work()
    assert lines_of(server) == said, "nothing is posted twice"
    incidents.resolve(admin, incident)
    work()
    assert Venue.objects.get().state == "open", "last words can be said"
    clock.advance(timedelta(hours=1, minutes=1))
    work()
    assert Venue.objects.get().state == "closed" and decision.pk
    if kind != "matrix":
        assert server.rooms[number]["archived"]
    assert not server.problems


def test_what_happens_while_lines_are_posted_posts_nothing_twice(
    connect: Connect, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another engine that is woken meanwhile waits until whoever posts is done."""
    server, workspace = connect("slack")
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="x", severity=1)
    work()
    incidents.log(admin, incident, "decision", "We fail over")
    post, meanwhile = Slack.post, []

    def while_posting(self: Slack, place: str, card: Any, *, key: str) -> Any:
        if not meanwhile:
            incidents.log(admin, incident, "decision", "We drain eu-1")
            run_due(event_duties)  # the venue is due again
            meanwhile.append(keeping.claim())
        return post(self, place, card, key=key)

    monkeypatch.setattr(Slack, "post", while_posting)
    work()
    assert meanwhile == [None]
    said = lines_of(server)
    assert said.count('"text": "ℹ️ Decision: We fail over') == said.count('"text": "ℹ️ Decision: We drain eu-1') == 1


def test_what_is_said_in_the_channel_becomes_a_line_once(
    connect: Connect, reached: Callable[..., Any], admin: Actor
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="x", severity=1)
    work()
    venue = Venue.objects.get()
    heard = Heard("text", USERS["slack"], text="decision we fail over", message=Posted(venue.room, "t1"))
    assert "in the log" in respond(workspace, heard).text
    respond(workspace, heard)
    entry = LogEntry.objects.get(incident=incident, kind="decision")
    assert entry.author == kim and entry.text == "we fail over"
    work()
    assert "we fail over" not in lines_of(server), "it has been read there"
    elsewhere = Heard("text", USERS["slack"], text="log x", message=Posted("C0OTHER", "t2"))
    assert "not the channel" in respond(workspace, elsewhere).text
    stranger = Heard("text", "U0STRANGER", text="log x", message=Posted(venue.room, "t3"))
    assert not respond(workspace, stranger).ok
    assert LogEntry.objects.filter(incident=incident, kind="note").count() == 0
    incidents.edit(admin, incident, private=True)
    assert not respond(workspace, Heard("text", USERS["slack"], text="log y", message=Posted(venue.room, "t4"))).ok


def test_a_call_is_opened_by_rule_for_what_is_severe_and_by_click_for_the_rest(admin: Actor) -> None:
    plan(admin, bridge=jitsi(admin), least_severity=1)
    small = incidents.declare(admin, title="Small", severity=3)
    large = incidents.declare(admin, title="Large", severity=1)
    work()
    venue = Venue.objects.get()
    assert venue.incident == large and venue.url.startswith("https://meet.example.org/sev1-")
    assert LogEntry.objects.filter(incident=large, type="venue.opened", text__contains=venue.url).exists()
    commands.ask_for(admin, small, "call")
    commands.ask_for(admin, small, "call")
    work()
    assert Venue.objects.filter(incident=small, state="open").count() == 1
    incidents.change_severity(admin, incidents.declare(admin, title="Grows", severity=4), 1)
    work()
    assert Venue.objects.count() == 3, "what becomes severe gets its call then"


def test_every_message_in_the_channel_of_a_drill_says_so(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("slack")
    plan(admin, workspace=workspace, drills=True)
    incident = incidents.declare(admin, title="Practice", severity=1, drill=True)
    incidents.log(admin, incident, "decision", "We fail over")
    work()
    texts = [json.dumps(each, ensure_ascii=False) for each in server.messages.values()]
    assert len(texts) >= 2 and all("[Drill] " in each for each in texts)


def test_private_ones_drills_and_other_types_are_left_alone(admin: Actor) -> None:
    plan(admin, bridge=jitsi(admin))
    incidents.declare(admin, title="Secret", severity=1, private=True)
    incidents.declare(admin, title="Practice", severity=1, drill=True)
    work()
    assert not Venue.objects.exists()
    VenuePlan.objects.update(private=True, drills=True)
    incidents.declare(admin, title="Secret", severity=1, private=True)
    work()
    assert Venue.objects.count() == 1


def test_a_channel_of_a_private_incident_is_private(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("slack")
    plan(admin, workspace=workspace, private=True)
    incidents.declare(admin, title="Leak", severity=1, private=True)
    work()
    assert next(iter(server.rooms.values()))["private"] is True


def test_a_chat_that_is_down_is_in_nobodys_way_and_can_be_tried_again(
    connect: Connect, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    server.broken = Answer(503)
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="x", severity=1)
    work()
    venue = Venue.objects.get()
    assert venue.state == "asked" and "503" in venue.error and venue.due_at is not None
    for _ in range(6):
        clock.advance(timedelta(hours=1))
        work()
    venue.refresh_from_db()
    assert venue.state == "failed" and venue.due_at is None
    assert LogEntry.objects.filter(incident=incident, type="venue.failed").count() == 1
    incidents.log(admin, incident, "note", "The room works")
    server.broken = None
    commands.retry(admin, venue)
    work()
    venue.refresh_from_db()
    assert venue.state == "open" and venue.error == "" and len(server.rooms) == 1


def test_a_channel_that_is_gone_is_not_asked_for_marks_any_more(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("mattermost")
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="x", severity=1)
    work()
    assert Venue.objects.get().watch_at is not None
    server.broken = Answer(404, {"message": "There is no such channel."})
    incidents.change_severity(admin, incident, 2)
    work()
    venue = Venue.objects.get()
    assert (venue.state, venue.watch_at) == ("failed", None)
    server.broken = None
    commands.retry(admin, venue)
    work()
    venue.refresh_from_db()
    assert venue.state == "open" and venue.watch_at is not None


def test_who_is_unknown_in_the_chat_keeps_nobody_else_out(
    connect: Connect, reached: Callable[..., Any], admin: Actor
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    plan(admin, workspace=workspace)
    incident = incidents.declare(admin, title="x", severity=1)  # Ada, the commander, has no account there
    incidents.assign_role(admin, incident, "operations", kim)
    work()
    assert next(iter(server.rooms.values()))["members"] == [USERS["slack"]]
    assert Venue.objects.get().error == ""


def test_a_late_answer_of_who_was_cut_off_changes_nothing(admin: Actor, clock: TravellingClock) -> None:
    plan(admin, bridge=jitsi(admin))
    incidents.declare(admin, title="x", severity=1)
    run_due(event_duties)
    first = keeping.claim()
    assert first is not None and keeping.claim() is None
    clock.advance(timedelta(minutes=4))
    work()
    url = Venue.objects.get().url
    keeping.look_after(first)
    assert Venue.objects.get().url == url and LogEntry.objects.filter(type="venue.opened").count() == 1


def test_closing_and_opening_again(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("slack")
    plan(admin, workspace=workspace, bridge=jitsi(admin))
    incident = incidents.declare(admin, title="x", severity=1)
    work()
    for venue in Venue.objects.all():
        commands.close(admin, venue)
    work()
    assert set(Venue.objects.values_list("state", flat=True)) == {"closed"}
    commands.ask_for(admin, incident, "chat")
    work()
    assert len(server.rooms) == 2 and Venue.objects.get(kind="chat").state == "open"


def test_while_nobody_meets_nothing_is_written(admin: Actor) -> None:
    incident = incidents.declare(admin, title="x", severity=1)
    with pytest.raises(Refused):
        commands.ask_for(admin, incident, "call")
    assert not Event.objects.exists()


# --- Who may what ---


def test_permissions(admin: Actor, connect: Connect) -> None:
    _, workspace = connect("slack")
    mine, theirs = make.team(), make.team()
    kim = make.person("Kim", "viewer")
    make.membership(mine, kim, "manager")
    manager = acting(kim)
    own = commands.save_bridge(manager, None, team=mine, kind="jitsi", name="Own", settings={"url": JITSI})
    with pytest.raises(NotAllowed):
        jitsi(manager)
    with pytest.raises(NotAllowed):
        plan(manager, bridge=own)
    with pytest.raises(Refused):
        plan(admin, team=theirs, bridge=own)
    made = plan(manager, team=mine, bridge=own, workspace=workspace)
    outsider = make.actor("Out", "viewer")
    for action, thing in ((commands.delete_plan, made), (commands.delete_bridge, own), (commands.try_bridge, own)):
        with pytest.raises(NotAllowed):
            action(outsider, thing)
    with pytest.raises(Conflict):
        commands.delete_bridge(manager, own)
    incident = incidents.declare(admin, title="x", severity=1, team=mine)
    with pytest.raises(NotAllowed):
        commands.ask_for(outsider, incident, "call")
    secret = incidents.declare(admin, title="x", severity=1, team=mine, private=True)
    with pytest.raises(NotFound):
        commands.ask_for(outsider, secret, "call")


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("workspace", {}),
        ("name", {"name": " "}),
        ("least_severity", {"least_severity": 9}),
        ("types", {"types": ["no"]}),
    ],
)
def test_bad_plans_are_refused_by_field(admin: Actor, field: str, fields: dict[str, Any]) -> None:
    there = {} if field == "workspace" else {"bridge": jitsi(admin)}
    with pytest.raises(Refused) as refused:
        plan(admin, **{**there, **fields})
    assert refused.value.field == field


def test_a_new_address_never_gets_an_old_secret(admin: Actor, http_peer: HttpPeer) -> None:
    said = {"account_id": "a", "client_id": "c", "client_secret": "s", "host": "h@example.org", "url": http_peer.url}
    made = commands.save_bridge(admin, None, team=None, kind="zoom", name="Zoom", settings=said)
    without = {name: value for name, value in said.items() if name != "client_secret"}
    commands.save_bridge(admin, made, team=None, kind="zoom", name="Zoom", settings=without)
    assert made.settings["client_secret"] == "s"
    with pytest.raises(Refused):
        commands.save_bridge(
            admin, made, team=None, kind="zoom", name="Zoom", settings=without | {"url": "https://evil.example.org"}
        )


# --- Pages, command line, file ---


def test_the_pages(admin: Actor, connect: Connect, django_assert_max_num_queries: Any) -> None:
    _, workspace = connect("slack")
    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    assert "Nobody has said where people meet" in client.get("/venues").content.decode()
    assert client.get("/venues/bridges/new?kind=zoom").status_code == 200
    assert client.post("/venues/bridges/new?kind=jitsi", {"name": "J", "url": "x"}).status_code == 422
    client.post("/venues/bridges/new?kind=jitsi", {"name": "J", "url": JITSI})
    bridge = Bridge.objects.get()
    said = {"name": "All", "workspace": workspace.pk, "bridge": bridge.pk, "least_severity": "0"}
    assert client.post("/venues/plans/new", {"name": "All", "least_severity": "0"}).status_code == 422
    client.post("/venues/plans/new", said)
    assert "when asked for" in client.get("/venues").content.decode()
    incident = incidents.declare(admin, title="x", severity=1)
    part = client.get(f"/incidents/{incident.pk}/venues").content.decode()
    assert "Open a call" in part and "Make a channel" in part
    client.post(f"/incidents/{incident.pk}/venues", {"kind": "call"})
    client.post(f"/incidents/{incident.pk}/venues", {"kind": "chat"})
    assert "Being made" in client.get(f"/incidents/{incident.pk}/venues").content.decode()
    work()
    with django_assert_max_num_queries(14):
        part = client.get(f"/incidents/{incident.pk}/venues").content.decode()
    assert "Join the call" in part and "https://meet.example.org/" in part
    assert f"/incidents/{incident.pk}/venues" in client.get(f"/incidents/{incident.pk}").content.decode()
    venue = Venue.objects.get(kind="call")
    client.post(f"/incident-venues/{venue.pk}", {"do": "close"})
    work()
    assert "is closed" in client.get(f"/incidents/{incident.pk}/venues").content.decode()
    assert client.get("/venues/plans/all").status_code == 200 and client.get("/venues/bridges/j").status_code == 200
    viewer = Client()
    viewer.force_login(make.person("V", "viewer"), backend=BACKEND)
    assert viewer.get("/venues/plans/all").status_code == 403
    assert viewer.post(f"/incident-venues/{venue.pk}", {"do": "retry"}).status_code == 403
    assert "Open a call" not in viewer.get(f"/incidents/{incident.pk}/venues").content.decode()
    client.post("/venues/plans/all", {"do": "delete"})
    client.post("/venues/bridges/j", {"do": "delete"})
    assert not VenuePlan.objects.exists() and not Bridge.objects.exists()


def test_the_command_line(admin: Actor) -> None:
    def run(*words: str) -> Any:
        answer = CliRunner().invoke(cli, [*words, "--json"])
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    run("bridge", "create", "Jitsi", "--kind", "jitsi", "--setting", f"url={JITSI}")
    assert run("bridge", "try", "jitsi")["ok"]
    run("venue-plan", "create", "All", "--bridge", "jitsi", "--least-severity", "0")
    assert [each["slug"] for each in run("bridges")["items"]] == ["jitsi"]
    assert run("venue-plans")["items"][0]["least_severity"] == 0
    incident = str(incidents.declare(admin, title="x").pk)
    venue = run("venue", "open", incident, "call")
    work()
    assert run("venue", "list", incident)[0]["state"] == "open"
    run("venue", "retry", str(venue["id"]))
    run("venue", "close", str(venue["id"]))
    work()
    assert run("venue", "list", incident)[0]["state"] == "closed"
    CliRunner().invoke(cli, ["venue-plan", "delete", "all"])
    CliRunner().invoke(cli, ["bridge", "delete", "jitsi"])
    assert not Bridge.objects.exists()


def test_a_file_says_the_same_twice(admin: Actor) -> None:
    text = f"""
version: 1
bridges:
  - {{slug: jitsi, name: Jitsi, kind: jitsi, settings: {{url: "{JITSI}"}}}}
  - {{slug: zoom, name: Zoom, kind: zoom, settings: {{account_id: a, client_id: c, host: h@example.org}}}}
venue_plans:
  - {{slug: all, name: All, bridge: jitsi, least_severity: 1}}
"""
    assert len(apply(admin, parse(yaml.safe_load(text), "file"))[0]) == 3
    assert apply(admin, parse(yaml.safe_load(text), "file"))[0] == []
    there = read()
    exported = {"version": 1, **{kind: list(there[kind].values()) for kind in ("bridges", "venue_plans")}}
    assert apply(admin, parse(exported, "file"))[0] == []
    with pytest.raises(Refused):
        parse(
            {"version": 1, "bridges": [{"slug": "z", "name": "Z", "kind": "zoom", "settings": {"client_secret": "s"}}]},
            "file",
        )
    assert len(apply(admin, parse({"version": 1, "bridges": [], "venue_plans": []}, "file"), prune=True)[0]) == 3


def test_all_of_bridges_and_plans_can_be_changed_by_command_line(admin: Actor) -> None:
    def run(*words: str, typed: str = "") -> Any:
        answer = CliRunner().invoke(cli, [*words, "--json"], input=typed)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output[answer.output.index("{") :])

    make.team("Payments", slug="payments")
    incidents.save_type(admin, None, team=make.team(), name="Leak")
    settings = ["account_id=a", "client_id=c", "host=calls@example.org"]
    made = [word for each in settings for word in ("--setting", each)]
    run("bridge", "create", "Zoom", "--kind", "zoom", *made, "--secret", "client_secret", typed="first\n")
    run("bridge", "change", "zoom", "--name", "Zoom EU", "--team", "payments", "--setting", "host=new@example.org")
    row = Bridge.objects.get()
    assert (row.name, row.team and row.team.slug, row.slug) == ("Zoom EU", "payments", "zoom")
    assert (row.settings["host"], row.settings["client_secret"]) == ("new@example.org", "first")
    run("bridge", "change", "zoom", "--team", "", "--secret", "client_secret", typed="second\n")
    row.refresh_from_db()
    assert (row.team, row.settings["client_secret"], row.settings["host"]) == (None, "second", "new@example.org")
    assert "client_secret" not in run("bridge", "show", "zoom")["settings"]

    run("venue-plan", "create", "All", "--bridge", "zoom", "--private", "--slug", "all")
    run("venue-plan", "change", "all", "--name", "Large", "--least-severity", "1", "--type", "leak", "--drills")
    run("venue-plan", "change", "all", "--team", "payments", "--not-private")
    shown = run("venue-plan", "show", "all")
    assert shown == {
        "name": "Large",
        "slug": "all",
        "team": "payments",
        "workspace": None,
        "bridge": "zoom",
        "least_severity": 1,
        "types": ["leak"],
        "private": False,
        "drills": True,
    }
    again = run("venue-plan", "change", "all", "--team", "", "--type", "", "--no-drills")
    assert (again["team"], again["types"], again["drills"], again["bridge"]) == (None, [], False, "zoom")
    nothing = CliRunner().invoke(cli, ["venue-plan", "change", "all", "--bridge", ""])
    assert (nothing.exit_code, VenuePlan.objects.get().bridge) == (1, row)  # it would offer nothing
