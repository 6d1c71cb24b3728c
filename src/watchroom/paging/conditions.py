"""When a step applies: pure values and one question, asked by the engine, the preview and the trace alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORKDAYS = DAYS[:5]


@dataclass(frozen=True)
class Facts:
    """What is known at a moment of the thing that is escalated. ``labels``: one mapping per alert that fires;
    ``roles``: who has which role in its incident, by number."""

    urgency: str = "high"
    severity: str = ""
    labels: tuple[Mapping[str, str], ...] = ()
    alert_times: tuple[datetime, ...] = ()
    roles: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Hours:
    """Hours of some days in a time zone; with ``outside`` all the others. An end at or before the start lies on the
    next day."""

    zone: str
    start: time
    end: time
    days: tuple[str, ...] = WORKDAYS
    outside: bool = False

    def hold(self, at: datetime) -> bool:
        """Whether ``at`` lies in them, by the clock on the wall there."""
        local = at.astimezone(ZoneInfo(self.zone))
        clock, today = local.time(), DAYS[local.weekday()]
        if self.start < self.end:
            inside = today in self.days and self.start <= clock < self.end
        else:
            before = DAYS[(local.weekday() - 1) % 7]
            inside = (today in self.days and clock >= self.start) or (before in self.days and clock < self.end)
        return inside != self.outside

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """When between ``start`` and ``end`` they hold, in order. In a zone that this machine does not know: always."""
        try:
            zone = ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            return [(start, end)]
        inside: list[tuple[datetime, datetime]] = []
        day, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
        while day <= last:
            if DAYS[day.weekday()] in self.days:
                until = day if self.start < self.end else day + timedelta(days=1)
                a = datetime.combine(day, self.start, zone).astimezone(UTC)
                b = datetime.combine(until, self.end, zone).astimezone(UTC)
                a, b = max(a, start), min(b, end)
                if inside and a <= inside[-1][1]:
                    inside[-1] = (inside[-1][0], max(b, inside[-1][1]))
                elif a < b:
                    inside.append((a, b))
            day += timedelta(days=1)
        if not self.outside:
            return inside
        edges = [start, *(edge for span in inside for edge in span), end]
        return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]

    def __str__(self) -> str:
        days = ", ".join(day[:3].capitalize() for day in self.days)
        return f"{'outside' if self.outside else 'in'} {days} {self.start:%H:%M}–{self.end:%H:%M} {self.zone}"


@dataclass(frozen=True)
class Conditions:
    """A step is taken when all that is set here holds."""

    urgency: str = ""
    severities: tuple[str, ...] = ()
    hours: Hours | None = None
    labels: tuple[tuple[str, str], ...] = ()
    alerts: int = 0
    minutes: int = 0

    def __bool__(self) -> bool:
        return self != Conditions()

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Conditions:
        """What :meth:`as_json` wrote."""
        data = data or {}
        hours = data.get("hours")
        return cls(
            urgency=data.get("urgency", ""),
            severities=tuple(data.get("severities", ())),
            hours=Hours(
                hours["zone"],
                time.fromisoformat(hours["start"]),
                time.fromisoformat(hours["end"]),
                tuple(hours["days"]),
                bool(hours["outside"]),
            )
            if hours
            else None,
            labels=tuple(sorted((str(name), str(value)) for name, value in data.get("labels", {}).items())),
            alerts=int(data.get("alerts", 0)),
            minutes=int(data.get("minutes", 0)),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data; what is not set is left out."""
        data: dict[str, Any] = {}
        if self.urgency:
            data["urgency"] = self.urgency
        if self.severities:
            data["severities"] = list(self.severities)
        if self.hours:
            data["hours"] = {
                "zone": self.hours.zone,
                "start": f"{self.hours.start:%H:%M}",
                "end": f"{self.hours.end:%H:%M}",
                "days": list(self.hours.days),
                "outside": self.hours.outside,
            }
        if self.labels:
            data["labels"] = dict(self.labels)
        if self.alerts:
            data |= {"alerts": self.alerts, "minutes": self.minutes}
        return data

    def __str__(self) -> str:
        parts = [
            f"urgency is {self.urgency}" if self.urgency else "",
            f"severity is {' or '.join(self.severities)}" if self.severities else "",
            str(self.hours) if self.hours else "",
            *(f"{name}={value}" for name, value in self.labels),
            f"{self.alerts} alerts in {self.minutes} min" if self.alerts else "",
        ]
        return ", ".join(part for part in parts if part)


def unmet(conditions: Conditions, facts: Facts, at: datetime) -> str:
    """Why the step does not apply at ``at``; empty when it does.

    A time zone that this machine does not know counts as fulfilled: a page too many is better than none.
    """
    if conditions.urgency and conditions.urgency != facts.urgency:
        return f"urgency is {facts.urgency}, not {conditions.urgency}"
    if conditions.severities and facts.severity not in conditions.severities:
        return f"severity is {facts.severity or 'not known'}, not {' or '.join(conditions.severities)}"
    if conditions.hours:
        try:
            if not conditions.hours.hold(at):
                return f"only {conditions.hours}"
        except (KeyError, ValueError, OSError):
            pass
    if conditions.labels and not any(
        all(labels.get(name) == value for name, value in conditions.labels) for labels in facts.labels
    ):
        return "no alert has " + ", ".join(f"{name}={value}" for name, value in conditions.labels)
    if conditions.alerts:
        since = at - timedelta(minutes=conditions.minutes)
        count = sum(1 for each in facts.alert_times if since < each <= at)
        if count < conditions.alerts:
            return f"{count} of {conditions.alerts} alerts in {conditions.minutes} min"
    return ""
