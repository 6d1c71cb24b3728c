"""Services of Amazon ECS: rolled back to the task definition before, deployed anew, or scaled.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html, …/API_DescribeServices.html (a deployment's
``rolloutState``) and …/API_ListTaskDefinitions.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel.numbers import whole
from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ._client import FIELDS, call, check, client, describe, who

_NAME = r"[A-Za-z0-9][\w:/.-]{0,511}"


class Ecs:
    """See the module's text."""

    name = "aws_ecs"
    label = "AWS ECS"
    summary = "Rolls a service back to the task definition before, deploys it anew, or scales it, and follows it."
    fields = FIELDS
    inputs = (
        Field("do", "What", kind="choice", choices=("roll back", "deploy anew", "scale"), default="roll back"),
        Field("cluster", "Cluster", default="default"),
        Field("service", "Service", required=True),
        Field("task_definition", "Task definition", "family:revision; empty: the revision before the present."),
        Field("count", "Tasks", "How many, to scale."),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return check(settings)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        for name in ("cluster", "service", "task_definition"):
            base.must_match(cleaned, name, _NAME, "Write its name or its ARN.")
        base.must_match(cleaned, "count", r"\d{1,4}", "Write a number.")
        if cleaned["do"] == "scale" and "count" not in cleaned:
            base.must_match({"count": "none"}, "count", r"\d{1,4}", "Say how many tasks.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return False

    def describe(self, settings: Settings) -> str:
        return describe(settings)

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        where = f"{inputs.get('service')} in {inputs.get('cluster')}"
        if inputs.get("do") == "scale":
            return f"Scales {where} to {inputs.get('count')} tasks."
        if inputs.get("do") == "deploy anew":
            return f"Deploys {where} anew."
        return f"Rolls {where} back to {inputs.get('task_definition') or 'the task definition before'}."

    def try_it(self, settings: Settings) -> str:
        return who(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        ecs, inputs = client(settings, "ecs"), order.inputs
        now = _service(ecs, inputs)
        asked: dict[str, Any] = {"cluster": inputs["cluster"], "service": inputs["service"]}
        if inputs["do"] == "scale":
            asked["desiredCount"] = int(inputs["count"])
            said = f"From {now.get('desiredCount')} to {inputs['count']} tasks."
        elif inputs["do"] == "deploy anew":
            asked["forceNewDeployment"] = True
            said = f"Anew with {_short(now)}."
        else:
            asked["taskDefinition"] = inputs.get("task_definition") or _before(ecs, now)
            said = f"From {_short(now)} to {asked['taskDefinition'].rpartition('/')[2]}."
        if order.dry_run:
            return Progress("succeeded", f"It would be done. {said}")
        found = call(ecs, "update_service", **asked)
        return Progress("running", said, {"deployment": str(_primary(found.get("service", {})).get("id") or "")})

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        found = _service(client(settings, "ecs"), order.inputs)
        kept, primary = dict(reference), _primary(found)
        running, wanted = primary.get("runningCount", 0), primary.get("desiredCount", 0)
        text = f"{running} of {wanted} tasks run with {_short(found)}."
        if reference.get("deployment") and primary.get("id") != reference["deployment"]:
            return Progress("failed", f"Another deployment has taken its place. {text}", kept)
        state = primary.get("rolloutState")
        if state == "FAILED":
            return Progress("failed", f"{primary.get('rolloutStateReason') or 'The deployment failed.'} {text}", kept)
        settled = state == "COMPLETED" or (state is None and len(found.get("deployments", ())) == 1)
        return Progress("succeeded" if settled and running >= wanted else "running", text, kept)


def _service(ecs: Any, inputs: Inputs) -> dict[str, Any]:
    found = call(ecs, "describe_services", cluster=inputs["cluster"], services=[inputs["service"]]).get("services", [])
    if not found or found[0].get("status") == "INACTIVE":
        raise RunFailed(
            f"There is no service {inputs['service']} in {inputs['cluster']}.", fix="Look at its name there."
        )
    service: dict[str, Any] = found[0]
    return service


def _primary(service: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((each for each in service.get("deployments", ()) if each.get("status") == "PRIMARY"), {})


def _short(service: Mapping[str, Any]) -> str:
    return str(service.get("taskDefinition", "")).rpartition("/")[2]


def _before(ecs: Any, service: Mapping[str, Any]) -> str:
    """The last active revision of the family before the present one."""
    family, _, revision = _short(service).rpartition(":")
    now = whole(revision) or 0
    found = call(ecs, "list_task_definitions", familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=100)
    for arn in found.get("taskDefinitionArns", ()):
        name, _, number = str(arn).rpartition("/")[2].rpartition(":")
        if name == family and (whole(number) or now) < now:
            return str(arn)
    raise RunFailed(f"There is no active revision of {family} before {revision}.", fix="Name one to go to.")


ecs = Ecs()
