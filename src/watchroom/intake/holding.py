"""What holds alerts and groups back from paging, decided: values in, values out. No Django, no clock, no I/O.

Silences and inhibition hold single alerts, as in Alertmanager; a maintenance window and an upstream service that is down
hold a whole group, because both are about its service, and so do the hours of its route. A group is held when it is, or when all its firing alerts are.
https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .matchers import Matcher
from .rules.intervals import Times, mute_ends, wait_ends


@dataclass(frozen=True)
class Hold:
    """Why something pages nobody: ``kind`` is silence, inhibition, maintenance, upstream, mute, hours or flapping; ``id``
    says which one (of mute and hours the route, of flapping the group itself)."""

    kind: str
    id: int
    name: str
    until: str = ""  # RFC 3339, where an end is known

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_PAGES = {
    "silence": "/silences/",
    "inhibition": "/inhibit-rules/",
    "maintenance": "/maintenance/",
    "upstream": "/alerts/",
    "mute": "/routes/",
    "hours": "/routes/",
    "flapping": "/alerts/",
}


def page_of(held: Mapping[str, Any]) -> str:
    """Where what holds something, as :meth:`Hold.as_json` has it, is seen and changed."""
    return f"{_PAGES[held['kind']]}{held['id']}"


@dataclass(frozen=True)
class SilenceRule:
    """An active silence. ``team`` None: for every team's alerts."""

    id: int
    name: str
    until: str
    team: int | None
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class Inhibition:
    """A rule: sources that fire hold targets with the same values of the labels in ``equal``."""

    id: int
    name: str
    team: int | None
    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True)
class Firing:
    """A firing alert as far as holding is concerned."""

    id: int
    team: int | None
    labels: Mapping[str, str]


def accepts(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all matchers accept the labels. No matchers accept nothing: such a rule would hold everything."""
    return bool(matchers) and all(each.accepts(labels) for each in matchers)


def silenced_by(alert: Firing, silences: Iterable[SilenceRule]) -> Hold | None:
    """The silence that holds this alert; of several, the one that ends last."""
    found = [each for each in silences if each.team in (None, alert.team) and accepts(each.matchers, alert.labels)]
    if not found:
        return None
    last = max(found, key=lambda each: (each.until, each.id))
    return Hold("silence", last.id, last.name, last.until)


def same(one: Mapping[str, str], other: Mapping[str, str], equal: Sequence[str]) -> bool:
    """Whether both have the same values of these labels; a label that is not there counts as empty."""
    return all(one.get(name, "") == other.get(name, "") for name in equal)


def inhibits(rule: Inhibition, source: Firing, target: Firing) -> bool:
    """Whether ``source`` holds ``target`` by this rule. No alert holds itself, and one that both sides of the rule accept
    is not held by another such: otherwise two of them would silence each other."""
    if source.id == target.id or rule.team not in (None, target.team) or rule.team not in (None, source.team):
        return False
    if not accepts(rule.targets, target.labels) or not accepts(rule.sources, source.labels):
        return False
    if not same(source.labels, target.labels, rule.equal):
        return False
    return not (accepts(rule.sources, target.labels) and accepts(rule.targets, source.labels))


def inhibited_by(target: Firing, rules: Iterable[Inhibition], sources: Mapping[int, Sequence[Firing]]) -> Hold | None:
    """The first rule by which some source that fires holds this alert. ``sources``: per rule, what its source side
    accepts; any of them will do."""
    for rule in rules:
        if any(inhibits(rule, source, target) for source in sources.get(rule.id, ())):
            return Hold("inhibition", rule.id, rule.name)
    return None


def by_times(times: Times, route: int, name: str, at: datetime, *, waits: bool) -> Hold | None:
    """What holds the groups of a route at this moment because of its time intervals; ``waits``: it is of low urgency, and
    nobody has said that it shall not wait."""
    if why := times.muted(at):
        return Hold("mute", route, f"route {name} {why}", _stated(mute_ends(times, at)))
    if waits and (why := times.waits(at)):
        return Hold("hours", route, f"low urgency waits {why}", _stated(wait_ends(times, at)))
    return None


def _stated(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def of_group(own: Hold | None, alerts: Sequence[Hold | None]) -> Hold | None:
    """What holds a group: its own hold, or, when every firing alert is held, the first of theirs."""
    if own is not None:
        return own
    return alerts[0] if alerts and all(each is not None for each in alerts) else None


def too_wide(matchers: Sequence[Matcher]) -> bool:
    """Whether a silence with these matchers might hold nearly everything: nothing in it asks for a certain value."""
    return not any(each.op in {"=", "=~"} and each.value and not each.accepts({}) for each in matchers)
