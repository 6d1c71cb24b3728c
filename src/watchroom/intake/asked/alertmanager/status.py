"""What this Alertmanager is and how it routes: in a configuration that Alertmanager's own tools can read."""

from __future__ import annotations

from typing import Any

import yaml

from .... import __version__
from ....kernel import clock
from ....paging.models import EscalationPolicy
from ....sources.alertmanager.source import API_OF
from ...models import InhibitRule, Integration, TimeInterval
from ...routing import tree
from ...rules import DEFAULT_GROUP_BY, DEFAULT_GROUP_INTERVAL_SECONDS, DEFAULT_GROUP_WAIT_SECONDS, Node
from .alerts import DEFAULT_RECEIVER
from .forms import shown_time

_STARTED_AT = clock.now()


def of(integration: Integration) -> dict[str, Any]:
    """`GET /status`."""
    version = {"version": f"{API_OF}+watchroom.{__version__}", "revision": "", "branch": "watchroom"}
    unknown = {"buildUser": "", "buildDate": "", "goVersion": ""}
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": version | unknown,
        "config": {"original": configuration(integration)},
        "uptime": shown_time(_STARTED_AT),
    }


def receivers() -> list[dict[str, str]]:
    """`GET /receivers`: the escalation policies, and what stands for a service's own."""
    return [{"name": name} for name in _receivers()]


def _receivers() -> list[str]:
    return [DEFAULT_RECEIVER, *EscalationPolicy.objects.order_by("slug").values_list("slug", flat=True)]


def configuration(integration: Integration) -> str:
    """The routing tree and the inhibition rules as an `alertmanager.yml`. Receivers are escalation policies."""
    slugs = dict(EscalationPolicy.objects.values_list("pk", "slug"))
    root = tree()
    route = {
        "receiver": DEFAULT_RECEIVER,
        "group_by": list(DEFAULT_GROUP_BY),
        "group_wait": f"{DEFAULT_GROUP_WAIT_SECONDS}s",
        "group_interval": f"{DEFAULT_GROUP_INTERVAL_SECONDS}s",
        "routes": [_route(child, slugs) for child in root.children],
    }
    rules = [
        {"source_matchers": each.source_matchers, "target_matchers": each.target_matchers, "equal": each.equal}
        for each in InhibitRule.objects.all()
        if each.team_id in (None, integration.team_id)
    ]
    intervals = [{"name": each.name, "time_intervals": each.intervals} for each in TimeInterval.objects.all()]
    said = {"route": route, "inhibit_rules": rules, "receivers": receivers(), "time_intervals": intervals}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)


def _route(node: Node, slugs: dict[int, str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if node.policy is not None:
        said["receiver"] = slugs[node.policy]
    if node.matchers:
        said["matchers"] = [str(each) for each in node.matchers]
    if node.goes_on:
        said["continue"] = True
    if node.group_by is not None:
        said["group_by"] = list(node.group_by)
    if node.group_wait_seconds is not None:
        said["group_wait"] = f"{node.group_wait_seconds}s"
    if node.group_interval_seconds is not None:
        said["group_interval"] = f"{node.group_interval_seconds}s"
    if node.repeat_interval_seconds:  # Alertmanager has no "never"
        said["repeat_interval"] = f"{node.repeat_interval_seconds}s"
    if node.mute:
        said["mute_time_intervals"] = [each.name for each in node.mute]
    if node.active:
        said["active_time_intervals"] = [each.name for each in node.active]
    if node.children:
        said["routes"] = [_route(child, slugs) for child in node.children]
    return said
