"""Kubernetes: a workload is restarted, scaled, or a deployment rolled back, by the official client.

As ``kubectl rollout restart``, ``kubectl scale`` and ``kubectl rollout undo`` do it:
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ (and stateful-set, daemon-set),
https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run. The account needs ``get`` and ``patch`` on the workload,
``patch`` on its ``scale``, and ``list`` on replica sets for a roll-back.

A restart and a roll-back carry the run's key as an annotation, and are left out where it stands there already; a number of
replicas that is there already is not set again: so the same order twice is carried out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel import http
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...kernel.times import rfc3339
from .. import base, cluster
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ..cluster import client

KEY = "watchroom.dev/run"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_NAME = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_KINDS = {
    "deployment": "deployment",
    "statefulset": "stateful_set",
    "daemonset": "daemon_set",
}  # as the client calls them


class Kubernetes:
    """See the module's text."""

    name = "kubernetes"
    label = "Kubernetes"
    summary = "Restarts, scales or rolls back a workload through the cluster's API, and follows the rollout."
    fields = cluster.fields()
    inputs = (
        Field("do", "What to do", "", "choice", True, choices=("restart", "scale", "undo"), default="restart"),
        Field("namespace", "Namespace", default="default"),
        Field("kind", "Kind", "", "choice", choices=tuple(_KINDS), default="deployment"),
        Field("name", "Name", "Of the workload.", required=True),
        Field("replicas", "Replicas", "To scale to."),
        Field("revision", "Revision", "To roll back to; empty: the one before."),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return cluster.check(settings, self.fields)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        cluster.check_names(cleaned, _NAME)
        base.must_match(cleaned, "replicas", r"[0-9]{1,4}", "Write a number.")
        base.must_match(cleaned, "revision", r"[1-9][0-9]{0,8}", "Write a revision's number.")
        if cleaned["do"] == "scale" and "replicas" not in cleaned:
            raise Refused("How many replicas?", field="replicas", value="", fix="Write a number.")
        if cleaned["do"] == "undo" and cleaned["kind"] != "deployment":
            raise Refused(
                "Only a deployment can be rolled back.", field="kind", value=cleaned["kind"], fix="Use deployment."
            )
        if cleaned["do"] == "scale" and cleaned["kind"] == "daemonset":
            raise Refused("A daemonset has no replicas.", field="kind", value="daemonset", fix="Restart it.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return http.origin(str(settings.get("url", "")))

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        what = f"{inputs.get('kind')} {inputs.get('namespace')}/{inputs.get('name')}"
        if inputs.get("do") == "scale":
            return f"Scales {what} to {inputs.get('replicas')} replicas."
        if inputs.get("do") == "undo":
            to = f"revision {inputs['revision']}" if inputs.get("revision") else "the revision before"
            return f"Rolls {what} back to {to}."
        return f"Restarts {what}, one pod after another."

    def try_it(self, settings: Settings) -> str:
        return client.version(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        cluster.must_be_allowed(settings, order.inputs["namespace"])
        workload = _Workload(settings, order)
        if workload.has_been_done():
            return workload.rollout()
        text = {"restart": workload.restart, "scale": workload.scale, "undo": workload.undo}[order.inputs["do"]]()
        if order.dry_run:
            return Progress("succeeded", f"The cluster would accept it. {text}")
        return Progress("running", text)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        found = _Workload(settings, order).rollout()
        return Progress(found.state, found.text, dict(reference))


class _Workload:
    """The workload that an order is about, as it was when it was read."""

    def __init__(self, settings: Settings, order: Order) -> None:
        self.order, inputs = order, order.inputs
        self.name, self.namespace, self.kind = inputs["name"], inputs["namespace"], _KINDS[inputs["kind"]]
        self.api = client.api(settings, "AppsV1Api")
        found = client.call(getattr(self.api, f"read_namespaced_{self.kind}"), self.name, self.namespace)
        self.meta, self.spec, self.status = (base.part(found, each) for each in ("metadata", "spec", "status"))
        self.annotations = base.part(self.meta, "annotations")
        self.replicas = self.spec.get("replicas", 1)

    def has_been_done(self) -> bool:
        """Whether this very order is carried out already."""
        if self.order.inputs["do"] == "scale":
            return bool(self.replicas == int(self.order.inputs["replicas"]))
        return self.annotations.get(KEY) == self.order.key

    def restart(self) -> str:
        """As ``kubectl rollout restart``."""
        self._must_not_be_paused()
        stamp = {RESTARTED: rfc3339(self.order.at, "seconds")}
        self._patch(
            {
                "metadata": {"annotations": {KEY: self.order.key}},
                "spec": {"template": {"metadata": {"annotations": stamp}}},
            }
        )
        return "Its pods are being replaced."

    def scale(self) -> str:
        """As ``kubectl scale``."""
        to = int(self.order.inputs["replicas"])
        self._patch({"spec": {"replicas": to}}, "_scale")
        return f"From {self.replicas} to {to} replicas."

    def undo(self) -> str:
        """As ``kubectl rollout undo``: the template of an older replica set takes the place of the present one."""
        self._must_not_be_paused()
        revisions = self._revisions()
        present = whole(str(self.annotations.get(REVISION, "")))
        now = max(revisions, default=0) if present is None else present
        asked = self.order.inputs.get("revision")
        to = int(asked) if asked else max((number for number in revisions if number < now), default=0)
        if to not in revisions:
            known = ", ".join(map(str, sorted(revisions))) or "none"
            raise RunFailed(f"There is no revision {to} to roll back to." if to else "There is no earlier revision.",
                            fix=f"The cluster has kept: {known}.")  # fmt: skip
        template = dict(revisions[to])
        own = dict(base.part(template, "metadata"))
        own["labels"] = {k: v for k, v in base.part(own, "labels").items() if k != _HASH}
        template["metadata"] = own
        note: dict[str, Any] = {"path": f"/metadata/annotations/{KEY.replace('/', '~1')}", "value": self.order.key}
        if not self.annotations:
            note = {"path": "/metadata/annotations", "value": {KEY: self.order.key}}
        self._patch([{"op": "replace", "path": "/spec/template", "value": template}, {"op": "add", **note}])
        return f"From revision {now} to revision {to}."

    def _revisions(self) -> dict[int, dict[str, Any]]:
        """The templates that the cluster has kept, by revision."""
        labels = base.part(base.part(self.spec, "selector"), "matchLabels")
        chosen = ",".join(f"{name}={value}" for name, value in labels.items())
        items = client.call(self.api.list_namespaced_replica_set, self.namespace, label_selector=chosen).get("items")
        kept: dict[int, dict[str, Any]] = {}
        for each in items if isinstance(items, list) else []:
            own = base.part(each, "metadata")
            owners = own.get("ownerReferences")
            mine = any(isinstance(o, dict) and o.get("uid") == self.meta.get("uid") for o in owners or ())
            revision = whole(str(base.part(own, "annotations").get(REVISION, "")))
            if mine and revision is not None:
                kept[revision] = base.part(base.part(each, "spec"), "template")
        return kept

    def rollout(self) -> Progress:
        """As ``kubectl rollout status``."""
        status = self.status
        if int(status.get("observedGeneration") or 0) < int(self.meta.get("generation") or 0):
            return Progress("running", "The cluster has not taken it up yet.")
        for each in status.get("conditions") or ():
            if isinstance(each, dict) and each.get("reason") == "ProgressDeadlineExceeded":
                return Progress("failed", f"The rollout does not get on: {str(each.get('message', ''))[:300]}")
        if self.kind == "daemon_set":
            wanted = total = int(status.get("desiredNumberScheduled") or 0)
            updated, ready = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
        else:
            wanted = int(self.replicas or 0)
            updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
            ready = int(status.get("availableReplicas") or 0)
        if updated >= wanted and total <= max(wanted, updated) and ready >= wanted and total - updated <= 0:
            return Progress("succeeded", f"All {wanted} pods are up to date and available.")
        return Progress("running", f"{updated} of {wanted} pods are up to date, {ready} are available.")

    def _must_not_be_paused(self) -> None:
        if self.kind == "deployment" and self.spec.get("paused"):
            raise RunFailed("Its rollouts are paused.", fix="Resume them first: kubectl rollout resume.")

    def _patch(self, body: Any, part: str = "") -> None:
        operation = getattr(self.api, f"patch_namespaced_{self.kind}{part}")
        client.patch(operation, self.name, self.namespace, body=body, dry_run=self.order.dry_run)


runner = Kubernetes()
