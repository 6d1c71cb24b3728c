"""The part of a cluster's API that Watchroom uses, with one deployment of three revisions: it patches as the API server does
(JSON patches, strategic merges of maps, the ``scale`` subresource, dry runs), and rolls out when it is told to."""

from __future__ import annotations

import copy
from typing import Any

from .http import Answer, HttpPeer, Request

PATH = "/apis/apps/v1/namespaces/shop/deployments/web"
REVISION = "deployment.kubernetes.io/revision"


def template(image: str, **labels: str) -> dict[str, Any]:
    """A pod's template. ``gatesOfTomorrow`` is a field that no client of today knows."""
    return {
        "metadata": {"labels": {"app": "web", **labels}},
        "spec": {"containers": [{"name": "web", "image": image}], "gatesOfTomorrow": ["kept"]},
    }


class Cluster:
    """Answers through ``peer``. ``settles``: every change is rolled out at once."""

    def __init__(self, peer: HttpPeer, token: str = "t", settles: bool = False) -> None:
        self.peer, self.token, self.settles = peer, token, settles
        self.object: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "uid": "u1",
                "generation": 3,
                "creationTimestamp": "2026-01-05T10:00:00Z",
                "annotations": {REVISION: "3", "team": "shop"},
            },
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": template("web:3"),
            },
            "status": {},
        }
        self.settle()
        peer.otherwise = self.answer

    def settle(self) -> None:
        """The rollout is over."""
        wanted = self.object["spec"]["replicas"]
        self.object["status"] = {
            "observedGeneration": self.object["metadata"]["generation"],
            "replicas": wanted,
            "updatedReplicas": wanted,
            "availableReplicas": wanted,
            "conditions": [{"type": "Available", "status": "True", "lastUpdateTime": "2026-01-05T10:00:00Z"}],
        }

    def answer(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        if path == "/version/":
            return Answer(body={"major": "1", "minor": "35", "gitVersion": "v1.35.1"})
        if path == "/apis/apps/v1/namespaces/shop/replicasets":
            assert "labelSelector=app%3Dweb" in query
            rows = [_replica_set(n) for n in (1, 2, 3)] + [_replica_set(9, "another")]
            return Answer(body={"apiVersion": "apps/v1", "kind": "ReplicaSetList", "metadata": {}, "items": rows})
        if path not in (PATH, f"{PATH}/scale"):
            return _status(404, f'deployments.apps "{path.rpartition("/")[2]}" not found')
        found = self.object
        if request.method == "PATCH":
            assert "fieldManager=watchroom" in query
            found = self._patched(request)
            if "dryRun=All" not in query:
                self.object = found
                if self.settles:
                    self.settle()
        return Answer(body=_scale(found) if path != PATH else found)

    def _patched(self, request: Request) -> dict[str, Any]:
        after, body = copy.deepcopy(self.object), request.json()
        if request.headers["content-type"] == "application/json-patch+json":
            for each in body:
                *parents, last = [name.replace("~1", "/") for name in each["path"].strip("/").split("/")]
                inner = after
                for name in parents:
                    inner = inner[name]
                assert each["op"] == "add" or last in inner
                inner[last] = each["value"]
        else:
            assert request.headers["content-type"] == "application/strategic-merge-patch+json"
            _merge(after, body)
        after["metadata"]["generation"] += 1
        return after

    def patches(self) -> list[Request]:
        """Those that came, dry ones included."""
        return [each for each in self.peer.requests if each.method == "PATCH"]


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            _merge(target.setdefault(name, {}), value)
        else:
            target[name] = value


def _status(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})


def _scale(found: dict[str, Any]) -> dict[str, Any]:
    spec = {"replicas": found["spec"]["replicas"]}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": spec}


def _replica_set(revision: int, owner: str = "u1") -> dict[str, Any]:
    return {
        "metadata": {"annotations": {REVISION: str(revision)}, "ownerReferences": [{"uid": owner}]},
        "spec": {"template": template(f"web:{revision}", **{"pod-template-hash": f"h{revision}"})},
    }
