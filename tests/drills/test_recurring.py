"""Practice that comes again by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from drills.practice import World
from watchroom.accounts.actors import acting
from watchroom.drills import commands, rules
from watchroom.drills.models import Drill, PracticePlan
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, NotFound, Refused

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@given(st.integers(0, 525_000), st.integers(1, 26), st.integers(0, 500))
def test_the_next_one_lies_ahead_at_the_same_time_of_day(minutes: int, weeks: int, days: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    now = at + timedelta(days=days)
    found = rules.after(at, weeks, "Europe/Berlin", now)
    assert found > now and found - now <= timedelta(weeks=weeks, hours=2)
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    one, other = at.astimezone(berlin), found.astimezone(berlin)
    assert (other.date() - one.date()).days % (7 * weeks) == 0
    gap = timedelta(hours=1) if one.utcoffset() != other.utcoffset() else timedelta(0)
    assert abs(timedelta(hours=one.hour - other.hour, minutes=one.minute - other.minute)) <= gap


@pytest.mark.django_db
def test_a_drill_is_planned_every_two_weeks_and_they_take_turns(world: World, clock: TravellingClock) -> None:
    world.scenario()
    first = START + timedelta(days=10)
    with pytest.raises(NotAllowed):
        commands.save_practice(acting(world.fay), world.team, weeks=2, next_at=first, facilitators=[world.fay])
    for fields, field in (
        ({"weeks": 0}, "weeks"),
        ({"next_at": START}, "next_at"),
        ({"facilitators": []}, "facilitators"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"pages": "all"}, "pages"),
    ):
        with pytest.raises(Refused) as refused:
            given: dict[str, Any] = {"weeks": 2, "next_at": first, "facilitators": [world.fay], **fields}
            commands.save_practice(acting(world.max), world.team, **given)
        assert refused.value.field == field
    commands.save_practice(acting(world.max), world.team, weeks=2, next_at=first, facilitators=[world.fay, world.otto])
    run_due()
    assert not Drill.objects.exists()
    clock.to(first - timedelta(days=5))
    run_due()
    drill = Drill.objects.get()
    assert drill.planned_for == first and drill.facilitator == world.fay and drill.state == "planned"
    assert set(drill.participants.values_list("name", flat=True)) == {"Max", "Otto", "Pia"}
    clock.to(first + timedelta(days=14 - 5))
    run_due()
    second = Drill.objects.exclude(pk=drill.pk).get()
    assert second.facilitator == world.otto and second.planned_for == first + timedelta(days=14)
    assert not PracticePlan.objects.get().problem
    commands.end_practice_plan(acting(world.max), world.team)
    with pytest.raises(NotFound):
        commands.end_practice_plan(acting(world.max), world.team)
    clock.advance(timedelta(days=60))
    run_due()
    assert Drill.objects.count() == 2


@pytest.mark.django_db
def test_what_stands_against_it_is_said_and_the_next_one_comes(world: World, clock: TravellingClock) -> None:
    commands.save_practice(acting(world.max), world.team, weeks=1, next_at=START + timedelta(days=1), facilitators=[world.fay])  # fmt: skip
    run_due()
    row = PracticePlan.objects.get()
    assert row.problem == "The team has no scenario." and row.next_at == START + timedelta(days=8)
    world.scenario()
    clock.to(START + timedelta(days=3))
    run_due()
    assert Drill.objects.count() == 1 and not PracticePlan.objects.get().problem


@pytest.mark.django_db
def test_by_api_and_page(world: World) -> None:
    world.scenario()
    client, stranger = Client(), Client()
    client.force_login(world.max, BACKEND)
    stranger.force_login(world.zoe, BACKEND)
    path = "/api/v1/teams/shop/practice-plan"
    body = {"weeks": 2, "next_at": "2026-03-12T09:00:00Z", "facilitators": [world.fay.email]}
    assert client.get(path).status_code == 404
    assert stranger.put(path, json.dumps(body), "application/json").status_code == 403
    made = client.put(path, json.dumps(body), "application/json")
    assert made.status_code == 200 and made.json()["facilitators"] == [world.fay.email]
    assert client.get(path).json()["weeks"] == 2
    assert "Every 2 weeks" in client.get("/drills?team=shop").content.decode()
    form = {"weeks": "3", "next_at": "2026-03-20T09:00", "facilitators": [world.otto.pk], "pages": "policy"}
    assert stranger.post("/drills/every/shop", form).status_code == 403
    assert client.get("/drills/every/shop").status_code == 200
    assert client.post("/drills/every/shop", form).status_code == 302
    assert PracticePlan.objects.get().weeks == 3
    assert client.post("/drills/every/shop", {"do": "end"}).status_code == 302
    assert not PracticePlan.objects.exists()
    assert client.delete(path).status_code == 404
