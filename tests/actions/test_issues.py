"""Action items as issues: made by the engine, and kept in step with a GitHub that remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

import factories as make
from peers.http import Answer, HttpPeer, Request
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import Person, Team
from watchroom.actions import commands, duties, rules
from watchroom.actions.models import ActionItem, Issue
from watchroom.evidence.commands import delete_connection, save_connection
from watchroom.evidence.models import Connection
from watchroom.incidents import commands as incidents
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Tracker:
    """GitHub's issues of one repository, as far as we ask for them."""

    def __init__(self, peer: HttpPeer) -> None:
        self.peer, self.issues = peer, {}  # type: dict[int, dict[str, Any]]
        self.after: Answer | None = None  # sent instead of the answer, after the request was carried out
        peer.otherwise = self.answer

    def answer(self, request: Request) -> Answer:
        tail = request.path.partition("?")[0].rpartition("/")[2]
        body = json.loads(request.body) if request.body else {}
        if request.method == "POST":
            number = len(self.issues) + 1
            url = f"https://github.com/acme/shop/issues/{number}"
            self.issues[number] = {"number": number, "html_url": url, "state": "open", **body}
            found: Any = self.issues[number]
        elif tail == "issues":
            found = list(self.issues.values())
        elif int(tail) not in self.issues:
            return Answer(404, {"message": "Not Found"})
        else:
            found = self.issues[int(tail)]
            found.update(body)
        after, self.after = self.after, None
        return after or Answer(200, found)


@pytest.fixture
def tracker(http_peer: HttpPeer, configured: Callable[..., None]) -> Tracker:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    return Tracker(http_peer)


@pytest.fixture
def rita(db: None, clock: TravellingClock) -> Person:
    return make.person("Rita", "manager")


@pytest.fixture
def by(rita: Person) -> Actor:
    return acting(rita)


@pytest.fixture
def team(rita: Person) -> Team:
    return make.team()


def connect(by: Actor, team: Team, tracker: Tracker, **settings: str) -> Connection:
    given = {"url": tracker.peer.url, "repository": "acme/shop", "token": "t", **settings}
    return save_connection(by, None, team=team, kind="github", name="Shop", settings=given)


def new(by: Actor, team: Team, **fields: Any) -> ActionItem:
    given = {"title": "Make the default safe", "owner": by.person, "due_on": date(2026, 3, 10), "team": team}
    return commands.create(by, **given | fields)


def issue_of(item: ActionItem) -> Issue:
    return Issue.objects.get(action=item)


def state_of(item: ActionItem) -> str:
    return ActionItem.objects.get(pk=item.pk).state


def test_done_is_done_in_both(by: Actor, team: Team, tracker: Tracker, clock: TravellingClock) -> None:
    item = new(by, team, description="The old one deletes.")
    commands.make_issue(by, item, connect(by, team, tracker))
    assert duties.look() == 1
    issue = issue_of(item)
    assert (issue.key, issue.url, issue.error) == ("#1", "https://github.com/acme/shop/issues/1", "")
    made = tracker.issues[1]
    assert made["title"] == "Make the default safe"
    assert made["body"].startswith("The old one deletes.") and f"/actions/{item.pk} ({issue.mark})" in made["body"]
    assert duties.look() == 0

    tracker.issues[1]["state"] = "closed"  # there
    clock.advance(timedelta(minutes=10))
    assert duties.look() == 1
    assert state_of(item) == "done" and item.events.last().text == "Closed as #1 in Shop"
    while duties.look():
        pass
    assert duties.next_look() is None

    commands.reopen(by, item)  # here
    duties.look()
    assert tracker.issues[1]["state"] == "open"
    commands.drop(by, item, "Nobody needs it")
    duties.look()
    assert (tracker.issues[1]["state"], tracker.issues[1]["state_reason"]) == ("closed", "not_planned")
    assert duties.next_look() is None


