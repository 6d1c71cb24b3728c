"""Schedules as they are saved, and what is written down of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from watchroom.accounts.actors import SYSTEM
from watchroom.insights.pay import pay_of
from watchroom.oncall import commands, queries
from watchroom.oncall.duties import duties

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # where the clock stands, a Monday
WRITER = [duty for duty in duties if "write down" in duty.name]


def rotation(*people: Any, **fields: Any) -> dict[str, Any]:
    return {
        "name": "Weekly",
        "starts_at": "2026-01-05T09:00",
        "members": [[each.pk] for each in people],
        **fields,
    }


def save(schedule: Any, *rotations: Any, **fields: Any) -> None:
    row = queries.schedule_by(SYSTEM, schedule.slug)
    given = {"team": row.team, "name": row.name, "timezone": row.timezone, **fields}
    commands.save_schedule(SYSTEM, row, rotations=rotations or None, **given)


def at(schedule: Any, moment: datetime) -> list[str]:
    """Who was on call, read anew."""
    return sorted(person.name for person in queries.who(queries.schedule_by(SYSTEM, schedule.slug), moment))


def earned(team: Any, month: str = "2026-03") -> dict[str, Decimal]:
    found = pay_of(SYSTEM, team, month)
    return {found.people[each.person].name: each.amount for each in found.totals}
