"""flagd: flags changed where it reads them, against a cluster's API that merges patches (RFC 7396) as a real one does."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from peers.http import Answer, HttpPeer, Request
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners.base import Order, RunFailed

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FLAG = {
    "state": "ENABLED",
    "variants": {"on": True, "off": False},
    "defaultVariant": "on",
    "targeting": {"in": ["@example.com", {"var": "email"}]},
}
RESOURCE = "/apis/core.openfeature.dev/v1beta1/namespaces/shop/featureflags/flags"
CONFIG_MAP = "/api/v1/namespaces/shop/configmaps/flagd"


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


class Cluster:
    """Holds a FeatureFlag and a config map; refuses what was changed since it was read."""

    def __init__(self, peer: HttpPeer) -> None:
        self.objects: dict[str, Any] = {
            RESOURCE: {
                "apiVersion": "core.openfeature.dev/v1beta1",
                "kind": "FeatureFlag",
                "metadata": {"resourceVersion": "1"},
                "spec": {"flagSpec": {"flags": {"new-cart": copy.deepcopy(FLAG), "banner": copy.deepcopy(FLAG)}}},
            },
            CONFIG_MAP: {
                "metadata": {"resourceVersion": "1"},
                "data": {"flags.json": json.dumps({"$schema": "x", "flags": {"new-cart": FLAG}, "$evaluators": {}})},
            },
        }
        self.runner = all_of("watchroom.runners")["flagd"]
        self.settings = self.runner.check({"url": peer.url, "token": "t", "namespaces": "shop, other"})
        self.peer, self.meanwhile = peer, False
        peer.otherwise = self.answer

    def answer(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        if request.headers.get("authorization") != "Bearer t":
            return Answer(401, {"message": "Unauthorized"})
        if path == "/version/":
            return Answer(200, {"gitVersion": "v1.31.0"})
        if path not in self.objects:
            return Answer(404, {"message": f"{path} not found"})
        found = self.objects[path]
        if request.method == "GET":
            answer = copy.deepcopy(found)
            if self.meanwhile:
                found["metadata"]["resourceVersion"] += "0"
            return Answer(200, answer)
        # Of its own resources a cluster merges only by RFC 7396; where there are only maps, the other way does the same.
        kind = "merge-patch" if path == RESOURCE else "strategic-merge-patch"
        assert request.headers["content-type"] == f"application/{kind}+json"
        patch = request.json()
        if patch.get("metadata", {}).get("resourceVersion", found["metadata"]["resourceVersion"]) != found["metadata"]["resourceVersion"]:  # fmt: skip
            return Answer(409, {"message": "the object has been modified"})
        after = merged(found, patch)
        if not query.startswith("dryRun=All"):
            after["metadata"]["resourceVersion"] += "1"
            self.objects[path] = after
        return Answer(200, after)

    def order(self, dry_run: bool = False, **inputs: str) -> Order:
        said = {"flag": "new-cart", "namespace": "shop", "name": "flags", **inputs}
        return Order(key="key-1", inputs=self.runner.check_inputs(said), at=AT, title="Off", dry_run=dry_run)

    def start(self, **inputs: Any) -> Any:
        return self.runner.start(self.settings, self.order(**inputs))

    def flag(self) -> Any:
        return self.objects[RESOURCE]["spec"]["flagSpec"]["flags"]["new-cart"]

    def file(self) -> Any:
        return json.loads(self.objects[CONFIG_MAP]["data"]["flags.json"])

    def patches(self) -> list[Request]:
        return [each for each in self.peer.requests if each.method == "PATCH"]


@pytest.fixture
def cluster(http_peer: HttpPeer) -> Cluster:
    return Cluster(http_peer)


def test_a_flag_is_disabled_and_enabled_again(cluster: Cluster) -> None:
    came = cluster.start()
    assert (came.state, came.text) == (
        "succeeded",
        "new-cart was ENABLED, by default on and is DISABLED, by default on; flagd takes it up by itself.",
    )
    assert cluster.flag() == {**FLAG, "state": "DISABLED"}
    assert cluster.objects[RESOURCE]["spec"]["flagSpec"]["flags"]["banner"] == FLAG
    again = cluster.start()
    assert (again.text, len(cluster.patches())) == ("It is DISABLED, by default on now: nothing is to be done.", 1)
    cluster.start(do="enable")
    assert cluster.flag() == FLAG


def test_another_variant_is_the_default(cluster: Cluster) -> None:
    came = cluster.start(do="variant", variant="off")
    assert cluster.flag() == {**FLAG, "defaultVariant": "off"}
    assert came.text.endswith("Its targeting rules go before the default variant.")
    with pytest.raises(RunFailed) as failed:
        cluster.start(do="variant", variant="purple")
    assert (failed.value.sure, failed.value.fix) == (True, "It has off, on.")


def test_a_dry_run_asks_the_cluster_and_changes_nothing(cluster: Cluster) -> None:
    came = cluster.start(dry_run=True)
    assert came.text.startswith("It is ENABLED, by default on now, and would be DISABLED, by default on;")
    assert cluster.patches()[0].path == f"{RESOURCE}?dryRun=All&fieldManager=watchroom"
    assert cluster.flag() == FLAG
    of_map = cluster.start(dry_run=True, kind="configmap", name="flagd")
    assert (of_map.state, cluster.file()["flags"]["new-cart"]) == ("succeeded", FLAG)


@pytest.mark.parametrize("flags", [{"new-cart": FLAG}, [{"key": "other", **FLAG}, {"key": "new-cart", **FLAG}]])
def test_a_file_in_a_config_map_keeps_all_else(cluster: Cluster, flags: Any) -> None:
    document = {"$schema": "x", "flags": flags, "$evaluators": {"a": {"in": [1, [1, 2]]}}}
    cluster.objects[CONFIG_MAP]["data"] = {"flags.json": json.dumps(document), "note": "ours"}
    cluster.start(kind="configmap", name="flagd", file="flags.json")
    changed = cluster.file()
    there = changed["flags"]
    found = there["new-cart"] if isinstance(there, dict) else next(each for each in there if each["key"] == "new-cart")
    assert found["state"] == "DISABLED"
    found["state"] = "ENABLED"
    assert changed == document
    assert cluster.objects[CONFIG_MAP]["data"]["note"] == "ours"


def test_a_file_that_somebody_changes_meanwhile_is_left_alone(cluster: Cluster) -> None:
    cluster.meanwhile = True
    with pytest.raises(RunFailed, match="has been modified") as failed:
        cluster.start(kind="configmap", name="flagd")
    assert (failed.value.sure, cluster.file()["flags"]["new-cart"]["state"]) == (True, "ENABLED")


def test_what_is_not_there_is_named(cluster: Cluster) -> None:
    for inputs, said in (
        ({"flag": "old-cart"}, "There is no flag old-cart there. It has banner, new-cart."),
        ({"name": "none"}, "It answered 404"),
        ({"namespace": "kube-system"}, "may not touch the namespace kube-system"),
        ({"kind": "configmap", "name": "flagd", "file": "x.json"}, "There is no file 'x.json'"),
    ):
        with pytest.raises(RunFailed) as failed:
            cluster.start(**inputs)
        assert said in str(failed.value)
    cluster.objects[CONFIG_MAP]["data"] = {"flags.yaml": "flags: {}"}
    with pytest.raises(RunFailed, match="use JSON"):
        cluster.start(kind="configmap", name="flagd")
    cluster.objects[CONFIG_MAP]["data"] = {"a.json": "{}", "b.json": "{}"}
    with pytest.raises(RunFailed, match="which"):
        cluster.start(kind="configmap", name="flagd")
    assert not cluster.patches()


def test_it_says_what_it_will_do_and_tries_its_token(cluster: Cluster) -> None:
    plan = cluster.runner.plan(cluster.settings, cluster.order().inputs)
    assert plan == "Disables the flag new-cart in featureflag shop/flags."
    plan = cluster.runner.plan(cluster.settings, cluster.order(do="variant", variant="off").inputs)
    assert plan == "Makes off the default variant of the flag new-cart in featureflag shop/flags."
    assert cluster.runner.try_it(cluster.settings) == "It is Kubernetes v1.31.0."
    with pytest.raises(RunFailed, match="refused our credentials"):
        cluster.runner.try_it({**cluster.settings, "token": "wrong"})
    assert cluster.runner.is_idempotent(cluster.settings)


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"flag": "x", "name": "A B"}, "name"),
        ({"flag": "x", "name": "x", "do": "dance"}, "do"),
        ({"flag": "x", "name": "x", "do": "variant"}, "variant"),
        ({"flag": "x", "name": "x", "file": "a/b"}, "file"),
        ({"name": "x"}, "flag"),
    ],
)
def test_what_makes_no_sense_is_refused(cluster: Cluster, inputs: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        cluster.runner.check_inputs(inputs)
    assert refused.value.field == field
