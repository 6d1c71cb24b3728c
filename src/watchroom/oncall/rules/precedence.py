"""Who of all candidates is on call at one instant: overrides first, then the highest layer that has somebody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from .values import Duty, Layer, Override


class Decision(NamedTuple):
    """Those on call, each person once, and those who would have been but cannot be reached."""

    on_call: tuple[Duty, ...]
    unreachable: tuple[Duty, ...]


def by_precedence(layers: Iterable[Layer]) -> list[Layer]:
    """The highest precedence first; equal ones in the order given."""
    return sorted(layers, key=lambda layer: -layer.precedence)


def decide(
    present: Iterable[tuple[Layer, tuple[int, ...]]], active: Sequence[Override], unreachable: frozenset[int]
) -> Decision:
    """Decide an instant from the layers ``present``, with their people, and the overrides ``active`` then.

    ``present`` comes in the order of ``by_precedence`` and ``active`` in the order of keys. First each person is
    replaced by whoever took over from them, then unreachable people are left out, and only then precedence counts: an
    override or a layer of which nobody can be reached hides nobody. A replacement that cannot be reached changes
    nothing.
    """
    lost: list[Duty] = []
    takers = [override for override in active if override.replaces is not None]

    def reachable(duties: Iterable[Duty]) -> tuple[Duty, ...]:
        found: dict[int, Duty] = {}
        if not takers and not unreachable:  # as almost always, and then nothing stands in anybody's way
            for duty in duties:
                found.setdefault(duty.person, duty)
            return tuple(found.values())
        for duty in duties:
            for taker in takers:
                if taker.replaces == duty.person and (duty.override is None or taker.key > duty.override):
                    taken = Duty(taker.person, "override", None, taker.key)
                    if taker.person in unreachable:
                        lost.append(taken)
                    else:
                        duty = taken
            if duty.person in unreachable:
                lost.append(duty)
            else:
                found.setdefault(duty.person, duty)
        return tuple(found.values())

    instead = [Duty(one.person, "override", None, one.key) for one in active if one.replaces is None]
    if instead and (on_call := reachable(instead)):
        return Decision(on_call, tuple(lost))
    for _, level in groupby(present, key=lambda pair: pair[0].precedence):
        duties = (Duty(person, layer.why, layer.key, None) for layer, people in level for person in people)
        if on_call := reachable(duties):
            return Decision(on_call, tuple(lost))
    return Decision((), tuple(lost))
