"""Who of all candidates is on call at one instant: overrides first, then the highest layer that has somebody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from .values import Duty, Layer, Override

Duties = tuple[Duty, ...]


class Decision(NamedTuple):
    """Those on call, each person once, and those who would have been but cannot be reached."""

    on_call: Duties
    unreachable: Duties


def by_precedence(layers: Iterable[Layer]) -> list[Layer]:
    """The highest precedence first; equal ones in the order given."""
    return sorted(layers, key=attrgetter("precedence"), reverse=True)


def duties_of(layer: Layer, people: Iterable[int]) -> Duties:
    """These people are on call by this layer, each once."""
    why, key = layer.why, layer.key
    return tuple([Duty(person, why, key, None) for person in dict.fromkeys(people)])


def decide(levels: Iterable[Iterable[Duties]], active: Sequence[Override], unreachable: frozenset[int]) -> Decision:
    """Decide an instant from the duties that each layer would give, and the overrides ``active`` then.

    ``levels`` come from the highest precedence down, each with the duties of its layers, and are asked for one by one, only
    until somebody is found; ``active`` comes in the order of keys. First each person is replaced by whoever took over from
    them, then unreachable people are left out, and only then precedence counts: an override or a layer of which nobody can
    be reached hides nobody. A replacement that cannot be reached changes nothing.
    """
    if not active and not unreachable:  # as almost always, and then nothing stands in anybody's way
        for level in levels:
            rows = [row for row in level if row]
            if rows:
                return Decision(rows[0] if len(rows) == 1 else _once(chain.from_iterable(rows)), ())
        return Decision((), ())
    lost: list[Duty] = []
    takers = [override for override in active if override.replaces is not None]

    def reachable(duties: Iterable[Duty]) -> Duties:
        found: list[Duty] = []
        for duty in duties:
            for taker in takers:
                if taker.replaces == duty.person and (duty.override is None or taker.key > duty.override):
                    taken = Duty(taker.person, "override", None, taker.key)
                    if taker.person in unreachable:
                        lost.append(taken)
                    else:
                        duty = taken
            (lost if duty.person in unreachable else found).append(duty)
        return _once(found)

    instead = [Duty(one.person, "override", None, one.key) for one in active if one.replaces is None]
    if instead and (on_call := reachable(instead)):
        return Decision(on_call, tuple(lost))
    for level in levels:
        if on_call := reachable(chain.from_iterable(level)):
            return Decision(on_call, tuple(lost))
    return Decision((), tuple(lost))


def _once(duties: Iterable[Duty]) -> Duties:
    """Each person once: by what comes first."""
    found: dict[int, Duty] = {}
    for duty in duties:
        found.setdefault(duty.person, duty)
    return tuple(found.values())
