"""A rotation that is saved again is the same rotation: for calendars outside, for what was planned for it, and in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.oncall import commands, outlook, queries
from watchroom.oncall.models import Rotation, Schedule

pytestmark = pytest.mark.django_db
WEEKLY = {"name": "Weekly", "starts_at": "2026-03-02T09:00", "unit": "weeks", "length": 1}
NIGHTS = WEEKLY | {"name": "Nights", "unit": "days", "restrictions": [{"start": "20:00", "end": "08:00"}]}


@pytest.fixture
def people() -> list[Any]:
    return [factories.person(name, "manager") for name in ("Anna", "Ben", "Cleo")]


@pytest.fixture
def pay(people: list[Any], clock: Any) -> Schedule:
    anna, ben, cleo = people
    return commands.save_schedule(
        SYSTEM,
        None,
        team=factories.team(),
        name="Pay",
        rotations=[WEEKLY | {"members": [[anna.pk], [ben.pk]]}, NIGHTS | {"members": [[ben.pk, cleo.pk]]}],
    )


def rotations(schedule: Schedule) -> dict[str, int]:
    return {row.name: row.pk for row in schedule.rotations.all()}


def keys(schedule: Schedule, by: Any) -> set[str]:
    """By what a calendar program knows the shifts that it has read."""
    feed, _ = commands.make_feed(acting(by), schedule=schedule)
    return {entry.key for entry in outlook.entries_of(feed, "https://watchroom.example.org")}


def test_what_is_unchanged_stays_what_it_is_when_a_schedule_is_saved(people: list[Any], pay: Schedule) -> None:
    anna, ben, cleo = people
    before, known = rotations(pay), keys(pay, anna)
    late = WEEKLY | {"name": "Late", "members": [[cleo.pk]], "restrictions": [{"start": "18:00", "end": "19:00"}]}
    new = [late, WEEKLY | {"members": [[anna.pk], [ben.pk]]}, NIGHTS | {"members": [[cleo.pk]]}]
    commands.save_schedule(SYSTEM, pay, team=pay.team, name="Pay", rotations=new)
    after = rotations(pay)
    assert list(after) == ["Late", "Weekly", "Nights"]  # in the order in which they were given
    assert (after["Weekly"], after["Nights"]) == (before["Weekly"], before["Nights"])
    of_weekly = {key for key in known if key.endswith(f"-{before['Weekly']}")}
    assert of_weekly and of_weekly <= keys(pay, anna)
    assert [[each.person for each in row.members.all()] for row in pay.rotations.all()] == [[cleo], [anna, ben], [cleo]]


def test_one_is_recognised_by_its_number_its_name_or_what_it_says(people: list[Any], pay: Schedule) -> None:
    anna, ben, cleo = people
    before = rotations(pay)
    weekly, nights = WEEKLY | {"members": [[anna.pk], [ben.pk]]}, NIGHTS | {"members": [[ben.pk, cleo.pk]]}
    renamed = [nights | {"name": "Owls"}, weekly | {"id": before["Weekly"], "name": "Nights", "length": 2}]
    commands.save_schedule(SYSTEM, pay, team=pay.team, name="Pay", rotations=renamed)
    assert rotations(pay) == {"Owls": before["Nights"], "Nights": before["Weekly"]}
    other = commands.save_schedule(
        SYSTEM, None, team=pay.team, name="Other", rotations=[weekly | {"id": before["Weekly"]}]
    )
    assert other.rotations.get().pk not in before.values()  # that of another schedule stays there
    assert Rotation.objects.filter(schedule=pay).count() == 2
    commands.save_schedule(SYSTEM, pay, team=pay.team, name="Pay", rotations=[weekly | {"name": "Nights"}])
    assert rotations(pay) == {"Nights": before["Weekly"]}


def test_by_page_and_api_too(people: list[Any], pay: Schedule, clock: Any) -> None:
    anna, *_ = people
    factories.membership(pay.team, anna, "manager")
    browser, before = Client(), rotations(pay)
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    form = browser.get("/schedules/pay/edit").context["rotations"]
    said = {bound.html_name: bound.value() or "" for each in form for bound in each if bound.name == "id"}
    assert list(said.values()) == list(before.values())
    listed = browser.get("/api/v1/schedules/pay").json()["rotations"]
    listed[0] |= {"name": "By the week", "length": 2}
    answer = browser.patch("/api/v1/schedules/pay", {"rotations": listed}, content_type="application/json")
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["rotations"]] == list(before.values())
    assert queries.who(pay, clock() + timedelta(days=8)) == [anna]
