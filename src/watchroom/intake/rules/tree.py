"""The routing tree, and grouping. Pure: no Django, no clock, no I/O.

The tree follows Alertmanager's documented semantics: a node with matching children is not itself a match; after the first
matching child its siblings are tried only if it says so. https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ..matchers import Matcher
from .declaring import Declares
from .intervals import Interval, Times

EVERY_LABEL = "..."
DEFAULT_GROUP_BY: tuple[str, ...] = ("alertname",)
DEFAULT_GROUP_WAIT_SECONDS = 0
DEFAULT_GROUP_INTERVAL_SECONDS = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A route of the tree. ``None``, and an empty text, mean: as the parent says. ``times`` are the node's own, except for
    ``low_during``: mute and active intervals are not inherited, as in Alertmanager."""

    key: int
    name: str
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait_seconds: int | None = None
    group_interval_seconds: int | None = None
    repeat_interval_seconds: int | None = None
    service: int | None = None
    service_label: str = ""
    policy: int | None = None
    urgency: str = ""
    severities: tuple[tuple[str, Matcher], ...] | None = None
    mute: tuple[Interval, ...] = ()
    active: tuple[Interval, ...] = ()
    low_during: tuple[Interval, ...] | None = None
    declares: Declares | Literal[False] | None = None
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Where an alert goes: the route that takes it, with everything inherited on the way. ``repeat_interval_seconds`` 0:
    never; ``severity``: what the route says that it is, where it says so; ``service_label``: whose value names a service;
    ``declares``: what incident is declared for a group of it, if any."""

    route: int
    path: tuple[str, ...]
    group_by: tuple[str, ...] = DEFAULT_GROUP_BY
    group_wait_seconds: int = DEFAULT_GROUP_WAIT_SECONDS
    group_interval_seconds: int = DEFAULT_GROUP_INTERVAL_SECONDS
    repeat_interval_seconds: int = 0
    service: int | None = None
    service_label: str = ""
    policy: int | None = None
    urgency: str = ""
    severities: tuple[tuple[str, Matcher], ...] = ()
    times: Times = Times()
    declares: Declares | None = None

    def below(self, node: Node) -> Outcome:
        """What ``node`` makes of it."""

        return Outcome(
            route=node.key,
            path=(*self.path, node.name),
            group_by=_own(node.group_by, self.group_by),
            group_wait_seconds=_own(node.group_wait_seconds, self.group_wait_seconds),
            group_interval_seconds=_own(node.group_interval_seconds, self.group_interval_seconds),
            repeat_interval_seconds=_own(node.repeat_interval_seconds, self.repeat_interval_seconds),
            service=_own(node.service, self.service),
            service_label=node.service_label or self.service_label,
            policy=_own(node.policy, self.policy),
            urgency=node.urgency or self.urgency,
            severities=_own(node.severities, self.severities),
            times=Times(node.mute, node.active, _own(node.low_during, self.times.low)),
            declares=self.declares if node.declares is None else node.declares or None,
        )

    def severity_of(self, labels: Mapping[str, str]) -> str:
        """The severity that the route gives to an alert with these labels; empty: what its sender says."""
        return next((severity for severity, test in self.severities if test.accepts(labels)), "")


def _own(value: T | None, inherited: T) -> T:
    return inherited if value is None else value


@dataclass(frozen=True)
class Visit:
    """One node, as an alert came by. ``why`` says in words why it took it, passed it on, or was not asked; ``tests`` are
    its matchers, each with the value that it saw and whether it accepted that."""

    route: int
    name: str
    depth: int
    verdict: str  # takes, passes (to its children), refuses, unasked
    why: str
    tests: tuple[tuple[str, str, bool], ...] = ()


def routes_of(tree: Node, labels: Mapping[str, str]) -> list[Outcome]:
    """Every route that takes an alert with these labels, in order. Never empty: the root takes what no child takes."""
    return _walk(tree, Outcome(0, ()).below(tree), labels)


def _walk(node: Node, own: Outcome, labels: Mapping[str, str]) -> list[Outcome]:
    found: list[Outcome] = []
    for child in node.children:
        if all(each.accepts(labels) for each in child.matchers):
            found += _walk(child, own.below(child), labels)
            if not child.goes_on:
                break
    return found or [own]


def outcomes_by_route(tree: Node) -> dict[int, Outcome]:
    """What each route of the tree says, with everything inherited."""
    found: dict[int, Outcome] = {}

    def below(node: Node, own: Outcome) -> None:
        found[node.key] = own
        for child in node.children:
            below(child, own.below(child))

    below(tree, Outcome(0, ()).below(tree))
    return found


def says_severity(tree: Node) -> bool:
    """Whether any route says what the severity of an alert is."""
    return bool(tree.severities) or any(says_severity(child) for child in tree.children)


def service_labels(tree: Node) -> frozenset[str]:
    """The labels by which any route lets an alert name its service."""
    own = frozenset({tree.service_label} if tree.service_label else ())
    return own.union(*(service_labels(child) for child in tree.children))


def explain(tree: Node, labels: Mapping[str, str]) -> list[Visit]:
    """The way of an alert with these labels through the tree, node by node: what :func:`routes_of` decides, and why."""
    return _explained(tree, 0, labels)[0]


def _explained(node: Node, depth: int, labels: Mapping[str, str]) -> tuple[list[Visit], bool]:
    """The visits of a node and those below it, and whether it accepts the labels."""
    tests = tuple((str(each), labels.get(each.name, ""), each.accepts(labels)) for each in node.matchers)
    if not all(accepted for _, _, accepted in tests):
        failed = next(text for text, _, accepted in tests if not accepted)
        return [Visit(node.key, node.name, depth, "refuses", f"{failed} does not match", tests)], False
    below: list[Visit] = []
    taken_by = ""
    taken = False
    for child in node.children:
        if taken_by:
            why = f"{taken_by} took it, and does not go on"
            below.append(Visit(child.key, child.name, depth + 1, "unasked", why))
            continue
        visits, accepted = _explained(child, depth + 1, labels)
        below += visits
        taken = taken or accepted
        if accepted and not child.goes_on:
            taken_by = child.name
    if taken:
        own = Visit(node.key, node.name, depth, "passes", "a route below it takes it", tests)
    else:
        why = (
            "no route below it takes it" if node.children else "it matches" if node.matchers else "it takes everything"
        )
        own = Visit(node.key, node.name, depth, "takes", why, tests)
    return [own, *below], True


def group_labels(group_by: Sequence[str], labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that alerts of one group share. ``...`` means all of them: every alert is a group of its own."""
    if EVERY_LABEL in group_by:
        return dict(sorted(labels.items()))
    return {name: labels[name] for name in sorted(group_by) if labels.get(name)}


def stands_alone(group_by: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether an alert is a group of its own because no route says how to group and it has no alertname. Only Prometheus
    gives every alert one; two different problems of another sender must not hide behind each other."""
    return tuple(group_by) == DEFAULT_GROUP_BY and not any(labels.get(name) for name in group_by)


def group_key(
    route: int, service: int | None, team: int, shared: Mapping[str, str], alone: str = "", *, drill: int | None = None
) -> str:
    """What makes two alerts belong together: route, service (without one, the team) and the shared labels (SHA-256 of
    their JSON). A service has one team; alerts of two teams must not share a group, or only one of them is paged.
    ``alone`` sets an alert apart (see :func:`stands_alone`); ``drill``, by the number of its integration, never joins what is
    real, nor the other way round, nor what another team practises."""
    about = service if service is not None else f"team {team}"
    parts: list[object] = [
        route,
        about,
        sorted(shared.items()),
        *([alone] if alone else []),
        *([{"drill": drill}] if drill is not None else []),
    ]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
