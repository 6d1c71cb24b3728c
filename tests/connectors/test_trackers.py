"""GitHub, GitLab, Jira and Linear as trackers, against peers that speak their documented APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from peers.http import Answer, HttpPeer
from watchroom.connectors.issues import Issue, Issues, TrackerFailed
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of

MARK = "watchroom-0123456789abcdef"


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def made(name: str, peer: HttpPeer, path: str = "", **settings: str) -> tuple[Issues, dict[str, Any]]:
    connector = all_of("watchroom.connectors")[name]
    assert isinstance(connector, Issues)
    return connector, connector.check({"url": peer.url + path, "token": "the-token", **settings})  # type: ignore[attr-defined]


def asked(peer: HttpPeer) -> list[str]:
    return [f"{request.method} {request.path}" for request in peer.requests]


# --- GitHub ---

ON_GITHUB = {"number": 12, "html_url": "https://github.com/acme/shop/issues/12", "state": "open", "body": f"x ({MARK})"}


def test_an_issue_of_github_is_made_closed_and_opened_again(http_peer: HttpPeer) -> None:
    github, settings = made("github", http_peer, repository="acme/shop", labels="incident, follow-up")
    http_peer.answer(Answer(201, ON_GITHUB), Answer(200, ON_GITHUB), Answer(200, {**ON_GITHUB, "state": "closed"}))
    issue = github.make(settings, "Refuse it", "Because.", MARK)
    assert issue == Issue("12", "#12", "https://github.com/acme/shop/issues/12", True)
    sent = http_peer.requests[0]
    assert sent.json() == {"title": "Refuse it", "body": "Because.", "labels": ["incident", "follow-up"]}
    assert sent.headers["authorization"] == "Bearer the-token"
    assert github.look(settings, "12").open and not github.look(settings, "12").open
    http_peer.otherwise = Answer(200, ON_GITHUB)
    github.close(settings, "12", done=True)
    github.close(settings, "12", done=False)
    github.open_again(settings, "12")
    assert [request.json().get("state_reason") for request in http_peer.requests[3:]] == [
        "completed", "not_planned", "reopened",
    ]  # fmt: skip
    assert set(asked(http_peer)) == {
        "POST /repos/acme/shop/issues", "GET /repos/acme/shop/issues/12", "PATCH /repos/acme/shop/issues/12",
    }  # fmt: skip


def test_what_was_perhaps_made_on_github_is_found_by_its_mark(http_peer: HttpPeer) -> None:
    github, settings = made("github", http_peer, repository="acme/shop")
    http_peer.answer(Answer(200, [{**ON_GITHUB, "number": 13, "body": None}, ON_GITHUB]), Answer(200, []))
    found = github.marked(settings, MARK)
    assert found is not None and found.id == "12"
    assert github.marked(settings, MARK) is None


@pytest.mark.parametrize(
    "said",
    ["#12", "12", "https://github.com/acme/shop/issues/12", "https://github.com/Acme/Shop/issues/12#issuecomment-1"],
)
def test_an_issue_of_github_is_meant_by_address_or_number(http_peer: HttpPeer, said: str) -> None:
    github, settings = made("github", http_peer, repository="acme/shop")
    http_peer.otherwise = Answer(200, ON_GITHUB)
    assert github.named(settings, said).key == "#12"


@pytest.mark.parametrize(
    "said", ["https://github.com/acme/other/issues/12", "twelve", "https://evil.example/12/../acme"]
)
def test_what_is_no_issue_of_the_repository_is_refused(http_peer: HttpPeer, said: str) -> None:
    github, settings = made("github", http_peer, repository="acme/shop")
    with pytest.raises(Refused) as refused:
        github.named(settings, said)
    assert refused.value.field == "issue" and "acme/shop" in str(refused.value) and not http_peer.requests


def test_a_repository_needs_its_owner(http_peer: HttpPeer) -> None:
    with pytest.raises(Refused, match="repository"):
        made("github", http_peer, repository="shop")


# --- What all of them say of what goes wrong ---


@pytest.mark.parametrize(
    ("answer", "words", "everything", "gone"),
    [
        (Answer(401, {"message": "Bad credentials"}), "refused our credentials .401.: Bad credentials", True, False),
        (Answer(429), "asks us to wait", True, False),
        (Answer(404, {"message": "Not Found"}), "no such thing", False, True),
        (Answer(422, {"message": "Validation Failed"}), "422: Validation Failed", False, False),
        (Answer(503, b"<html>"), "It answered 503", True, False),
        (Answer(200, b"<html>"), "not what such a server sends", False, False),
        (Answer(200, {"number": "many"}), "not what such a server sends", False, False),
        (Answer(hang_up=True), ".", True, False),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said(http_peer: HttpPeer, answer: Answer, words: str, everything: bool, gone: bool) -> None:
    github, settings = made("github", http_peer, repository="acme/shop")
    http_peer.otherwise = answer
    with pytest.raises(TrackerFailed, match=words) as failed:
        github.look(settings, "12")
    assert (failed.value.everything, failed.value.gone) == (everything, gone)
    assert "the-token" not in str(failed.value)


# --- GitLab ---

ON_GITLAB = {"id": 900, "iid": 7, "web_url": "https://gitlab.com/acme/shop/-/issues/7", "state": "opened"}


def test_an_issue_of_gitlab(http_peer: HttpPeer) -> None:
    gitlab, settings = made("gitlab", http_peer, project="acme/web/shop", labels="incident")
    http_peer.answer(Answer(201, ON_GITLAB), Answer(200, [ON_GITLAB]), Answer(200, {**ON_GITLAB, "state": "closed"}))
    assert gitlab.make(settings, "Refuse it", "Because.", MARK) == Issue("7", "#7", ON_GITLAB["web_url"], True)
    assert http_peer.requests[0].json() == {"title": "Refuse it", "description": "Because.", "labels": "incident"}
    assert http_peer.requests[0].headers["private-token"] == "the-token"
    assert gitlab.marked(settings, MARK) is not None
    assert not gitlab.look(settings, "7").open
    http_peer.otherwise = Answer(200, ON_GITLAB)
    gitlab.close(settings, "7", done=True)
    gitlab.open_again(settings, "7")
    assert [request.json() for request in http_peer.requests[3:]] == [
        {"state_event": "close"},
        {"state_event": "reopen"},
    ]
    assert gitlab.named(settings, "https://gitlab.com/acme/web/shop/-/work_items/7").key == "#7"
    with pytest.raises(Refused):
        gitlab.named(settings, "https://gitlab.com/acme/shop/-/issues/7")
    assert asked(http_peer)[:2] == [
        "POST /api/v4/projects/acme%2Fweb%2Fshop/issues",
        f"GET /api/v4/projects/acme%2Fweb%2Fshop/issues?scope=all&in=description&search={MARK}",
    ]


# --- Jira ---


def on_jira(category: str = "new") -> dict[str, Any]:
    return {"id": "10002", "key": "PAY-7", "fields": {"status": {"name": "x", "statusCategory": {"key": category}}}}


def way(id: str, name: str, category: str) -> dict[str, Any]:
    return {"id": id, "name": name, "to": {"name": name, "statusCategory": {"key": category}}}


WAYS = {"transitions": [way("11", "Start", "indeterminate"), way("21", "Won't do", "done"), way("31", "Done", "done")]}


def test_an_issue_of_jira_goes_by_its_workflow(http_peer: HttpPeer) -> None:
    jira, settings = made("jira", http_peer, project="pay", labels="from incident")
    http_peer.answer(Answer(201, {"id": "10002", "key": "PAY-7"}))
    issue = jira.make(settings, "Refuse it", "Because.", MARK)
    assert issue == Issue("10002", "PAY-7", f"{http_peer.url}/browse/PAY-7", True)
    assert http_peer.requests[0].json()["fields"] == {
        "project": {"key": "PAY"},
        "issuetype": {"name": "Task"},
        "summary": "Refuse it",
        "description": "Because.",
        "labels": ["from-incident", MARK],
    }
    http_peer.answer(Answer(200, on_jira("indeterminate")), Answer(200, on_jira("done")))
    assert jira.look(settings, "10002").open and not jira.look(settings, "10002").open
    for act, expected in (
        (lambda: jira.close(settings, "10002", done=True), "31"),
        (lambda: jira.close(settings, "10002", done=False), "21"),
        (lambda: jira.open_again(settings, "10002"), "11"),
    ):
        http_peer.answer(Answer(200, WAYS), Answer(204))
        act()
        assert http_peer.requests[-1].json() == {"transition": {"id": expected}}
    http_peer.answer(Answer(200, {"transitions": [way("11", "Start", "indeterminate")]}))
    with pytest.raises(TrackerFailed, match="nowhere to a state that is done"):
        jira.close(settings, "10002", done=True)


def test_jira_is_searched_in_the_way_of_cloud_and_of_data_center(http_peer: HttpPeer) -> None:
    jira, settings = made("jira", http_peer, project="PAY")
    http_peer.answer(Answer(200, {"issues": [on_jira()]}), Answer(404), Answer(200, {"issues": []}))
    assert jira.marked(settings, MARK) is not None
    assert jira.marked(settings, MARK) is None
    assert [each.partition("?")[0] for each in asked(http_peer)] == [
        "GET /rest/api/2/search/jql", "GET /rest/api/2/search/jql", "GET /rest/api/2/search",
    ]  # fmt: skip


def test_jira_cloud_takes_an_address_and_a_key(http_peer: HttpPeer) -> None:
    jira, settings = made("jira", http_peer, project="PAY", token="", username="ada@example.org", password="api-token")
    http_peer.otherwise = Answer(200, on_jira())
    assert jira.named(settings, "https://acme.atlassian.net/browse/pay-7?x=1").key == "PAY-7"
    assert http_peer.requests[0].headers["authorization"].startswith("Basic ")
    with pytest.raises(Refused):
        jira.named(settings, "PAY")
    http_peer.otherwise = Answer(200, {"name": "Payments", "issueTypes": [{"name": "Bug"}]})
    with pytest.raises(TrackerFailed, match="no issue type 'Task'"):
        jira.try_it(settings)  # type: ignore[attr-defined]


# --- Linear ---

ON_LINEAR = {
    "id": "u-1",
    "identifier": "PAY-7",
    "url": "https://linear.app/acme/issue/PAY-7/x",
    "state": {"type": "started"},
}
STATES = [
    {"id": "s-done", "type": "completed", "position": 3},
    {"id": "s-not", "type": "canceled", "position": 4},
    {"id": "s-todo", "type": "unstarted", "position": 1},
]


def test_an_issue_of_linear(http_peer: HttpPeer) -> None:
    linear, settings = made("linear", http_peer, "/graphql", team="pay")
    http_peer.answer(
        Answer(200, {"data": {"teams": {"nodes": [{"id": "t-1", "name": "Payments"}]}}}),
        Answer(200, {"data": {"issueCreate": {"issue": ON_LINEAR}}}),
    )
    assert linear.make(settings, "Refuse it", "Because.", MARK) == Issue("u-1", "PAY-7", ON_LINEAR["url"], True)
    sent = http_peer.requests[1]
    given = sent.json()["variables"]["input"]
    assert given["teamId"] == "t-1" and sent.headers["authorization"] == "the-token"
    http_peer.answer(Answer(200, {"errors": [{"message": "Entity not found: Issue"}]}))
    assert linear.marked(settings, MARK) is None
    assert http_peer.requests[-1].json()["variables"] == {"id": given["id"]}  # looked for under the id that was given
    for act, expected in (
        (lambda: linear.close(settings, "u-1", done=True), "s-done"),
        (lambda: linear.close(settings, "u-1", done=False), "s-not"),
        (lambda: linear.open_again(settings, "u-1"), "s-todo"),
    ):
        http_peer.answer(
            Answer(200, {"data": {"issue": {"team": {"states": {"nodes": STATES}}}}}),
            Answer(200, {"data": {"issueUpdate": {"success": True}}}),
        )
        act()
        assert http_peer.requests[-1].json()["variables"] == {"id": "u-1", "state": expected}
    http_peer.otherwise = Answer(200, {"data": {"issue": {**ON_LINEAR, "state": {"type": "completed"}}}})
    assert not linear.named(settings, "https://linear.app/acme/issue/PAY-7/refuse-it").open
    http_peer.otherwise = Answer(200, {"errors": [{"message": "Authentication required"}]})
    with pytest.raises(TrackerFailed, match="Authentication required"):
        linear.look(settings, "u-1")
