"""Each runner against a peer that speaks the documented API, and against peers that misbehave."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from peers.http import Answer, HttpPeer, Request
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners.base import Order, RunFailed

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "a secret of sixteen letters"


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def runner(name: str) -> Any:
    return all_of("watchroom.runners")[name]


def order(inputs: dict[str, str], **fields: Any) -> Order:
    return Order(key="key-1", inputs=inputs, at=AT, mitigation="roll-back", title="Roll back", incident=7, **fields)


def test_every_runner_is_found_and_says_what_it_asks_for() -> None:
    found = all_of("watchroom.runners")
    assert {"github", "kubernetes", "webhook"} <= set(found)
    for name, each in found.items():
        assert each.name == name and each.label and each.summary and each.inputs
        with pytest.raises(Refused):
            each.check({"no such": "x"})
        with pytest.raises(Refused):
            each.check({})
        with pytest.raises(Refused):
            each.check_inputs({"no such": "x"})


# Webhook


def hook(peer: HttpPeer, **more: str) -> dict[str, Any]:
    return dict(runner("webhook").check({"url": peer.url + "/hook", "secret": SECRET, **more}))


def signed(request: Request) -> bool:
    at = request.headers["watchroom-timestamp"]
    expected = hmac.digest(SECRET.encode(), f"{at}.".encode() + request.body, "sha256").hex()
    return request.headers["watchroom-signature"] == f"t={at},v1={expected}"


def test_a_webhook_is_signed_and_its_answer_kept(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(body={"output": "rolled back to 4.17", "link": "https://ci.example.org/1"}))
    came = runner("webhook").start(hook(http_peer), order({"inputs": "version=4.17\nwhy=slow = bad"}))
    assert (came.state, came.text, came.link) == ("succeeded", "rolled back to 4.17", "https://ci.example.org/1")
    request = http_peer.requests[0]
    assert signed(request) and request.headers["idempotency-key"] == "key-1"
    assert request.json()["inputs"] == {"version": "4.17", "why": "slow = bad"}
    assert request.json()["incident"]["id"] == 7 and request.json()["dry_run"] is False


def test_a_webhook_that_takes_longer_is_asked_where_it_says(http_peer: HttpPeer) -> None:
    webhook, settings, what = runner("webhook"), hook(http_peer), order({})
    http_peer.answer(
        Answer(202, headers={"Location": "/jobs/1"}),
        Answer(body={"state": "running", "output": "1 of 2"}),
        Answer(body={"state": "failed", "output": "no quota"}),
    )
    began = webhook.start(settings, what)
    assert began.state == "running"
    assert webhook.poll(settings, what, began.reference).text == "1 of 2"
    ended = webhook.poll(settings, what, began.reference)
    assert (ended.state, ended.text) == ("failed", "no quota")
    assert http_peer.requests[2].path == "/jobs/1" and signed(http_peer.requests[2])


def test_a_webhook_is_not_followed_to_another_host(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(202, headers={"Location": "https://elsewhere.example.org/jobs/1"}))
    assert runner("webhook").start(hook(http_peer), order({})).state == "unknown"
    with pytest.raises(RunFailed):
        runner("webhook").poll(hook(http_peer), order({}), {"location": "https://elsewhere.example.org/"})
    assert len(http_peer.requests) == 1


@pytest.mark.parametrize(
    ("answer", "sure"),
    [(Answer(400, {"message": "no"}), True), (Answer(503), False), (Answer(hang_up=True), False), (Answer(302), True)],
)
def test_only_a_refusal_is_sure_not_to_have_done_it(http_peer: HttpPeer, answer: Answer, sure: bool) -> None:
    http_peer.answer(answer)
    with pytest.raises(RunFailed) as raised:
        runner("webhook").start(hook(http_peer), order({}))
    assert raised.value.sure is sure


def test_a_dry_run_is_sent_only_to_who_understands_it(http_peer: HttpPeer) -> None:
    with pytest.raises(RunFailed):
        runner("webhook").start(hook(http_peer), order({}, dry_run=True))
    assert http_peer.requests == []
    runner("webhook").start(hook(http_peer, dry_runs="yes"), order({}, dry_run=True))
    assert http_peer.requests[0].json()["dry_run"] is True


# GitHub


def repository(peer: HttpPeer) -> dict[str, Any]:
    return dict(runner("github").check({"url": peer.url, "repository": "acme/shop", "token": "ghp_x"}))


WORKFLOW = {"workflow": "rollback.yml", "ref": "main", "inputs": "version=4.17"}


def test_a_workflow_is_dispatched_and_its_run_followed(http_peer: HttpPeer) -> None:
    github, settings, what = runner("github"), repository(http_peer), order(WORKFLOW)
    link = "https://github.com/acme/shop/actions/runs/99"
    http_peer.answer(
        Answer(body={"workflow_run_id": 99, "run_url": "https://api.github.com/x", "html_url": link}),
        Answer(body={"id": 99, "status": "in_progress", "conclusion": None, "html_url": link}),
        Answer(body={"id": 99, "status": "completed", "conclusion": "success", "html_url": link}),
    )
    began = github.start(settings, what)
    assert (began.state, began.reference, began.link) == ("running", {"run": 99}, link)
    assert github.poll(settings, what, began.reference).text == "The workflow is in progress."
    assert github.poll(settings, what, began.reference).state == "succeeded"
    sent, asked = http_peer.requests[0], http_peer.requests[1]
    assert (sent.method, sent.path) == ("POST", "/repos/acme/shop/actions/workflows/rollback.yml/dispatches")
    assert sent.json() == {"ref": "main", "inputs": {"version": "4.17"}, "return_run_details": True}
    assert sent.headers["authorization"] == "Bearer ghp_x" and sent.headers["x-github-api-version"]
    assert (asked.method, asked.path) == ("GET", "/repos/acme/shop/actions/runs/99")


def test_an_older_github_is_asked_again_without_what_it_does_not_know(http_peer: HttpPeer) -> None:
    github, settings, what = runner("github"), repository(http_peer), order(WORKFLOW)
    run = {"id": 5, "status": "completed", "conclusion": "failure"}
    http_peer.answer(
        Answer(422, {"message": '"return_run_details" is not a permitted key.'}),
        Answer(204),
        Answer(body={"workflow_runs": []}),
        Answer(body={"workflow_runs": [run]}),
        Answer(body={"workflow_runs": [run, run | {"id": 6}]}),
    )
    began = github.start(settings, what)
    assert "return_run_details" not in http_peer.requests[1].json()
    assert began.reference == {"since": "2026-03-02T09:00:00Z"}
    github_states = [github.poll(settings, what, began.reference) for _ in range(2)]
    assert github_states[1].state == "failed" and github_states[1].reference == {"run": 5}
    assert github.poll(settings, what, began.reference).state == "unknown"  # which of them is ours?
    assert "created=%3E%3D2026-03-02T09%3A00%3A00Z" in http_peer.requests[2].path


def test_another_refusal_is_not_tried_again(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(422, {"message": "Unexpected inputs provided"}), Answer(204))
    with pytest.raises(RunFailed, match="Unexpected inputs") as raised:
        runner("github").start(repository(http_peer), order(WORKFLOW))
    assert raised.value.sure and len(http_peer.requests) == 1


@pytest.mark.parametrize("wrong", [{"workflow": "../x"}, {"workflow": "x", "inputs": "no sign"}, {"workflow": ""}])
def test_inputs_of_a_workflow_are_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(Refused):
        runner("github").check_inputs(wrong)
