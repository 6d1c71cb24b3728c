"""By which rules a team pays for on-call, and from which day. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

MOST = Decimal(1_000_000)
_NONE = Decimal(0)
_WORDS = {
    "work": "working time",
    "weekday": "weekday",
    "night": "night",
    "weekend": "weekend",
    "holiday": "public holiday",
    "page_out_of_hours": "a page out of hours",
    "page_at_night": "a page at night",
    "off_per_night": "h off for a night with a page",
    "off_per_weekend_day": "h off for a weekend day",
    "off_per_holiday": "h off for a public holiday",
}


class PayError(ValueError):
    """A rule that can't be: which ``field``, which ``value``, and the ``fix``."""

    def __init__(self, field: str, value: object, fix: str) -> None:
        self.field, self.value, self.fix = field, value, fix
        super().__init__(f"{field}: {fix}")


@dataclass(frozen=True)
class PayRules:
    """What a team pays in ``unit`` (EUR, hours, points): an hour on call of each kind, and a page out of hours or at night
    (not both). Time off, in hours: for each night with a page, each weekend day and each public holiday on call."""

    unit: str = "hours"
    work: Decimal = _NONE
    weekday: Decimal = _NONE
    night: Decimal = _NONE
    weekend: Decimal = _NONE
    holiday: Decimal = _NONE
    page_out_of_hours: Decimal = _NONE
    page_at_night: Decimal = _NONE
    off_per_night: Decimal = _NONE
    off_per_weekend_day: Decimal = _NONE
    off_per_holiday: Decimal = _NONE
    night_from: time = time(22)
    night_to: time = time(6)
    work_from: time = time(9)
    work_to: time = time(18)

    @property
    def empty(self) -> bool:
        """Whether nothing earns anything."""
        return not any(getattr(self, each.name) for each in fields(self) if each.type == "Decimal")

    def data(self) -> dict[str, str]:
        """As it is kept and written into files: everything as text."""
        return {each.name: _text(getattr(self, each.name)) for each in fields(self)}


@dataclass(frozen=True)
class Version:
    """Rules and the day from which they hold, by the clock of each schedule. ``rules`` is None: nothing is paid from then on."""

    valid_from: date
    rules: PayRules | None


class Book:
    """By which rules a team pays on each day: of the versions that have begun, the latest; before the first, nothing."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self.versions = sorted(versions, key=lambda each: each.valid_from)
        self._days = [each.valid_from for each in self.versions]
        unit, rules = "hours", []
        for each in self.versions:
            unit = each.rules.unit if each.rules else unit
            rules.append(each.rules or PayRules(unit=unit))
        first = next((each.rules.unit for each in self.versions if each.rules), "hours")
        self._rules = [PayRules(unit=first), *rules]

    def at(self, day: date) -> PayRules:
        """The rules of a day."""
        return self._rules[bisect_right(self._days, day)]

    def between(self, start: date, end: date) -> list[PayRules]:
        """The rules of the days from ``start`` to ``end``, both included, in order."""
        return self._rules[bisect_right(self._days, start) : bisect_right(self._days, end) + 1]

    def check(self) -> None:
        """Sums of a month are in one unit.

        :raises PayError: another unit begins within a month.
        """
        unit = None
        for each in self.versions:
            if each.rules is None:
                continue
            if unit not in (None, each.rules.unit) and each.valid_from.day != 1:
                raise PayError(
                    "valid_from",
                    each.valid_from.isoformat(),
                    "Another unit begins on the first of a month, because sums are in one.",
                )
            unit = each.rules.unit


def constant(rules: PayRules) -> Book:
    """A book whose rules always held."""
    return Book([Version(date.min, rules)])


def _text(value: Any) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def rules_from(given: Mapping[str, Any]) -> PayRules:
    """Rules from texts and numbers; what is left out takes its default.

    :raises PayError: no such field, or not a value that it can have.
    """
    known = {each.name: each.type for each in fields(PayRules)}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise PayError(name, value, f"Use {', '.join(known)}.")
        if known[name] == "Decimal":
            found[name] = _decimal(name, value)
        elif known[name] == "time":
            found[name] = _time(name, value)
        else:
            found[name] = str(value).strip()
            if not 1 <= len(found[name]) <= 12:
                raise PayError(name, value, "Use 1 to 12 letters, such as EUR or hours.")
    made = PayRules(**found)
    if made.work_to <= made.work_from:
        raise PayError("work_to", _text(made.work_to), "Let working time end after it begins, on the same day.")
    return made


def _decimal(name: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= MOST or number != round(number, 4):
        raise PayError(name, value, "Use a number from 0 to 1000000 with at most four decimal places, such as 2.50.")
    return number


def _time(name: str, value: Any) -> time:
    try:
        found = value if isinstance(value, time) else datetime.strptime(str(value), "%H:%M").time()  # noqa: DTZ007
    except ValueError:
        found = None
    if found is None:
        raise PayError(name, value, "Write a time of day such as 22:00.")
    return found


def in_words(rules: PayRules | None) -> str:
    """What earns something, in one line: "EUR: night 4.50, weekend 5; 1 h off for a night with a page"."""
    if rules is None or rules.empty:
        return "nothing is paid"
    paid = [
        f"{word} {getattr(rules, name):f}"
        for name, word in _WORDS.items()
        if not name.startswith("off_") and getattr(rules, name)
    ]
    off = [
        f"{getattr(rules, name):f} {word}"
        for name, word in _WORDS.items()
        if name.startswith("off_") and getattr(rules, name)
    ]
    hours = f"night {rules.night_from:%H:%M} to {rules.night_to:%H:%M}, work {rules.work_from:%H:%M} to {rules.work_to:%H:%M}"
    return "; ".join(
        [*([f"{rules.unit}: {', '.join(paid)}"] if paid else []), *([", ".join(off)] if off else []), hours]
    )
