"""The room: what is typed into it, tasks, the parking lot, files, and catching up; by page, API and the commands."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.actions.models import ActionItem
from watchroom.incidents import commands, following, queries, store
from watchroom.incidents.models import Attachment, Incident, LogEntry, ParkedItem, RoleHandoff, Task
from watchroom.incidents.rules import slash
from watchroom.incidents.views import _saying
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations.models import MitigationRun
from watchroom.paging.models import Escalation, Notification

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


@pytest.fixture
def room(world: Any) -> Incident:
    return commands.declare(world.by, title="Checkout is slow", services=[world.service])


@pytest.fixture
def page(world: Any, room: Incident) -> Any:
    return _as(world.responder)


def _as(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def _say(client: Client, incident: Incident, text: str, **more: Any) -> Any:
    return client.post(
        f"/incidents/{incident.pk}/log", {"kind": "note", "text": text, **more}, HTTP_ACCEPT="application/json"
    )


def _reachable(person: Any) -> None:
    make.contact_method(person)


def test_every_command_does_what_it_says(world: Any, page: Any, room: Incident) -> None:
    group = world.group()
    commands.link_groups(world.by, room, [group])
    handle = world.stranger.email.partition("@")[0]
    for line in (
        "/symptom Nobody can pay",
        "/hypothesis The release",
        "/question Who deployed?",
        "/answer Nobody did",
        f"/task @{handle} Look at the proxy",
        "/park The runbook is old",
        "/mitigate Roll back",
        "/ack",
        "/severity 1 more than half",
        "/impact All of Europe",
        "/update We are on it. next 30m",
        f"/role scribe @{handle}",
        f"/page @{handle} Can you look?",
        "/status mitigated",
    ):
        answer = _say(page, room, line)
        assert answer.status_code == 200, (line, answer.content)
    room.refresh_from_db()
    group.refresh_from_db()
    question = LogEntry.objects.get(kind="question")
    idea = LogEntry.objects.get(kind="hypothesis")
    task = Task.objects.get()
    assert (question.standing, question.children.get().text) == ("answered", "Nobody did")
    assert (task.assignee, task.state) == (world.stranger, "open")
    assert ParkedItem.objects.get().text == "The runbook is old"
    assert MitigationRun.objects.get().title == "Roll back"
    assert group.acknowledged_at is not None
    assert (room.severity, room.impact, room.status) == (1, "All of Europe", "mitigated")
    assert room.updates.get().happening == "We are on it."
    assert room.next_update_at is not None
    assert room.roles.filter(role="scribe", person=world.stranger, ended_at=None).exists()
    assert Escalation.objects.filter(kind="direct", title__contains="Can you look?").exists()

    assert _say(page, room, f"/confirm #{idea.pk} The graph shows it").status_code == 200
    idea.refresh_from_db()
    assert (idea.standing, idea.children.get().text) == ("confirmed", "The graph shows it")
    assert _say(page, room, f"/done {task.pk}").status_code == 200
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/reslove", "There is no command /reslove."),
        ("/task", "/task needs more words."),
        ("/task @nobody look", "Nobody is called @nobody."),
        ("/answer x", "No question is open."),
        ("/confirm the release", "Say which hypothesis."),
        ("/severity 9", "That is not a severity."),
        ("/status gone", "That is not a status."),
        ("/page please", "Say whom to page."),
        ("/handoff I go home", "Say to whom."),
        ("/handoff", "/handoff needs more words."),
        ("  ", "The entry is empty."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_happens(page: Any, room: Incident, line: str, says: str) -> None:
    before = LogEntry.objects.count()
    answer = _say(page, room, line)
    assert answer.status_code in {409, 422}
    assert answer.json()["detail"].startswith(says)
    assert LogEntry.objects.count() == before


def test_a_role_is_handed_over_by_a_line(world: Any, page: Any, room: Incident) -> None:
    handle = world.stranger.email.partition("@")[0]
    commands.assign_role(world.by, room, "commander", world.responder)
    answer = _say(page, room, f"/handoff @{handle} Tried a restart. p99 is still at 4 s.")
    assert answer.json()["text"] == "Sam is being paged to take over as commander."
    offered = RoleHandoff.objects.get()
    assert (offered.to, offered.knows) == (world.stranger, "Tried a restart. p99 is still at 4 s.")
    commands.assign_role(world.by, room, "scribe", world.responder)
    assert "Say which role: commander, scribe" in _say(page, room, f"/handoff @{handle} It goes on").json()["detail"]
    answer = _say(page, room, f"/handoff scribe @{handle} It goes on")
    assert answer.json()["text"] == "Sam is being paged to take over as scribe."
    assert _say(_as(world.stranger), room, f"/handoff @{handle} x").status_code in {403, 422}


def test_who_only_looks_may_follow_and_ask_for_help(world: Any, room: Incident) -> None:
    client = _as(world.viewer)
    assert _say(client, room, "/follow everything").json()["text"].startswith("You follow it")
    assert following.level_of(acting(world.viewer), room) == "everything"
    assert _say(client, room, "/follow").json()["text"].endswith("every line that somebody writes.")
    assert _say(client, room, "/unfollow").json()["text"] == "You no longer follow the incident."
    assert _say(client, room, "/follow gossip").status_code == 422
    assert _say(client, room, "/park Not theirs to say").status_code == 403


def test_every_command_has_help_and_is_carried_out(page: Any, room: Incident) -> None:
    every = _say(page, room, "/help").json()["text"]
    for command in slash.COMMANDS:
        assert command.example in every
        said = _say(page, room, f"/help {command.name}").json()["text"]
        assert said == f"/{command.name}: {command.does}. For example: {command.example}"
        assert slash.read(command.example).command == command.name
    named = {command.name for command in slash.COMMANDS}
    assert named == {*slash.KINDS, *_saying._WAYS}
    assert _say(page, room, "/help reslove").json()["detail"].startswith("There is no command /reslove.")
    without_script = page.post(f"/incidents/{room.pk}/log", {"kind": "note", "text": "/help ack"}, follow=True)
    assert "Acknowledge the alerts of this incident" in without_script.content.decode()


def test_a_line_that_comes_twice_is_done_once(world: Any, page: Any, room: Incident) -> None:
    handle = world.stranger.email.partition("@")[0]
    for line in (f"/page @{handle} help", "/task Look", "/park Later", "Just a note", "/mitigate Restart"):
        first = _say(page, room, line, client_key=f"key of {line}").json()
        count = LogEntry.objects.count()
        again = _say(page, room, line, client_key=f"key of {line}").json()
        assert again["text"] == first["text"]
        assert LogEntry.objects.count() == count
    assert Escalation.objects.filter(kind="direct").count() == 1
    assert (Task.objects.count(), ParkedItem.objects.count(), MitigationRun.objects.count()) == (1, 1, 1)


def test_what_was_written_without_a_connection_keeps_its_time(
    page: Any, room: Incident, clock: TravellingClock
) -> None:
    clock.advance(timedelta(minutes=20))
    _say(page, room, "Restarted it", ago=900)
    entry = LogEntry.objects.get(text="Restarted it")
    assert (entry.at, entry.written_at) == (clock.instant - timedelta(seconds=900), clock.instant)


def test_a_line_says_when_it_was_recorded_where_that_was_later(
    world: Any, room: Incident, page: Any, clock: TravellingClock
) -> None:
    commands.log(world.by, room, "symptom", "It began then", at=clock.instant - timedelta(hours=1))
    at_once = commands.log(world.by, room, "note", "As it happened", at=clock.instant - timedelta(minutes=1))
    shown = page.get(f"/incidents/{room.pk}/log").content.decode()
    assert shown.count("recorded ") == 1
    clock.advance(timedelta(minutes=5))
    commands.edit_entry(world.by, at_once, text="As it happened", at=clock.instant - timedelta(minutes=30))
    assert page.get(f"/incidents/{room.pk}/log").content.decode().count("recorded ") == 2


def test_who_is_mentioned_is_told_once_and_only_if_they_may_see_it(world: Any, page: Any, room: Incident) -> None:
    _reachable(world.stranger)
    _reachable(world.viewer)
    handle = world.stranger.email.partition("@")[0]
    _say(page, room, f"@{handle} knows this, mail x@{handle}.org")
    told = Notification.objects.get(person=world.stranger)
    entry = LogEntry.objects.get(text__startswith=f"@{handle}")
    assert (told.urgency, told.path) == ("low", f"/incidents/{room.pk}#entry-{entry.pk}")
    assert f'<span class="mention">@{handle}</span>' in page.get(f"/incidents/{room.pk}").content.decode()
    commands.edit_entry(world.by, entry, text=f"@{handle} knows this better")
    assert Notification.objects.filter(person=world.stranger).count() == 1
    commands.edit(world.by, room, private=True)
    _say(page, room, f"@{world.viewer.email.partition('@')[0]} what do you see?")
    assert not Notification.objects.filter(person=world.viewer).exists()


def test_tasks_are_taken_given_and_ended(world: Any, room: Incident, page: Any) -> None:
    _reachable(world.stranger)
    page.post(f"/incidents/{room.pk}/tasks", {"text": "Look at the proxy", "client_key": "t1"})
    page.post(f"/incidents/{room.pk}/tasks", {"text": "Look at the proxy", "client_key": "t1"})
    task = Task.objects.get()
    page.post(f"/tasks/{task.pk}", {"state": "doing"})
    task.refresh_from_db()
    assert (task.assignee, task.state) == (world.responder, "doing")
    commands.change_task(world.by, task, assignee=world.stranger)
    assert Notification.objects.filter(person=world.stranger, subject__contains="a task").count() == 1
    page.post(f"/tasks/{task.pk}", {"state": "done"})
    task.refresh_from_db()
    assert task.ended_at is not None
    said = list(LogEntry.objects.filter(type__startswith="task.").order_by("id").values_list("type", flat=True))
    assert said == ["task.added", "task.moved", "task.given", "task.ended"]
    commands.edit(world.by, room, private=True)
    with pytest.raises(Exception, match="may not see"):
        commands.add_task(world.by, room, "Secret", assignee=world.viewer)


def test_the_parking_lot_becomes_action_items(world: Any, room: Incident, page: Any) -> None:
    entry = commands.log(world.by, room, "note", "The dashboard of the proxy lacks the queue")
    for _ in range(2):
        page.post(f"/log/{entry.pk}/turn", {"into": "parked"})
    page.post(f"/incidents/{room.pk}/parking", {"text": "Nothing"})
    first, second = ParkedItem.objects.order_by("id")
    page.post(f"/parking/{second.pk}", {"do": "drop"})
    commands.resolve(world.by, room)
    assert b"Make it an action item" in page.get(f"/incidents/{room.pk}").content
    page.post(f"/parking/{first.pk}", {"title": "Show the queue on the proxy’s dashboard", "owner": "me"})
    action = ActionItem.objects.get()
    first.refresh_from_db()
    assert (first.became, action.owner, action.incident) == (f"/actions/{action.pk}", world.responder, room)
    with pytest.raises(Exception, match="not parked any more"):
        commands.leave_parking(world.by, first)


def test_attachments_come_with_an_entry_and_are_given_out_safely(world: Any, room: Incident, page: Any) -> None:
    def send(content: bytes, name: str) -> Any:
        return page.post(
            f"/incidents/{room.pk}/attachments?name={name}", content, content_type="application/octet-stream"
        )

    ids = [send(PNG, "graph.png").json()["id"] for _ in range(2)]
    assert ids[0] == ids[1], "sent again, it is one"
    page_of = send(b"<html><script>alert(1)</script>", "trick.html").json()["id"]
    assert _say(page, room, "See this", attachment=[ids[0], page_of]).status_code == 200
    assert LogEntry.objects.get(text="See this").attachments.count() == 2
    assert f'<img src="/attachments/{ids[0]}"' in page.get(f"/incidents/{room.pk}").content.decode()

    picture = page.get(f"/attachments/{ids[0]}")
    assert (picture.content, picture["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in picture["Content-Security-Policy"]
    trick = page.get(f"/attachments/{page_of}")
    assert trick["Content-Type"].startswith("text/plain")
    assert trick["Content-Disposition"].startswith("attachment")
    assert trick["X-Content-Type-Options"] == "nosniff"

    for content, name in ((b"", "empty"), (b"MZ\x90\x00\xff", "setup.exe"), (b"x" * (10 * 1024 * 1024 + 1), "large")):
        assert send(content, name).status_code == 422
    other = commands.declare(world.by, title="Other")
    assert _say(page, other, "Stolen", attachment=[ids[0]]).status_code == 422


def test_files_that_nobody_put_anywhere_go(world: Any, room: Incident, clock: TravellingClock) -> None:
    kept = commands.attach(world.by, room, "a.png", PNG)
    commands.log(world.by, room, "note", "", attachments=[kept.pk])
    commands.attach(world.by, room, "b.txt", b"never used")
    unused = Attachment.objects.get(name="b.txt")
    clock.advance(timedelta(hours=25))
    assert commands.forget_unused() == 1
    assert store.get(kept.sha256) == PNG
    with pytest.raises(Exception, match="is gone"):
        store.get(unused.sha256)
    assert LogEntry.objects.get(kind="note").text == "a.png"


def test_object_by_object_who_may(world: Any, room: Incident) -> None:
    task = commands.add_task(world.by, room, "Look")
    item = commands.park(world.by, room, "Later")
    file = commands.attach(world.by, room, "a.png", PNG)
    entry = commands.log(world.by, room, "question", "Why?", attachments=[file.pk])
    looks = _as(world.viewer)
    for path, fields in (
        (f"/tasks/{task.pk}", {"state": "done"}),
        (f"/parking/{item.pk}", {"do": "drop"}),
        (f"/incidents/{room.pk}/tasks", {"text": "x"}),
        (f"/incidents/{room.pk}/parking", {"text": "x"}),
        (f"/incidents/{room.pk}/log", {"kind": "note", "text": "/ack"}),
        (f"/log/{entry.pk}/mark", {"standing": "closed"}),
        (f"/log/{entry.pk}/turn", {"into": "task"}),
    ):
        assert looks.post(path, fields).status_code == 403, path
    for path in (f"/attachments/{file.pk}", f"/incidents/{room.pk}/board", f"/incidents/{room.pk}/log"):
        assert looks.get(path).status_code == 200, path
    commands.edit(world.by, room, private=True)
    for path in (f"/attachments/{file.pk}", f"/incidents/{room.pk}/board", f"/incidents/{room.pk}/words"):
        assert looks.get(path).status_code == 404, path
    for path in (f"/tasks/{task.pk}", f"/parking/{item.pk}", f"/log/{entry.pk}/turn"):
        assert looks.post(path, {}).status_code == 404, path


def test_since_you_last_looked(world: Any, room: Incident, clock: TravellingClock) -> None:
    client = _as(world.viewer)
    at = f"/incidents/{room.pk}"
    assert "Since you last looked" not in client.get(at).content.decode()
    clock.advance(timedelta(hours=1))
    commands.log(world.by, room, "decision", "We roll back")
    commands.log(world.by, room, "note", "Coffee")
    shown = client.get(at).content.decode()
    assert "Since you last looked" in shown
    news = shown.partition('id="news-title"')[2].partition("</section>")[0]
    assert "We roll back" in news
    assert "Coffee" not in news
    assert "and 1 more line" in news
    clock.advance(timedelta(minutes=2))
    assert "We roll back" in client.get(at).content.decode().partition('id="news-title"')[2].partition("</section>")[0]
    assert "From the start" in client.get(f"{at}?catch_up=start").content.decode()


def test_only_what_is_new_is_read_again(world: Any, room: Incident, page: Any, clock: TravellingClock) -> None:
    old = commands.log(world.by, room, "note", "Old")
    clock.advance(timedelta(minutes=5))
    answer = page.get(f"/incidents/{room.pk}/log")
    since = answer["X-Since"]
    assert "Old" in answer.content.decode()
    clock.advance(timedelta(minutes=1))
    new = commands.log(world.by, room, "note", "New")
    fragment = page.get(f"/incidents/{room.pk}/log", {"since": since}).content.decode()
    assert f'id="entry-{new.pk}"' in fragment
    assert f'id="entry-{old.pk}"' not in fragment
    commands.pin(world.by, old)
    assert f'id="entry-{old.pk}"' in page.get(f"/incidents/{room.pk}/log", {"since": since}).content.decode()


def _fill(world: Any, room: Incident, count: int, clock: TravellingClock) -> None:
    begun = clock.instant
    LogEntry.objects.bulk_create(
        LogEntry(
            incident=room, kind=("note", "action", "symptom", "result")[n % 4], text=f"Line {n} @rita", author=world.responder,
            at=begun + timedelta(seconds=n), written_at=begun + timedelta(seconds=n), changed_at=begun + timedelta(seconds=n),
        )
        for n in range(count)
    )  # fmt: skip
    clock.advance(timedelta(seconds=count + 120))


def test_a_long_log_costs_what_a_short_one_does(
    world: Any, room: Incident, page: Any, clock: TravellingClock, django_assert_max_num_queries: Any
) -> None:
    at = f"/incidents/{room.pk}"
    _fill(world, room, 600, clock)
    page.get(at)
    with django_assert_max_num_queries(45):
        shown = page.get(at).content.decode()
    assert "Line 599" in shown
    assert "Line 500" not in shown
    since = page.get(f"{at}/log")["X-Since"]
    clock.advance(timedelta(minutes=1))
    commands.log(world.by, room, "note", "The newest")
    with django_assert_max_num_queries(12):
        fragment = page.get(f"{at}/log", {"since": since}).content.decode()
    assert fragment.count('<li class="log-entry') == 1
    oldest = queries.log_page(room)[0][-1]
    older = page.get(f"{at}/log?before={oldest.pk}")
    assert older["X-More"] == "yes"
    assert "Line 450" in older.content.decode()


def test_much_at_once_has_the_page_read_anew(world: Any, room: Incident, page: Any, clock: TravellingClock) -> None:
    since = page.get(f"/incidents/{room.pk}/log")["X-Since"]
    _fill(world, room, 300, clock)
    assert page.get(f"/incidents/{room.pk}/log", {"since": since}).status_code == 205


def test_the_board_and_its_moves(world: Any, room: Incident, page: Any) -> None:
    idea = commands.log(world.by, room, "hypothesis", "The release")
    commands.log(world.by, room, "result", "It is", parent=idea)
    assert page.post(f"/log/{idea.pk}/mark", {"standing": "testing"}, HTTP_ACCEPT="application/json").status_code == 204
    assert (
        page.post(f"/log/{idea.pk}/mark", {"standing": "answered"}, HTTP_ACCEPT="application/json").status_code == 422
    )
    whole = page.get(f"/incidents/{room.pk}/board").content.decode()
    testing = whole.partition('data-standing="testing"')[2].partition('data-standing="confirmed"')[0]
    assert "The release" in testing
    assert "It is" in testing
    assert b"<html" not in page.get(f"/incidents/{room.pk}/board", HTTP_HX_REQUEST="true").content


def test_all_of_it_by_api(world: Any, room: Incident) -> None:
    client = _as(world.responder)
    at = f"/api/v1/incidents/{room.pk}"

    def send(method: str, path: str, **body: Any) -> Any:
        return client.generic(method, path, json.dumps(body), content_type="application/json")

    file = client.post(f"{at}/attachments?name=a.png", PNG, content_type="image/png").json()
    said = send("POST", f"{at}/say", text="/question Why?", attachments=[file["id"]], client_key="q").json()
    assert said["entry"]["attachments"][0]["name"] == "a.png"
    assert client.get(f"/api/v1/attachments/{file['id']}").content == PNG
    assert (
        send("PATCH", f"/api/v1/log/{said['entry']['id']}", standing="answered", why="So").json()["standing"]
        == "answered"
    )
    idea = send("POST", f"{at}/log", kind="hypothesis", text="The release").json()
    task = send("POST", f"{at}/tasks", text="Look", assignee=world.stranger.email).json()
    assert send("PATCH", f"/api/v1/tasks/{task['id']}", state="doing").json()["state"] == "doing"
    assert send("PATCH", f"/api/v1/tasks/{task['id']}", assignee=None).json()["assignee"] is None
    parked = send("POST", f"{at}/parking", text="Show the queue on the dashboard").json()
    taken = send("POST", f"/api/v1/parking/{parked['id']}/take-up").json()
    assert taken["became"] == f"/actions/{ActionItem.objects.get().pk}"
    assert send("POST", f"{at}/say", text="/nothing").status_code == 422
    caught = client.get(f"{at}/catch-up?since=start").json()
    assert caught["open_hypotheses"][0]["id"] == idea["id"]
    assert caught["tasks"][0]["text"] == "Look"
    assert caught["next"]
    assert client.get(f"{at}/catch-up?since=yesterday").status_code == 422
    assert client.get(f"{at}/board").json()[0]["hypotheses"][0]["id"] == idea["id"]
    handle = world.responder.email.partition("@")[0]
    assert {"handle": handle, "name": "Rita"} in client.get(f"{at}/words").json()["people"]
    newest = client.get(f"{at}/log?newest=true&limit=1").json()
    assert newest["next_cursor"]
    assert client.get(f"{at}/log", {"since": "2026-03-01T00:00:00Z"}).json()["items"]
    assert client.get(f"{at}/live").json()["topics"] == [f"incident:{room.pk}", f"incident:{room.pk}:log"]


def test_a_private_incident_is_not_caught_up_with_by_strangers(world: Any, room: Incident) -> None:
    commands.edit(world.by, room, private=True)
    client = _as(world.viewer)
    for path in ("catch-up", "tasks", "parking", "board", "words", "live"):
        assert client.get(f"/api/v1/incidents/{room.pk}/{path}").status_code == 404, path
    assert acting(world.viewer).person is not None
