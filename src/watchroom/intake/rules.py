"""Pure decisions of intake: the routing tree, grouping, and which severity a group has.

The tree follows Alertmanager's documented semantics: a node with matching children is not itself a match; after the first
matching child its siblings are tried only if it says so. https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .matchers import Matcher

SEVERITY_ORDER = ("critical", "error", "warning", "info")
EVERY_LABEL = "..."
DEFAULT_GROUP_BY: tuple[str, ...] = ("alertname",)
DEFAULT_GROUP_WAIT_SECONDS = 0


@dataclass(frozen=True)
class Node:
    """A route of the tree. ``None`` means: as the parent says."""

    key: int
    name: str
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait_seconds: int | None = None
    service: int | None = None
    policy: int | None = None
    urgency: str = ""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Where an alert goes: the route that takes it, with everything inherited on the way."""

    route: int
    path: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait_seconds: int
    service: int | None
    policy: int | None
    urgency: str


@dataclass(frozen=True)
class _Inherited:
    group_by: tuple[str, ...] = DEFAULT_GROUP_BY
    group_wait_seconds: int = DEFAULT_GROUP_WAIT_SECONDS
    service: int | None = None
    policy: int | None = None
    urgency: str = ""
    path: tuple[str, ...] = field(default=())

    def below(self, node: Node) -> _Inherited:
        return _Inherited(
            node.group_by if node.group_by is not None else self.group_by,
            node.group_wait_seconds if node.group_wait_seconds is not None else self.group_wait_seconds,
            node.service if node.service is not None else self.service,
            node.policy if node.policy is not None else self.policy,
            node.urgency or self.urgency,
            (*self.path, node.name),
        )


def routes_of(tree: Node, labels: Mapping[str, str]) -> list[Outcome]:
    """Every route that takes an alert with these labels, in order. Never empty: the root takes what no child takes."""
    return _walk(tree, _Inherited().below(tree), labels)


def _walk(node: Node, own: _Inherited, labels: Mapping[str, str]) -> list[Outcome]:
    found: list[Outcome] = []
    for child in node.children:
        if all(each.accepts(labels) for each in child.matchers):
            found += _walk(child, own.below(child), labels)
            if not child.goes_on:
                break
    if found:
        return found
    return [Outcome(node.key, own.path, own.group_by, own.group_wait_seconds, own.service, own.policy, own.urgency)]


def group_labels(group_by: Sequence[str], labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that alerts of one group share. ``...`` means all of them: every alert is a group of its own."""
    if EVERY_LABEL in group_by:
        return dict(sorted(labels.items()))
    return {name: labels[name] for name in sorted(group_by) if labels.get(name)}


def stands_alone(group_by: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether an alert is a group of its own because no route says how to group and it has no alertname. Only Prometheus
    gives every alert one; two different problems of another sender must not hide behind each other."""
    return tuple(group_by) == DEFAULT_GROUP_BY and not any(labels.get(name) for name in group_by)


def group_key(route: int, service: int | None, team: int, shared: Mapping[str, str], alone: str = "") -> str:
    """What makes two alerts belong together: route, service (without one, the team) and the shared labels (SHA-256 of
    their JSON). A service has one team; alerts of two teams must not share a group, or only one of them is paged.
    ``alone`` sets an alert apart (see :func:`stands_alone`)."""
    about = service if service is not None else f"team {team}"
    parts: list[object] = [route, about, sorted(shared.items()), *([alone] if alone else [])]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def worst(severities: Iterable[str]) -> str:
    """The most severe of these; ``info`` of none."""
    return min(severities, key=SEVERITY_ORDER.index, default="info")


def urgency_of(severity: str, stated: str) -> str:
    """How loud a group is: what its route says, else high for critical and error, low for the rest."""
    return stated or ("high" if severity in {"critical", "error"} else "low")
