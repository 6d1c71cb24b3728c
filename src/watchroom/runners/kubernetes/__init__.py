"""Kubernetes: a workload is restarted, scaled, or a deployment rolled back, through the cluster's API.

As ``kubectl rollout restart``, ``kubectl scale`` and ``kubectl rollout undo`` do it, with a service account's token:
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ (and stateful-set, daemon-set),
https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run. The account needs ``get`` and ``patch`` on the workload,
``patch`` on its ``scale``, and ``list`` on replica sets for a roll-back.

Every change carries the run's key as an annotation, and is left out where it stands there already: so the same order twice
is carried out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import quote, urlencode

from ...kernel import http
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from .. import base, cluster
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ..cluster import call

KEY = "watchroom.dev/run"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_NAME = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_KINDS = {"deployment": "deployments", "statefulset": "statefulsets", "daemonset": "daemonsets"}


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
        return cluster.try_it(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs = order.inputs
        cluster.must_be_allowed(settings, inputs["namespace"])
        before = base.read(call(settings, "GET", _path(inputs)))
        meta = base.part(before, "metadata")
        if base.part(meta, "annotations").get(KEY) == order.key:
            return _rollout(before)
        do = {"restart": _restart, "scale": _scale, "undo": _undo}[inputs["do"]]
        text, content_type, patch = do(settings, order, before)
        query = "?dryRun=All" if order.dry_run else ""
        answer = call(settings, "PATCH", _path(inputs) + query, patch, content_type, changes=not order.dry_run)
        if order.dry_run:
            return Progress("succeeded", f"The cluster would accept it. {text}")
        after = base.read(answer, changed=True)
        return Progress("running", text, {"generation": base.part(after, "metadata").get("generation", 0)})

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        found = _rollout(base.read(call(settings, "GET", _path(order.inputs))))
        return Progress(found.state, found.text, dict(reference))


def _restart(settings: Settings, order: Order, before: dict[str, Any]) -> tuple[str, str, Any]:
    stamp = {RESTARTED: order.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    patch = {
        "metadata": {"annotations": {KEY: order.key}},
        "spec": {"template": {"metadata": {"annotations": stamp}}},
    }
    return "Its pods are being replaced.", cluster.MERGE, patch


def _scale(settings: Settings, order: Order, before: dict[str, Any]) -> tuple[str, str, Any]:
    to, was = int(order.inputs["replicas"]), base.part(before, "spec").get("replicas", 1)
    patch = {"metadata": {"annotations": {KEY: order.key}}, "spec": {"replicas": to}}
    return f"From {was} to {to} replicas.", cluster.MERGE, patch


def _undo(settings: Settings, order: Order, before: dict[str, Any]) -> tuple[str, str, Any]:
    """As ``kubectl rollout undo``: the template of an older replica set takes the place of the present one."""
    meta = base.part(before, "metadata")
    labels = base.part(base.part(before, "spec"), "selector").get("matchLabels")
    chosen = ",".join(f"{k}={v}" for k, v in labels.items()) if isinstance(labels, dict) else ""
    path = f"/apis/apps/v1/namespaces/{quote(order.inputs['namespace'])}/replicasets?"
    items = base.read(call(settings, "GET", path + urlencode({"labelSelector": chosen}))).get("items")
    revisions: dict[int, dict[str, Any]] = {}
    for each in items if isinstance(items, list) else []:
        own = base.part(each, "metadata")
        owners = own.get("ownerReferences")
        mine = any(isinstance(o, dict) and o.get("uid") == meta.get("uid") for o in owners or ())
        revision = whole(str(base.part(own, "annotations").get(REVISION, "")))
        if mine and revision is not None:
            revisions[revision] = base.part(base.part(each, "spec"), "template")
    present = whole(str(base.part(meta, "annotations").get(REVISION, "")))
    now = max(revisions, default=0) if present is None else present
    older = [number for number in revisions if number < now]
    to = int(order.inputs["revision"]) if order.inputs.get("revision") else max(older, default=0)
    if to not in revisions:
        known = ", ".join(map(str, sorted(revisions))) or "none"
        raise RunFailed(f"There is no revision {to} to roll back to." if to else "There is no earlier revision.",
                        fix=f"The cluster has kept: {known}.")  # fmt: skip
    template = dict(revisions[to])
    own = dict(base.part(template, "metadata"))
    own["labels"] = {k: v for k, v in base.part(own, "labels").items() if k != _HASH}
    template["metadata"] = own
    patch = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/metadata/annotations", "value": {**base.part(meta, "annotations"), KEY: order.key}},
    ]
    return f"From revision {now} to revision {to}.", "application/json-patch+json", patch


def _rollout(found: dict[str, Any]) -> Progress:
    """As ``kubectl rollout status``."""
    spec, status, meta = base.part(found, "spec"), base.part(found, "status"), base.part(found, "metadata")
    if int(status.get("observedGeneration") or 0) < int(meta.get("generation") or 0):
        return Progress("running", "The cluster has not taken it up yet.")
    for each in status.get("conditions") or ():
        if isinstance(each, dict) and each.get("reason") == "ProgressDeadlineExceeded":
            return Progress("failed", f"The rollout does not get on: {str(each.get('message', ''))[:300]}")
    if "desiredNumberScheduled" in status:  # a daemonset
        wanted = int(status.get("desiredNumberScheduled") or 0)
        updated, ready = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
        total = wanted
    else:
        wanted = int(spec.get("replicas", 1) or 0)
        updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
        ready = int(status.get("availableReplicas") or 0)
    if updated >= wanted and total <= max(wanted, updated) and ready >= wanted and total - updated <= 0:
        return Progress("succeeded", f"All {wanted} pods are up to date and available.")
    return Progress("running", f"{updated} of {wanted} pods are up to date, {ready} are available.")


def _path(inputs: Inputs) -> str:
    kind = _KINDS[inputs["kind"]]
    return f"/apis/apps/v1/namespaces/{quote(inputs['namespace'])}/{kind}/{quote(inputs['name'])}"


runner = Kubernetes()
