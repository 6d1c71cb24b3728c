"""What is marked in the channel of an incident goes into its log; what is said there with a word in front does what the room does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from slack_sdk.signature import SignatureVerifier

import factories as make
from chat.pressing import SIGNING_SECRET, STRANGERS, USERS, listen
from peers.http import Answer
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import AuditRecord
from watchroom.chat.answering import respond
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.commands.mentions import people_by_handle
from watchroom.incidents.models import Incident, LogEntry, RoleAssignment, RoleHandoff
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.outgoing.duties import duties as event_duties
from watchroom.paging.models import Escalation
from watchroom.venues import commands
from watchroom.venues.duties import duties
from watchroom.venues.hearing import with_handles
from watchroom.venues.models import Taken, Venue
from watchroom.workspaces.base import Heard, Posted
from watchroom.workspaces.commands import save_workspace
from watchroom.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Connect = Callable[[str], tuple[Any, Workspace]]
Reached = Callable[..., Any]
KINDS = ["slack", "mattermost", "matrix"]


@pytest.fixture
def admin() -> Actor:
    return make.actor("Ada")


def work() -> None:
    run_due([*event_duties, *duties])


def channel(server: Any, workspace: Workspace, by: Actor, **fields: Any) -> Venue:
    """The channel of a new incident."""
    commands.save_plan(by, None, team=None, name="Large ones", workspace=workspace, private=True)
    incidents.declare(by, **({"title": "Checkout is slow", "severity": 2} | fields))
    work()
    if workspace.kind == "matrix":
        listen(workspace)  # the first time says only from when on
    return Venue.objects.get()


def events(workspace: Workspace, event: dict[str, Any], *, secret: str = SIGNING_SECRET) -> Any:
    """What Slack sends of an event: https://docs.slack.dev/apis/events-api/"""
    body = json.dumps({"token": "t", "team_id": "T1", "type": "event_callback", "event_id": "Ev1", "event": event})
    return signed(workspace, body, secret)