def test_done_here_before_it_is_made_there(by: Actor, team: Team, tracker: Tracker, clock: TravellingClock) -> None:
    item = new(by, team)
    commands.make_issue(by, item, connect(by, team, tracker))
    commands.complete(by, item)  # before the engine came round to it
    while duties.look():
        pass
    assert tracker.issues[1]["state"] == "closed" and state_of(item) == "done"


def test_an_issue_is_made_once_though_its_answer_is_lost(
    by: Actor, team: Team, tracker: Tracker, clock: TravellingClock
) -> None:
    item = new(by, team)
    commands.make_issue(by, item, connect(by, team, tracker))
    tracker.after = Answer(hang_up=True)
    assert duties.look() == 1
    issue = issue_of(item)
    assert not issue.key and issue.error
    clock.advance(timedelta(minutes=1))
    duties.look()
    assert issue_of(item).key == "#1" and len(tracker.issues) == 1 and not issue_of(item).error


def test_a_tracker_that_is_away_is_asked_ever_more_seldom_and_once_for_all(
    by: Actor, team: Team, tracker: Tracker, clock: TravellingClock
) -> None:
    connection = connect(by, team, tracker)
    for title in ("Make the default safe", "Refuse what is too old"):
        commands.make_issue(by, new(by, team, title=title), connection)
    tracker.peer.otherwise = Answer(503)
    assert duties.look() == 1 and len(tracker.peer.requests) == 1
    connection.refresh_from_db()
    assert "503" in connection.error
    for minutes in (1, 2, 4):
        assert duties.look() == 0
        clock.advance(timedelta(minutes=minutes))
        assert duties.look() == 1
    tracker.peer.otherwise = tracker.answer
    clock.advance(timedelta(hours=6))
    assert duties.look() == 2 and len(tracker.issues) == 2
    connection.refresh_from_db()
    assert not connection.error


def test_what_is_gone_there_is_said_and_not_asked_again(
    by: Actor, team: Team, tracker: Tracker, clock: TravellingClock
) -> None:
    item = new(by, team)
    commands.make_issue(by, item, connect(by, team, tracker))
    duties.look()
    tracker.issues.clear()
    clock.advance(timedelta(minutes=10))
    assert duties.look() == 1
    assert issue_of(item).error == "#1 is no longer there." and duties.next_look() is None
    assert state_of(item) == "open"
    commands.forget_issue(by, item)
    with pytest.raises(NotFound):
        commands.look_again(by, item)


def test_all_of_a_team_by_themselves_but_what_is_private_or_practised(by: Actor, team: Team, tracker: Tracker) -> None:
    connect(by, team, tracker, action_items="all of the team")
    plain = incidents.declare(by, title="Checkout fails", team=team)
    for fields in ({"private": True}, {"drill": True}):
        assert not Issue.objects.filter(
            action=new(by, team, incident=incidents.declare(by, title="Checkout fails", team=team, **fields))
        ).exists()
    assert not Issue.objects.filter(action=new(by, make.team("Other"))).exists()
    item = new(by, team, incident=plain)
    duties.look()
    assert issue_of(item).key == "#1" and f"#{plain.pk}: {plain.title}" in tracker.issues[1]["body"]


def test_one_that_is_there_is_linked(by: Actor, team: Team, tracker: Tracker, clock: TravellingClock) -> None:
    connection, item = connect(by, team, tracker), new(by, team)
    for number, state in ((1, "open"), (2, "closed")):
        url = f"https://github.com/acme/shop/issues/{number}"
        tracker.issues[number] = {"number": number, "html_url": url, "state": state}
    with pytest.raises(Refused, match="closed"):
        commands.link_issue(by, item, connection, "#2")
    assert commands.link_issue(by, item, connection, "https://github.com/acme/shop/issues/1").key == "#1"
    with pytest.raises(Conflict):
        commands.make_issue(by, item, connection)
    commands.complete(by, item)
    duties.look()
    assert tracker.issues[1]["state"] == "closed" and len(tracker.issues) == 2


