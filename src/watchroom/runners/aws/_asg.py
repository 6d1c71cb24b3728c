"""Auto Scaling groups of Amazon EC2: another capacity, or all instances anew.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html, …/API_StartInstanceRefresh.html,
…/API_DescribeInstanceRefreshes.html and …/API_DescribeAutoScalingGroups.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings
from ._client import FIELDS, call, check, client, describe, who

_ENDED_BADLY = {"Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"}


class Asg:
    """See the module's text."""

    name = "aws_asg"
    label = "AWS Auto Scaling"
    summary = "Sets the capacity of an Auto Scaling group, or replaces its instances, and follows it."
    fields = FIELDS
    inputs = (
        Field("do", "What", kind="choice", choices=("capacity", "refresh"), default="capacity"),
        Field("group", "Group", required=True),
        Field("count", "Instances", "How many, for a capacity."),
        Field("healthy", "Healthy at least", "Per cent that stay while instances are replaced.", default="90"),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return check(settings)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.must_match(cleaned, "group", r"[^\x00-\x1f:]{1,255}", "Write its name.")
        base.must_match(cleaned, "count", r"\d{1,4}", "Write a number.")
        base.must_match(cleaned, "healthy", r"\d{1,2}|100", "Write 0 to 100.")
        if cleaned["do"] == "capacity" and "count" not in cleaned:
            base.must_match({"count": "none"}, "count", r"\d{1,4}", "Say how many instances.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return False

    def describe(self, settings: Settings) -> str:
        return describe(settings)

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        if inputs.get("do") == "refresh":
            return (
                f"Replaces the instances of {inputs.get('group')}, {inputs.get('healthy')} % of them healthy at least."
            )
        return f"Sets {inputs.get('group')} to {inputs.get('count')} instances."

    def try_it(self, settings: Settings) -> str:
        return who(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        scaling, inputs = client(settings, "autoscaling"), order.inputs
        group = _group(scaling, inputs)
        if inputs["do"] == "refresh":
            if order.dry_run:
                return Progress("succeeded", f"{len(group.get('Instances', ()))} instances would be replaced.")
            found = call(
                scaling, "start_instance_refresh", AutoScalingGroupName=inputs["group"], Strategy="Rolling",
                Preferences={"MinHealthyPercentage": int(inputs["healthy"])},
            )  # fmt: skip
            return Progress("running", "It has begun.", {"refresh": str(found.get("InstanceRefreshId") or "")})
        count, least, most = int(inputs["count"]), int(group.get("MinSize", 0)), int(group.get("MaxSize", 0))
        if not least <= count <= most:
            raise RunFailed(
                f"The group allows {least} to {most} instances.", fix="Change its limits, or ask for others."
            )
        said = f"From {group.get('DesiredCapacity')} to {count} instances."
        if order.dry_run:
            return Progress("succeeded", f"It would be done. {said}")
        call(
            scaling,
            "set_desired_capacity",
            AutoScalingGroupName=inputs["group"],
            DesiredCapacity=count,
            HonorCooldown=False,
        )
        return Progress("running", said)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        scaling, inputs = client(settings, "autoscaling"), order.inputs
        if inputs["do"] == "refresh":
            return _refresh(scaling, inputs, reference)
        group = _group(scaling, inputs)
        ready = sum(
            each.get("LifecycleState") == "InService" and each.get("HealthStatus") == "Healthy"
            for each in group.get("Instances", ())
        )
        text = f"{ready} of {inputs['count']} instances are in service."
        if int(group.get("DesiredCapacity", -1)) != int(inputs["count"]):
            return Progress("failed", f"Something else has set {group.get('DesiredCapacity')} instances. {text}")
        done = ready == int(inputs["count"]) == len(group.get("Instances", ()))
        return Progress("succeeded" if done else "running", text)


def _group(scaling: Any, inputs: Inputs) -> dict[str, Any]:
    found = call(scaling, "describe_auto_scaling_groups", AutoScalingGroupNames=[inputs["group"]]).get(
        "AutoScalingGroups", []
    )
    if not found:
        raise RunFailed(f"There is no group {inputs['group']}.", fix="Look at its name there.")
    group: dict[str, Any] = found[0]
    return group


def _refresh(scaling: Any, inputs: Inputs, reference: Mapping[str, Any]) -> Progress:
    found = call(
        scaling, "describe_instance_refreshes", AutoScalingGroupName=inputs["group"],
        InstanceRefreshIds=[reference.get("refresh", "")],
    ).get("InstanceRefreshes", [])  # fmt: skip
    row = found[0] if found else {}
    state = str(row.get("Status") or "")
    text = f"{state or 'Unknown'}, {row.get('PercentageComplete', 0)} % done. {row.get('StatusReason') or ''}".strip()
    if state == "Successful":
        return Progress("succeeded", text, dict(reference))
    return Progress("failed" if state in _ENDED_BADLY else "running", text, dict(reference))


asg = Asg()