def signed(workspace: Workspace, body: str, secret: str = SIGNING_SECRET) -> Any:
    stamp = str(int(clocks.now().timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}
    return Client().post(f"/chat/{workspace.slug}", body, content_type="application/json", headers=headers)


def written(server: Any, venue: Venue, text: str) -> str:
    """Kim writes a message in the channel."""
    kind = venue.workspace.kind if venue.workspace else ""
    made = (
        server.say(USERS[kind], venue.room, text) if kind == "matrix" else server.write(USERS[kind], venue.room, text)
    )
    return str(made)


def mark(server: Any, venue: Venue, message: str, *, pinned: bool = True, user: str = "") -> None:
    """Somebody pins it, or takes the pin away, as each product tells of it."""
    workspace = venue.workspace
    assert workspace is not None
    user = user or USERS[workspace.kind]
    if workspace.kind == "slack":
        item = {"type": "message", "channel": venue.room, "message": {"ts": message, "text": "?"}}
        kind = "pin_added" if pinned else "pin_removed"
        assert (
            events(workspace, {"type": kind, "user": user, "channel_id": venue.room, "item": item}).status_code == 200
        )
    elif workspace.kind == "mattermost":
        server.change(venue.room, message, is_pinned=pinned)
        Venue.objects.update(watch_at=clocks.now())
    else:
        server.pin(user, venue.room, *([message] if pinned else []))
        listen(workspace)
    work()


def react(server: Any, venue: Venue, message: str, name: str, *, user: str = "") -> None:
    """Somebody gives it a reaction."""
    workspace = venue.workspace
    assert workspace is not None
    user = user or USERS[workspace.kind]
    if workspace.kind == "slack":
        item = {"type": "message", "channel": venue.room, "ts": message}
        events(workspace, {"type": "reaction_added", "user": user, "reaction": name, "item": item})
    elif workspace.kind == "mattermost":
        server.change(venue.room, message, metadata={"reactions": [{"user_id": user, "emoji_name": name}]})
        Venue.objects.update(watch_at=clocks.now())
    else:
        server.react(user, venue.room, message, name)
        listen(workspace)
    work()


def taken(incident: Incident) -> list[LogEntry]:
    return [each for each in LogEntry.objects.filter(incident=incident) if "source" in each.data]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_pinned_goes_into_the_log_once_with_author_time_and_link(
    kind: str, connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    venue = channel(server, workspace, admin)
    message = written(server, venue, "The pool is full since 08:55")
    clock.advance(timedelta(minutes=10))
    mark(server, venue, message)
    (entry,) = taken(venue.incident)
    assert (entry.kind, entry.text, entry.author) == ("note", "The pool is full since 08:55", kim)
    assert entry.at.isoformat().startswith("2026-03-02T09:00:00") and entry.written_at > entry.at
    source = entry.data["source"]
    assert (source["name"], source["in"]) == ("Kim Lee", workspace.name)
    assert source["url"].startswith(("https://", server.peer.url))
    mark(server, venue, message)
    mark(server, venue, message, pinned=False)
    entry.refresh_from_db()
    assert entry.data["source"]["unmarked"] is True and entry.text, "it is marked, and stays"
    if kind == "slack":
        server.write(USERS[kind], venue.room, "Something else entirely", message)  # edited
    mark(server, venue, message)
    entry.refresh_from_db()
    assert entry.data["source"]["unmarked"] is False and entry.text == "The pool is full since 08:55"
    assert len(taken(venue.incident)) == 1 and not server.problems
    page = Client()
    page.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    shown = page.get(f"/incidents/{venue.incident_id}").content.decode()
    assert f"Said in {workspace.name}" in shown and source["url"].replace("&", "&amp;") in shown


@pytest.mark.parametrize(("kind", "usual", "own"), [("slack", "pushpin", "memo"), ("mattermost", "pushpin", "memo"), ("matrix", "📌", "📝")])  # fmt: skip
def test_the_reaction_that_takes_a_message_is_a_setting(
    kind: str, usual: str, own: str, connect: Connect, reached: Reached, admin: Actor
) -> None:
    server, workspace = connect(kind)
    method = reached(workspace)
    venue = channel(server, workspace, admin)
    message = written(server, venue, "p99 is at 4 s")
    react(server, venue, message, own)
    assert not taken(venue.incident)
    react(server, venue, message, usual)
    assert [each.text for each in taken(venue.incident)] == ["p99 is at 4 s"]
    settings = {**workspace.settings, "emoji": own if kind == "matrix" else f":{own}:"}
    save_workspace(admin, workspace, team=None, kind=kind, name="Chat", settings=settings)
    method.refresh_from_db()
    assert method.verified_at, "another reaction proves nothing, and takes nothing back"
    venue.refresh_from_db()
    other = server.say(USERS[kind], venue.room, "b") if kind == "matrix" else server.write(
        USERS[kind], venue.room, "b", "1772442001.000200" if kind == "slack" else "q" * 26
    )  # fmt: skip
    react(server, venue, other, usual)
    assert len(taken(venue.incident)) == 1
    react(server, venue, other, own)
    assert [each.text for each in taken(venue.incident)] == ["p99 is at 4 s", "b"]


def test_a_reaction_in_matrix_that_is_taken_back_leaves_the_line(
    connect: Connect, reached: Reached, admin: Actor
) -> None:
    server, workspace = connect("matrix")
    reached(workspace)
    venue = channel(server, workspace, admin)
    message = server.say(USERS["matrix"], venue.room, "We drain eu-1")
    reaction = server.react(USERS["matrix"], venue.room, message, "📌")
    listen(workspace)
    work()
    server.take_back(USERS["matrix"], venue.room, reaction)
    listen(workspace)
    (entry,) = taken(venue.incident)
    assert entry.data["source"]["unmarked"] is True


def test_who_is_not_known_takes_nothing_in_and_is_told_so(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("slack")
    venue = channel(server, workspace, admin)
    mark(server, venue, written(server, venue, "x"), user=STRANGERS["slack"])
    assert not taken(venue.incident)
    assert [(user, "does not know who marked it" in text) for _, user, text in server.whispers] == [("U0EVE00", True)]


def test_who_may_not_see_the_incident_takes_nothing_in(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    venue = channel(server, workspace, admin, private=True, team=make.team("Shop"))
    assert venue.state == "open"
    mark(server, venue, written(server, venue, "x"))
    assert not taken(venue.incident)


@pytest.mark.parametrize("kind", ["slack", "matrix"])
def test_a_stranger_does_not_act_with_the_rights_of_the_author(
    kind: str, connect: Connect, reached: Reached, admin: Actor
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    venue = channel(server, workspace, admin)
    mark(server, venue, written(server, venue, "x"), user=STRANGERS[kind])
    assert not taken(venue.incident) and "does not know who marked it" in Taken.objects.get().error
    assert not AuditRecord.objects.filter(action="log.written", person=kim).exists()


@pytest.mark.parametrize("first", ["viewer", "stranger"])
def test_a_mark_by_who_may_not_act_does_not_stand_in_the_way_of_one_who_may(
    first: str, connect: Connect, reached: Reached, admin: Actor
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    if first == "viewer":
        reached(workspace, person=make.person("Vic", "viewer"), user=STRANGERS["slack"])
    venue = channel(server, workspace, admin)
    message = written(server, venue, "The pool is full")
    react(server, venue, message, "pushpin", user=STRANGERS["slack"])
    row = Taken.objects.get()
    assert not taken(venue.incident) and row.due_at is None and row.error
    react(server, venue, message, "pushpin", user=STRANGERS["slack"])  # Slack tells it again
    assert Taken.objects.get().due_at is None and len(server.whispers) == 1
    react(server, venue, message, "pushpin")
    (entry,) = taken(venue.incident)
    assert entry.text == "The pool is full"
    assert AuditRecord.objects.get(action="log.written").person == kim


def test_what_its_author_dropped_stays_dropped_whoever_marks_it(
    connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    reached(workspace, person=make.person("Eve", "responder"), user=STRANGERS["slack"])
    venue = channel(server, workspace, admin)
    message = written(server, venue, "Bob should have tested it")
    mark(server, venue, message)
    drop = Heard("text", USERS["slack"], text="drop", message=Posted(venue.room, "t1"))
    assert "not written" in respond(workspace, drop).text
    react(server, venue, message, "pushpin", user=STRANGERS["slack"])
    mark(server, venue, message, pinned=False)
    mark(server, venue, message)
    clock.advance(timedelta(minutes=5))
    work()
    assert not taken(venue.incident)


def test_events_of_slack_are_signed_and_what_makes_no_sense_breaks_nothing(connect: Connect, admin: Actor) -> None:
    server, workspace = connect("slack")
    venue = channel(server, workspace, admin)
    answer = signed(workspace, '{"type": "url_verification", "challenge": "3eZbr"}')
    assert answer.status_code == 200 and answer.json() == {"challenge": "3eZbr"}
    item = {"type": "message", "channel": venue.room, "message": {"ts": "1.1"}}
    event = {"type": "pin_added", "user": "U0KIM00", "channel_id": venue.room, "item": item}
    assert events(workspace, event, secret="another").status_code == 403
    assert not Taken.objects.exists()
    for broken in ("{", "{}", '{"event": 1}', '{"event": {"type": "pin_added", "item": {"type": "message"}}}'):
        assert signed(workspace, broken).status_code in (200, 422), broken
    file = {"type": "pin_added", "user": "U0KIM00", "channel_id": venue.room, "item": {"type": "file"}}
    assert events(workspace, file).status_code == 200
    assert events(workspace, {**event, "channel_id": "C0OTHER"}).status_code == 200
    assert not Taken.objects.exists()


def test_a_chat_that_is_down_is_asked_again(
    connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    venue = channel(server, workspace, admin)
    message = written(server, venue, "The pool is full")
    server.broken = Answer(503, {"ok": False})
    mark(server, venue, message)
    assert not taken(venue.incident)
    server.broken = None
    clock.advance(timedelta(seconds=10))
    work()
    assert [each.text for each in taken(venue.incident)] == ["The pool is full"]


def test_a_message_that_makes_no_sense_is_given_up_after_a_while(
    connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    venue = channel(server, workspace, admin)
    mark(server, venue, server.write(USERS["slack"], venue.room, "x", "not-a-time"))
    row = Taken.objects.get()
    assert (row.tries, row.due_at) == (1, clocks.now() + timedelta(seconds=5)) and not server.whispers
    for _ in range(10):
        clock.advance(timedelta(hours=1))
        work()
    row.refresh_from_db()
    assert (row.tries, row.due_at) == (6, None) and "not as Watchroom expects" in row.error
    assert [user for _, user, _ in server.whispers] == [USERS["slack"]]
    assert not taken(venue.incident)


def test_a_character_that_can_not_be_stored_is_left_out(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("matrix")
    reached(workspace)
    venue = channel(server, workspace, admin)
    mark(server, venue, written(server, venue, "The pool\0 is full"))
    assert [each.text for each in taken(venue.incident)] == ["The pool is full"]


@pytest.mark.parametrize("role", ["responder", "viewer"])
def test_a_pin_is_gone_whoever_takes_it_away(role: str, connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("matrix")
    reached(workspace)
    reached(workspace, person=make.person("Eve", role), user=STRANGERS["matrix"])
    venue = channel(server, workspace, admin)
    first, second = (written(server, venue, text) for text in ("a", "b"))
    server.pin(USERS["matrix"], venue.room, first, second)
    listen(workspace)
    work()
    server.pin(STRANGERS["matrix"], venue.room)
    listen(workspace)
    work()
    assert [each.data["source"]["unmarked"] for each in taken(venue.incident)] == [True, True]
    names = set(AuditRecord.objects.filter(action="log.source_marked").values_list("actor_name", flat=True))
    assert names == {"Eve by Matrix" if role == "responder" else "Watchroom"}


def test_what_is_unpinned_before_it_is_read_is_not_taken(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    venue = channel(server, workspace, admin)
    item = {"type": "message", "channel": venue.room, "message": {"ts": written(server, venue, "x")}}
    for kind in ("pin_added", "pin_removed"):
        events(workspace, {"type": kind, "user": "U0KIM00", "channel_id": venue.room, "item": item})
    work()
    assert not taken(venue.incident)


# Words that blame


@pytest.mark.parametrize("kind", KINDS)
def test_words_that_blame_are_shown_to_their_author_alone_and_then_written(
    kind: str, connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect(kind)
    kim = reached(workspace).person
    venue = channel(server, workspace, admin)
    mark(server, venue, written(server, venue, "Bob should have tested it"))
    assert not taken(venue.incident)
    ((_, _, told),) = server.whispers
    assert "should have" in told and "Perhaps:" in told and "reword" in told
    clock.advance(timedelta(minutes=1))
    work()
    assert not taken(venue.incident)
    clock.advance(timedelta(minutes=1, seconds=1))
    work()
    (entry,) = taken(venue.incident)
    assert entry.text == "Bob should have tested it" and entry.author == kim
    assert len(server.whispers) == 1


def test_a_line_that_blames_can_be_put_otherwise_sent_as_it_is_or_dropped(
    connect: Connect, reached: Reached, admin: Actor, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    venue = channel(server, workspace, admin)

    def write(text: str, trigger: str) -> str:
        return respond(workspace, Heard("text", "U0KIM00", text=text, message=Posted(venue.room, trigger))).text

    def lines() -> list[str]:
        work()
        return [each.text for each in LogEntry.objects.filter(incident=venue.incident, author=kim, kind="note")]

    answer = write("log human error again", "t1")
    assert "human error" in answer and "reword" in answer and not lines()
    assert write("log human error again", "t1") == answer, "sent again, it waits once"
    assert "written" in write("reword The command took the wrong cluster without asking", "t2")
    assert lines() == ["The command took the wrong cluster without asking"]
    reworded = AuditRecord.objects.get(action="log.source_reworded")
    assert (reworded.object_id, reworded.person, reworded.actor_name) == (venue.incident_id, kim, "Kim by Slack")
    assert "human error" not in str(reworded.data)
    write("log she forgot", "t3")
    write("as-is", "t4")
    assert lines()[-1] == "she forgot"
    write("log he forgot, too", "t5")
    assert "not written" in write("drop", "t6")
    assert AuditRecord.objects.get(action="log.source_dropped").person == kim
    clock.advance(timedelta(minutes=5))
    assert len(lines()) == 2
    assert "Nothing of yours" in write("as-is", "t7")
    write("log! the careless one", "t8")
    assert lines()[-1] == "the careless one"
    assert "Not yet" in write("impact Bob broke it by human error", "t9")
    venue.incident.refresh_from_db()
    assert venue.incident.impact == ""
    write("impact! Human error, they say", "t10")
    venue.incident.refresh_from_db()
    assert venue.incident.impact == "Human error, they say"


# The room's commands


def test_the_rooms_commands_are_done_in_its_channel(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("slack")
    kim = reached(workspace).person
    venue = channel(server, workspace, admin)
    incident, triggers = venue.incident, iter(range(100))

    def write(text: str, place: str = venue.room) -> str:
        return respond(workspace, Heard("text", "U0KIM00", text=text, message=Posted(place, f"t{next(triggers)}"))).text

    assert "SEV1" in write("severity 1 Nobody can pay")
    assert "You are the operations lead" in write("role ops")
    assert "impact is noted" in write("impact Nobody can pay")
    assert "follow" in write("follow") and incident.followers.filter(person=kim, left=False).exists()
    write("unfollow")
    assert not incident.followers.filter(person=kim, left=False).exists()
    bob = make.person("Bob", "responder")
    handle = bob.email.partition("@")[0]
    assert "being paged" in write(f"page @{handle} Can you look?")
    assert Escalation.objects.filter(kind="direct", ended_at=None).exists()
    assert "take over" in write(f"handoff ops @{handle} The pool is full; watch the queue")
    assert RoleHandoff.objects.get(to=bob).knows == "The pool is full; watch the queue"
    make.contact_method(bob, "slack", {"workspace": workspace.pk, "user": "U0BOB00", "shown": "Bob"},
                        handle=f"slack:{workspace.pk}:U0BOB00", verified_at=clocks.now())  # fmt: skip
    assert "Bob" in write("task <@U0BOB00|bob> Look at the proxy")
    assert "Started: Roll back" in write("mitigate Roll back checkout")
    assert "may draft" in write("update We are rolling back")
    write("role comms")
    assert "published" in write("update We are rolling back. next 30m")
    assert "mitigated" in write("status mitigated")
    assert "It is over" not in write("resolve") and not Incident.objects.get(pk=incident.pk).is_open
    assert "is active" in write(f"in {incident.pk} status active", "C0OTHER")
    assert "not the channel" in write("status mitigated", "C0OTHER")
    assert "no incident" in write("in 999999 status active").lower()
    assert "Nothing fires" in write("list") and "severity 1 WHY" in write("help")
    assert "not a severity" in write("severity 9")
    assert RoleAssignment.objects.filter(incident=incident, person=kim, role="operations").exists()


def test_whoever_is_mentioned_is_found_and_all_people_are_read_once(
    connect: Connect, reached: Reached, admin: Actor
) -> None:
    _, workspace = connect("slack")
    kim = reached(workspace).person
    handle = {each: handle for handle, each in people_by_handle().items()}[kim]
    with CaptureQueriesContext(connection) as none:
        assert with_handles(workspace, "task Look at <https://example.org>") == "task Look at <https://example.org>"
    assert not len(none)
    said = "task Look <@U0KIM00> <@U0KIM00|kim> <@U0NOBODY|x <@U0KIM00|kim>"
    with CaptureQueriesContext(connection) as asked:
        assert with_handles(workspace, said) == f"task Look @{handle} @{handle} <@U0NOBODY|x @{handle}"
    assert len(asked) == 1 + 3, "everybody, and whose each mentioned account is"


def test_a_command_that_slack_sends_twice_is_done_once(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    venue = channel(server, workspace, admin)
    heard = Heard("text", "U0KIM00", text="task Look at the proxy", message=Posted(venue.room, "t1"))
    assert respond(workspace, heard).text == respond(workspace, heard).text
    assert venue.incident.tasks.count() == 1


def test_a_viewer_follows_and_does_nothing_else(connect: Connect, reached: Reached, admin: Actor) -> None:
    server, workspace = connect("slack")
    viewer = make.person("Vic", "viewer")
    reached(workspace, person=viewer)
    venue = channel(server, workspace, admin)
    follow = Heard("text", "U0KIM00", text="follow", message=Posted(venue.room, "t1"))
    assert respond(workspace, follow).ok and venue.incident.followers.filter(person=viewer).exists()
    refused = respond(workspace, Heard("text", "U0KIM00", text="severity 1", message=Posted(venue.room, "t2")))
    assert not refused.ok and acting(viewer).person == viewer
    venue.incident.refresh_from_db()
    assert venue.incident.severity == 2
