"""Schedules: a year of three layers with 50 overrides, and who is on call over 10,000 schedules."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from recurring_ical_events import of

from watchroom.oncall import rules

YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def plan(number: int = 0) -> rules.Plan:
    """Three layers in Berlin: weekly, its nights by the day, and a monthly last resort; 50 overrides."""
    zone, start = "Europe/Berlin", datetime(2025, 12, 1, 9)  # noqa: DTZ001 - local
    nights = rules.restrictions_from([{"start": "20:00", "end": "08:00"}])
    people = tuple((number * 10 + each,) for each in range(1, 7))
    layers = (
        rules.Layer(1, "Weekly", 2, "weeks", 1, start, zone, people),
        rules.Layer(2, "Nights", 3, "days", 1, start, zone, people[:4], nights),
        rules.Layer(3, "Last resort", 1, "months", 1, start, zone, people[:3]),
    )
    overrides = tuple(
        rules.Override(each, 99, YEAR[0] + timedelta(days=7 * each), YEAR[0] + timedelta(days=7 * each, hours=10))
        for each in range(50)
    )
    return rules.Plan(layers, overrides)


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median time of one run."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def as_calendar(one: rules.Plan) -> str:
    """The layers of the schedule as a calendar program would hold them: an event with a rule for every person."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN"]
    for layer in one.layers:
        frequency = {"weeks": "WEEKLY", "days": "DAILY", "months": "MONTHLY"}[layer.unit]
        length = (
            timedelta(hours=12) if layer.restrictions else {"weeks": timedelta(weeks=1)}.get(layer.unit, timedelta(30))
        )
        for place, turn in enumerate(layer.members):
            begin = (
                layer.starts_at
                + {"weeks": timedelta(weeks=1), "days": timedelta(1)}.get(layer.unit, timedelta(30)) * place
            )
            lines += [
                "BEGIN:VEVENT",
                f"UID:{layer.key}-{place}",
                f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
                f"DTEND:{begin + length:%Y%m%dT%H%M%SZ}",
                f"RRULE:FREQ={frequency};INTERVAL={len(layer.members)}",
                f"SUMMARY:[L{layer.precedence}] {turn[0]}",
                "END:VEVENT",
            ]
    for each in one.overrides:
        lines += [
            "BEGIN:VEVENT",
            f"UID:o{each.key}",
            f"DTSTART:{each.starts_at:%Y%m%dT%H%M%SZ}",
            f"DTEND:{each.ends_at:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:[L99] {each.person}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def results() -> list[tuple[str, str, str, str]]:
    """Rows for the table of benchmarks."""
    one = plan()
    year = median_ms(lambda: rules.final_shifts(one, *YEAR), 50)
    from icalendar import Calendar

    parsed = Calendar.from_ical(as_calendar(one))
    peer = median_ms(lambda: of(parsed).between(*YEAR), 3)
    many = [plan(number) for number in range(10_000)]
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    now = median_ms(lambda: [rules.on_call_at(each, at) for each in many], 5)
    return [
        (
            "a year of 3 layers and 50 overrides (recurring-ical-events: expanded only)",
            f"{year:.1f} ms",
            f"{peer:.1f} ms",
            f"{peer / year:.0f}",
        ),
        ("who is on call over 10,000 such schedules, in memory", f"{now:.0f} ms", "", ""),
    ]


if __name__ == "__main__":
    for row in results():
        print(*row, sep=" | ")
