"""The values that the on-call rules take and give. People, layers and overrides are known by their database keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal, NamedTuple

Unit = Literal["hours", "days", "weeks", "months"]
Why = Literal["rotation", "override", "calendar"]


class RuleError(ValueError):
    """A value that the rules cannot accept: which ``field``, which ``value``, and the ``fix``."""

    def __init__(self, message: str, *, field: str, value: object, fix: str) -> None:
        self.message, self.field, self.value, self.fix = message, field, value, fix
        super().__init__(f"{field}: {message} {fix}")


@dataclass(frozen=True, slots=True)
class Restriction:
    """A window of local time that comes back every day, or every week when both days are given (Monday is 0).

    An end at or before the start lies in the next day (or week); the same start and end mean the whole day (or week).
    """

    start: time
    end: time
    start_day: int | None = None
    end_day: int | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """People taking turns of ``length`` ``unit``s, from the local time ``starts_at`` in ``zone`` until ``until``.

    ``members`` holds the turns in order; each is the people of that turn, on call together. With ``restrictions`` they
    are on call only inside those windows. The reachable people of the highest ``precedence`` win; equals are on call
    together.

    ``shadows`` are the people of each turn who learn beside the others: shown, never on call. A layer with ``spans``
    has no turns: its shifts were read from a calendar, and each span names its people.
    """

    key: int
    name: str
    precedence: int
    unit: str
    length: int
    starts_at: datetime
    zone: str
    members: tuple[tuple[int, ...], ...]
    restrictions: tuple[Restriction, ...] = ()
    until: datetime | None = None
    shadows: tuple[tuple[int, ...], ...] = ()
    spans: tuple[tuple[datetime, datetime, tuple[int, ...]], ...] | None = None
    within: tuple[datetime, datetime] | None = None  # a temporary layer counts only then
    never: tuple[tuple[datetime, datetime], ...] = ()  # while a temporary one replaces it; in order, without overlaps

    @property
    def why(self) -> Why:
        """What its duties are due to."""
        return "rotation" if self.spans is None else "calendar"


@dataclass(frozen=True, slots=True)
class Override:
    """``person`` takes over from ``replaces``, or from everybody of the schedule when that is None.

    The one that takes over from a person counts only while that person would be on call. Of several at a time, those
    that replace everybody are on call together, and those that replace a person apply in the order of their keys.
    """

    key: int
    person: int
    starts_at: datetime
    ends_at: datetime
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides a schedule. ``unreachable``: people that no page could reach, so they never count."""

    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    unreachable: frozenset[int] = field(default_factory=frozenset)


class Duty(NamedTuple):
    """Somebody is on call, by a ``layer`` (why: rotation or calendar) or by an ``override``."""

    person: int
    why: Why
    layer: int | None
    override: int | None


@dataclass(frozen=True, slots=True)
class Shift:
    """``person`` is on call from ``starts_at`` up to, not including, ``ends_at`` (both UTC)."""

    person: int
    starts_at: datetime
    ends_at: datetime
    why: Why
    layer: int | None
    override: int | None


@dataclass(frozen=True, slots=True)
class Dropped:
    """Left out although it was their time: an ``unreachable`` person, or a ``broken`` layer (``person`` is None)."""

    person: int | None
    starts_at: datetime
    ends_at: datetime
    why: Literal["unreachable", "broken"]
    layer: int | None
    override: int | None
    detail: str = ""
