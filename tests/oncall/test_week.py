"""The week ahead of all schedules, as one picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts.actors import SYSTEM
from watchroom.oncall import commands

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_the_week_shows_turns_overrides_and_gaps(client: Client, clock: Any) -> None:
    a, b, c = (factories.person(name) for name in ("Anna", "Ben", "Cleo"))
    made = factories.schedule(people=(a, b))
    commands.add_override(
        SYSTEM, made, person=c, starts_at=clock() + 5 * HOUR, ends_at=clock() + 6 * HOUR, reason="the dentist"
    )
    days = [{"start": "09:00", "end": "17:00"}]
    rotation = {"name": "Office", "unit": "weeks", "length": 1, "starts_at": "2026-03-02T09:00", "members": [[b.pk]]}
    office = commands.save_schedule(
        SYSTEM, None, team=made.team, name="Office", rotations=[rotation | {"restrictions": days}]
    )
    client.force_login(a)
    page = client.get("/schedules", {"view": "week"})
    text = page.content.decode()
    lanes = {name: spans for name, spans, *_ in page.context["lanes"]}
    assert [span[2] for span in lanes[made.name]][:3] == ["Anna", "Cleo", "Anna"]
    assert "Override: the dentist" in text and f'href="/schedules/{made.slug}"' in text
    assert "" in [span[2] for span in lanes[office.name]]  # nobody outside of office hours
    assert all(
        page.context["start"] <= span[0] < span[1] <= page.context["end"] for each in lanes.values() for span in each
    )

    later = client.get("/schedules", {"view": "week", "from": page.context["later"], "q": "off"})
    assert [name for name, *_ in later.context["lanes"]] == ["Office"]
    assert later.context["start"] > clock() + timedelta(days=6) and "q=off" in later.content.decode()
    long_ago = client.get("/schedules", {"view": "week", "from": "2001-01-01"})
    assert long_ago.context["start"] == clock() and not long_ago.context["earlier"]
    assert client.get("/schedules", {"view": "week", "q": "no such thing"}).status_code == 200


def test_the_week_costs_the_same_for_many(
    client: Client, clock: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    a, b = factories.person("Anna"), factories.person("Ben")
    for _ in range(12):
        factories.schedule(people=(a, b))
    client.force_login(a)
    with django_assert_max_num_queries(25):
        assert len(client.get("/schedules", {"view": "week"}).context["lanes"]) == 12