def test_who_may_and_where(by: Actor, team: Team, tracker: Tracker) -> None:
    connection, item = connect(by, team, tracker), new(by, team)
    with pytest.raises(NotAllowed):
        commands.make_issue(acting(make.person("Vic")), item, connection)
    prometheus = save_connection(by, None, team=team, kind="prometheus", name="P", settings={"url": tracker.peer.url})
    with pytest.raises(Refused, match="keeps no issues"):
        commands.make_issue(by, item, prometheus)
    commands.complete(by, item)
    with pytest.raises(Conflict):
        commands.make_issue(by, item, connection)


def test_without_its_connection_only_the_address_is_left(by: Actor, team: Team, tracker: Tracker) -> None:
    connection, item = connect(by, team, tracker), new(by, team)
    commands.make_issue(by, item, connection)
    duties.look()
    delete_connection(by, connection)
    assert issue_of(item).url and duties.next_look() is None
    with pytest.raises(Conflict):
        commands.look_again(by, item)
    commands.complete(by, item)
    assert duties.look() == 0 and tracker.issues[1]["state"] == "open"


def test_by_page(by: Actor, team: Team, tracker: Tracker, client: Any) -> None:
    item = new(by, team)
    client.force_login(by.person, backend=BACKEND)
    assert b"Connect Jira, GitHub, GitLab or Linear" in client.get(f"/actions/{item.pk}").content
    connection = connect(by, team, tracker)
    assert b"Make an issue in Shop" in client.get(f"/actions/{item.pk}").content
    client.post(f"/actions/{item.pk}/issue", {"connection": connection.slug, "do": "make"})
    assert b"Being made" in client.get(f"/actions/{item.pk}").content
    duties.look()
    for page in (f"/actions/{item.pk}", "/actions"):
        assert b'href="https://github.com/acme/shop/issues/1"' in client.get(page).content
    client.post(f"/actions/{item.pk}/issue", {"do": "look"})
    assert duties.look() == 1
    client.post(f"/actions/{item.pk}/issue", {"do": "forget"})
    tracker.issues[1]["state"] = "closed"
    answer = client.post(f"/actions/{item.pk}/issue", {"connection": connection.slug, "do": "link", "issue": "#1"})
    assert b"#1 is closed" in answer.content
    assert not Issue.objects.exists()


def test_by_api(by: Actor, team: Team, tracker: Tracker, client: Any) -> None:
    item, connection = new(by, team), connect(by, team, tracker)
    client.force_login(by.person, backend=BACKEND)

    def call(method: str, path: str = "", body: Any = None) -> Any:
        url = f"/api/v1/action-items/{item.pk}{path}"
        return getattr(client, method)(url, body, content_type="application/json")

    assert call("get").json()["issue"] is None
    assert call("post", "/issue", {"connection": connection.slug}).status_code == 201
    duties.look()
    issue = call("get").json()["issue"]
    assert (issue["key"], issue["connection"], issue["open"], issue["error"]) == ("#1", connection.slug, True, "")
    assert call("post", "/issue/look").status_code == 200
    assert call("delete", "/issue").status_code == 204
    assert call("delete", "/issue").status_code == 404
    linked = call("post", "/issue", {"connection": connection.slug, "issue": "#1"})
    assert linked.json()["key"] == "#1"


@pytest.mark.parametrize(
    ("ours", "theirs", "seen", "step"),
    [
        (True, True, True, ""), (False, False, True, ""),
        (True, False, True, "adopt"), (False, True, False, "adopt"),
        (False, True, True, "push"), (True, False, False, "push"),
    ],
)  # fmt: skip
def test_the_later_of_two_wins(ours: bool, theirs: bool, seen: bool, step: str) -> None:
    assert rules.in_step(ours=ours, theirs=theirs, seen=seen) == step
