"""Titles and reminders. Pure."""

# ruff: noqa: DTZ001 - Hypothesis wants bounds without a zone

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.actions import rules

ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia")])


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Be more careful",
        "be careful with deploys",
        "Improve monitoring",
        "Better alerting",
        "Fix it",
        "Pay attention",
        "TODO",
    ],
)
def test_vague_titles(title: str) -> None:
    found = rules.vague(title)
    assert found
    assert all(found)


@pytest.mark.parametrize(
    "title",
    [
        "Alert when the queue is older than 5 minutes",
        "Add tests for the retry of card payments",
        "Refuse a deploy while an incident is open",
        "Improve monitoring of the card gateway with a synthetic purchase each minute",
    ],
)
def test_titles_that_can_be_finished(title: str) -> None:
    assert rules.vague(title) is None


def test_reminders_of_one_item() -> None:
    zone, due, now = ZoneInfo("Europe/Berlin"), date(2026, 4, 1), datetime(2026, 3, 2, 9, tzinfo=UTC)
    days = []
    for _ in range(4):
        now = rules.next_reminder(due, zone, now)
        days.append(now.astimezone(zone).strftime("%m-%d %H:%M"))
    assert days == ["03-29 09:00", "04-01 09:00", "04-04 09:00", "04-07 09:00"]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), ZONES, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_the_next_reminder_is_ahead_in_the_owners_morning(due: date, zone: ZoneInfo, naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    at = rules.next_reminder(due, zone, now)
    there = at.astimezone(zone)
    assert at > now
    assert there.hour == 9
    assert (there.date() - due).days % 3 == 0
    assert there.date() == due - timedelta(days=3) or at - now <= timedelta(days=3, hours=2)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), ZONES)
def test_it_is_overdue_when_the_day_is_over(due: date, zone: ZoneInfo) -> None:
    assert not rules.is_overdue(due, zone, rules.morning(due, zone))
    assert rules.is_overdue(due, zone, rules.morning(due + timedelta(days=1), zone))
