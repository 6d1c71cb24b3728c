"""GitLab, Argo CD, Unleash and LaunchDarkly against peers that speak their documented APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from peers.http import Answer, HttpPeer
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners.base import Order, RunFailed

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def runner(name: str) -> Any:
    return all_of("watchroom.runners")[name]


def made(name: str, peer: HttpPeer, **settings: str) -> tuple[Any, dict[str, Any]]:
    plugin = runner(name)
    return plugin, plugin.check({"url": peer.url, "token": "the-token", **settings})


def order(plugin: Any, dry_run: bool = False, **inputs: str) -> Order:
    return Order(
        key="key-1", inputs=plugin.check_inputs(inputs), at=AT, title="Off", incident=7, person="Ada", dry_run=dry_run
    )


# --- GitLab ---

PIPELINE = {"id": 46, "status": "created", "web_url": "https://gitlab.com/acme/shop/-/pipelines/46"}


def test_a_pipeline_is_created_and_followed(http_peer: HttpPeer) -> None:
    gitlab, settings = made("gitlab", http_peer, project="acme/shop")
    what = order(gitlab, variables="ROLLBACK_TO=4.17\nWHY=slow = bad")
    http_peer.answer(
        Answer(201, PIPELINE),
        Answer(200, {**PIPELINE, "status": "waiting_for_resource"}),
        Answer(200, {**PIPELINE, "status": "success"}),
    )
    began = gitlab.start(settings, what)
    assert (began.state, began.reference, began.link) == ("running", {"pipeline": 46}, PIPELINE["web_url"])
    assert gitlab.poll(settings, what, began.reference).text == "The pipeline is waiting for resource."
    assert gitlab.poll(settings, what, began.reference).state == "succeeded"
    sent = http_peer.requests[0]
    assert (sent.method, sent.path) == ("POST", "/api/v4/projects/acme%2Fshop/pipeline")
    assert sent.headers["private-token"] == "the-token"
    assert sent.json() == {
        "ref": "main", "variables": [{"key": "ROLLBACK_TO", "value": "4.17"}, {"key": "WHY", "value": "slow = bad"}],
    }  # fmt: skip
    assert http_peer.requests[1].path == "/api/v4/projects/acme%2Fshop/pipelines/46"


def test_a_trigger_token_starts_it_and_a_failure_names_its_jobs(http_peer: HttpPeer) -> None:
    gitlab, settings = made("gitlab", http_peer, project="17", trigger_token="glptt-x")
    http_peer.answer(
        Answer(201, PIPELINE),
        Answer(200, {**PIPELINE, "status": "failed"}),
        Answer(200, [{"name": "deploy"}, {"name": "smoke"}]),
    )
    what = order(gitlab, ref="release/4", variables="DRY=no")
    began = gitlab.start(settings, what)
    sent = http_peer.requests[0]
    assert sent.path == "/api/v4/projects/17/trigger/pipeline"
    assert parse_qs(sent.text) == {"token": ["glptt-x"], "ref": ["release/4"], "variables[DRY]": ["no"]}
    assert "private-token" not in sent.headers
    ended = gitlab.poll(settings, what, began.reference)
    assert (ended.state, ended.text) == ("failed", "The pipeline ended: failed. Failed: deploy, smoke.")


@pytest.mark.parametrize(
    ("answer", "sure"), [(Answer(400, {"message": {"base": ["No stages"]}}), True), (Answer(502), False)]
)
def test_a_refused_pipeline_is_sure(http_peer: HttpPeer, answer: Answer, sure: bool) -> None:
    gitlab, settings = made("gitlab", http_peer, project="17")
    http_peer.answer(answer)
    with pytest.raises(RunFailed) as raised:
        gitlab.start(settings, order(gitlab))
    assert raised.value.sure is sure
    with pytest.raises(RunFailed):
        gitlab.start(settings, order(gitlab, dry_run=True))
    assert len(http_peer.requests) == 1


# --- Argo CD ---

HISTORY = [{"id": 4, "revision": "a" * 40}, {"id": 5, "revision": "b" * 40}, {"id": 6, "revision": "c" * 40}]


def app(
    phase: str = "Succeeded", started: str = "2026-03-01T00:00:00Z", health: str = "Healthy", **more: Any
) -> dict[str, Any]:
    status = {
        "history": HISTORY, "sync": {"status": "Synced"}, "health": {"status": health},
        "operationState": {"phase": phase, "startedAt": started, "message": "successfully synced"},
    }  # fmt: skip
    return {"metadata": {"name": "shop"}, "status": status, **more}


def test_an_application_is_rolled_back_to_what_ran_before_and_followed(http_peer: HttpPeer) -> None:
    argo, settings = made("argocd", http_peer)
    what = order(argo, application="shop", namespace="apps")
    http_peer.answer(
        Answer(body=app()),
        Answer(body=app(operation={"sync": {}})),  # accepted: what is shown is still the old operation
        Answer(body=app()),  # not picked up yet
        Answer(body=app("Running", "2026-03-02T09:00:01Z")),
        Answer(body=app("Succeeded", "2026-03-02T09:00:01Z", "Progressing")),
        Answer(body=app("Succeeded", "2026-03-02T09:00:01Z")),
    )
    began = argo.start(settings, what)
    assert (began.state, began.text) == ("running", "Rolling back to entry 5 (bbbbbbbbbbbb).")
    sent = http_peer.requests[1]
    assert (sent.method, sent.path) == ("POST", "/api/v1/applications/shop/rollback")
    assert sent.json() == {"id": 5, "dryRun": False, "prune": False, "appNamespace": "apps"}
    assert sent.headers["authorization"] == "Bearer the-token"
    states = [argo.poll(settings, what, began.reference).state for _ in range(4)]
    assert states == ["running", "running", "running", "succeeded"]
    assert http_peer.requests[-1].path == "/api/v1/applications/shop?appNamespace=apps"


def test_a_sync_that_ends_unhealthy_has_failed(http_peer: HttpPeer) -> None:
    argo, settings = made("argocd", http_peer)
    what = order(argo, application="shop", do="sync", revision="v4.17", prune="yes")
    new = "2026-03-02T09:00:01Z"
    http_peer.answer(
        Answer(body=app()), Answer(body=app("Running", new)), Answer(body=app("Succeeded", new, "Degraded")),
        Answer(body=app("Failed", new)),
    )  # fmt: skip
    began = argo.start(settings, what)
    assert http_peer.requests[1].json() == {"dryRun": False, "prune": True, "revision": "v4.17"}
    assert argo.poll(settings, what, began.reference).state == "failed"
    assert argo.poll(settings, what, began.reference).text == "Failed: successfully synced"


def test_argo_is_asked_dry_and_refuses_what_can_not_be(http_peer: HttpPeer) -> None:
    argo, settings = made("argocd", http_peer)
    http_peer.answer(Answer(body=app()), Answer(body=app()))
    assert "entry 4" in argo.start(settings, order(argo, dry_run=True, application="shop", history="4")).text
    assert http_peer.requests[1].json()["dryRun"] is True
    for inputs, first in (
        ({"history": "9"}, app()),
        ({}, {**app(), "status": {"history": HISTORY[:1]}}),
        ({}, app(operation={"sync": {}})),
    ):
        http_peer.answer(Answer(body=first))
        with pytest.raises(RunFailed) as raised:
            argo.start(settings, order(argo, application="shop", **inputs))
        assert raised.value.sure
    assert sum(request.method == "POST" for request in http_peer.requests) == 1


# --- Flags ---


def test_unleash_switches_a_flag(http_peer: HttpPeer) -> None:
    unleash, settings = made("unleash", http_peer)
    http_peer.answer(Answer(body={"name": "production", "enabled": True}), Answer(200))
    assert (
        unleash.start(settings, order(unleash, dry_run=True, flag="new-cart")).text
        == "It is on now, and would be switched off."
    )
    came = unleash.start(settings, order(unleash, flag="new-cart"))
    assert (came.state, came.text) == ("succeeded", "new-cart is off in production.")
    asked, sent = http_peer.requests
    assert (asked.method, sent.method) == ("GET", "POST")
    assert sent.path == "/api/admin/projects/default/features/new-cart/environments/production/off"
    assert sent.headers["authorization"] == "the-token"
    assert unleash.is_idempotent(settings)


def test_launchdarkly_gets_a_semantic_patch(http_peer: HttpPeer) -> None:
    dark, settings = made("launchdarkly", http_peer, project="shop")
    http_peer.answer(
        Answer(body={"environments": {"production": {"on": False}}}),
        Answer(body={"environments": {"production": {"on": False}}}),
        Answer(body={"environments": {"production": {"on": True}}}),
    )
    assert dark.start(settings, order(dark, dry_run=True, flag="new-cart")).state == "succeeded"
    assert dark.start(settings, order(dark, flag="new-cart")).text == "new-cart is off in production."
    dry, sent = http_peer.requests
    assert (dry.path, sent.path) == ("/api/v2/flags/shop/new-cart?dryRun=true", "/api/v2/flags/shop/new-cart")
    assert sent.method == "PATCH"
    assert sent.headers["content-type"] == "application/json; domain-model=launchdarkly.semanticpatch"
    assert sent.json() == {
        "environmentKey": "production", "comment": "Incident #7: Off (Ada)", "instructions": [{"kind": "turnFlagOff"}],
    }  # fmt: skip
    with pytest.raises(RunFailed, match="still on"):
        dark.start(settings, order(dark, flag="new-cart"))


@pytest.mark.parametrize(
    ("name", "inputs", "field"),
    [
        ("gitlab", {"variables": "1X=2"}, "variables"),
        ("argocd", {"application": "../x"}, "application"),
        ("argocd", {"application": "shop", "history": "first"}, "history"),
        ("argocd", {"application": "shop", "do": "delete"}, "do"),
        ("unleash", {"flag": "a/b"}, "flag"),
        ("launchdarkly", {"flag": "x", "environment": "a b"}, "environment"),
    ],
)
def test_inputs_are_checked(name: str, inputs: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as raised:
        runner(name).check_inputs(inputs)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("name", "settings", "answer"),
    [
        ("gitlab", {"project": "acme/shop"}, {"path_with_namespace": "acme/shop"}),
        ("argocd", {}, {"loggedIn": True, "username": "watchroom"}),
        ("unleash", {}, {"features": [{}, {}]}),
        ("launchdarkly", {}, {"totalCount": 3, "items": []}),
    ],
)
def test_each_can_be_tried_without_changing_anything(
    http_peer: HttpPeer, name: str, settings: dict[str, str], answer: dict[str, Any]
) -> None:
    plugin, cleaned = made(name, http_peer, **settings)
    http_peer.answer(Answer(body=answer), Answer(401, {"message": "who?"}))
    assert plugin.try_it(cleaned).startswith("It knows")
    with pytest.raises(RunFailed):
        plugin.try_it(cleaned)
    assert {request.method for request in http_peer.requests} == {"GET"}
