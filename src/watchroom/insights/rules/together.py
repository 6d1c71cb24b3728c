"""Which alerts always fire together, and by which label they would have been one group. Pure.

What is looked at are the openings of alert groups of one team on one route. Alerts that fire together share the value of a
label (a cluster, a node), and most of them open within two minutes of each other whenever one of them does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=2)
LEAST_ALERTS, LEAST_TIMES, SHARE = 3, 3, 0.8
MOST_LABELS, MOST_SUGGESTIONS = 20, 3
UNFIT = frozenset({"alertname", "severity", "priority"})  # they say what it is, not where
PREFERRED = ("cluster", "node", "host", "service", "namespace", "zone", "region", "job", "environment", "env")


@dataclass(frozen=True, slots=True)
class Opening:
    """An alert group that opened. ``key`` is the same for each opening of the same alerts, ``rule`` their alertname,
    ``scope`` what no grouping can cross (its service), ``labels`` those that all its alerts share."""

    at: datetime
    group: int
    key: str
    rule: str
    scope: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Together:
    """Alerts that fire together: by ``label``, ``alerts`` different ones of these ``rules`` fired together ``together``
    times of the ``times`` that any of them did. They were ``groups`` alert groups, and would have been ``times``."""

    label: str
    rules: tuple[str, ...]
    alerts: int
    times: int
    together: int
    groups: int
    examples: tuple[int, ...]  # alert groups of the last time
    whole: bool  # nothing else opened there
    occasions: tuple[tuple[int, ...], ...] = ()  # the alert groups of each time that any of them fired

    @property
    def spared(self) -> int:
        return self.groups - self.times


@dataclass(frozen=True, slots=True)
class _Family:
    rules: frozenset[str]
    alerts: int
    times: int
    together: int
    groups: int
    occasions: tuple[tuple[int, ...], ...]
    last: tuple[datetime, tuple[int, ...]]


def messages(occasions: Iterable[Sequence[int]], received: Mapping[int, Set[int]]) -> tuple[int, int]:
    """How many messages people got on these occasions, and how many it would have been with one group each time: as many
    as the group that sent most. ``received`` are the messages about each group; one about several counts once."""
    was = would = 0
    for groups in occasions:
        each = [received.get(group, frozenset()) for group in groups]
        was += len(frozenset[int]().union(*each))
        would += max(map(len, each), default=0)
    return was, would


def suggestions(openings: Sequence[Opening]) -> list[Together]:
    """What always fires together, by the label that would have spared most; at most a few."""
    left, found = list(openings), list[Together]()
    while len(found) < MOST_SUGGESTIONS:
        best = max(filter(None, (_by(label, left, openings) for label in _labels(left))), key=_worth, default=None)
        if best is None:
            break
        found.append(best)
        left = [each for each in left if each.rule not in best.rules]
    return found


def _worth(found: Together) -> tuple[int, int, str]:
    rank = PREFERRED.index(found.label) if found.label in PREFERRED else len(PREFERRED)
    return found.spared, -rank, found.label


def _labels(openings: Iterable[Opening]) -> list[str]:
    """The labels that most of them have, and that may say where."""
    counted = Counter(name for each in openings for name in each.labels if name not in UNFIT)
    return [name for name, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:MOST_LABELS]]


def _by(label: str, openings: Sequence[Opening], everything: Sequence[Opening]) -> Together | None:
    by_value: dict[tuple[int, str], list[Opening]] = defaultdict(list)
    for each in openings:
        if value := each.labels.get(label):
            by_value[each.scope, value].append(each)
    families = [family for rows in by_value.values() if (family := _family(rows)) is not None]
    if not families:
        return None
    rules = frozenset[str]().union(*(family.rules for family in families))
    return Together(
        label=label,
        rules=tuple(sorted(rules)),
        alerts=sum(family.alerts for family in families),
        times=sum(family.times for family in families),
        together=sum(family.together for family in families),
        groups=sum(family.groups for family in families),
        examples=max(family.last for family in families)[1],
        whole=all(each.rule in rules for each in everything),
        occasions=tuple(occasion for family in families for occasion in family.occasions),
    )


def _family(openings: list[Opening]) -> _Family | None:
    """Those of one value that fire together; None where none do, or not often, or not always."""
    bursts = _bursts(openings)
    several = [burst for burst in bursts if len({each.key for each in burst}) >= LEAST_ALERTS]
    if len(several) < LEAST_TIMES:
        return None
    seen = Counter(key for burst in several for key in {each.key for each in burst})
    keys = {key for key, count in seen.items() if count >= SHARE * len(several)}
    if len(keys) < LEAST_ALERTS:
        return None
    theirs = [own for burst in bursts if (own := [each for each in burst if each.key in keys])]
    full = [own for own in theirs if len({each.key for each in own}) >= SHARE * len(keys)]
    if len(full) < LEAST_TIMES or len(full) < SHARE * len(theirs):
        return None
    return _Family(
        rules=frozenset(each.rule for own in theirs for each in own),
        alerts=len(keys),
        times=len(theirs),
        together=len(full),
        groups=sum(map(len, theirs)),
        occasions=tuple(tuple(each.group for each in own) for own in theirs),
        last=(full[-1][0].at, tuple(each.group for each in full[-1])[:20]),
    )


def _bursts(openings: list[Opening]) -> list[list[Opening]]:
    """The openings, those within two minutes of the first of them together."""
    found: list[list[Opening]] = []
    for each in sorted(openings, key=lambda one: (one.at, one.group)):
        if found and each.at - found[-1][0].at <= WINDOW:
            found[-1].append(each)
        else:
            found.append([each])
    return found
