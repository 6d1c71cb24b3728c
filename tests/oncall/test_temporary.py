"""Temporary schedules: pure, then by page, API, command and file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall import commands, outlook, queries, rules
from watchroom.oncall.models import Temporary
from watchroom.oncall.rules import Layer, Override, Plan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
hours = st.integers(0, 24 * 40)


def _layer(key: int, people: tuple[int, ...], precedence: int = 0) -> Layer:
    local = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - a layer begins by its own clock
    return Layer(key, "", precedence, "days", 1, local, "Europe/Berlin", tuple((each,) for each in people))


@given(st.lists(st.tuples(hours, hours), max_size=4), hours)
def test_a_replaced_layer_counts_exactly_where_nothing_replaces_it(raw: list[tuple[int, int]], probe: int) -> None:
    base = _layer(1, (1, 2, 3))
    never = rules.joined((START + min(x) * HOUR, START + max(x) * HOUR) for x in raw if x[0] != x[1])
    at, end = START + probe * HOUR, START + 41 * DAY
    inside = any(a <= at < b for a, b in never)
    plan = Plan((replace(base, never=tuple(never)),))
    expected = () if inside else tuple(duty.person for duty in rules.on_call_at(Plan((base,)), at))
    assert tuple(duty.person for duty in rules.on_call_at(plan, at)) == expected
    # The picture and the instant say the same.
    shown = {each.person for each in rules.final_shifts(plan, START, end) if each.starts_at <= at < each.ends_at}
    assert shown == set(expected)


@given(hours, hours, hours)
def test_a_temporary_layer_counts_only_then_and_overrides_win(a: int, b: int, probe: int) -> None:
    start, end = (START + each * HOUR for each in sorted((a, b)))
    at = START + probe * HOUR
    base, other = replace(_layer(1, (1, 2)), never=((start, end),)), replace(_layer(2, (8, 9)), within=(start, end))
    people = {duty.person for duty in rules.on_call_at(Plan((base, other)), at)}
    assert people <= ({8, 9} if start <= at < end else {1, 2})
    over = Plan((base, other), (Override(1, 7, START, START + 40 * DAY),))
    assert {duty.person for duty in rules.on_call_at(over, at)} == ({7} if at < START + 40 * DAY else people)


def _browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def pay(db: None, clock: Any) -> tuple[Any, Any, Any, Any]:
    """Anna has the schedule Pay; Ben and Cleo are there too. Anna manages it."""
    anna, ben, cleo = (
        make.person(name, "manager", email=f"{name.lower()}@example.org") for name in ("Anna", "Ben", "Cleo")
    )
    return make.schedule("Pay", people=(anna,), slug="pay"), anna, ben, cleo


def test_people_take_turns_for_a_while_and_the_rotation_comes_back(pay: Any, clock: Any) -> None:
    schedule, anna, ben, cleo = pay
    span = {"starts_at": clock() + DAY, "ends_at": clock() + 4 * DAY}
    fields = {"name": "Release", "members": [[ben], [cleo]], "unit": "days", **span}
    draft = commands.draft_temporary(schedule, **fields)
    moved, _ = outlook.preview_temporary(draft)
    assert [(each.starts_at, each.loses, each.gains) for each in moved] == [
        (clock() + DAY, (anna.pk,), (ben.pk,)),
        (clock() + 2 * DAY, (anna.pk,), (cleo.pk,)),
        (clock() + 3 * DAY, (anna.pk,), (ben.pk,)),
    ]
    assert not Temporary.objects.exists()
    with pytest.raises(NotAllowed):
        commands.add_temporary(make.actor(role="responder"), schedule, **fields)
    row = commands.add_temporary(acting(anna), schedule, **fields)
    found = [queries.who(schedule, clock() + number * DAY) for number in range(5)]
    assert found == [[anna], [ben], [cleo], [ben], [anna]]
    assert schedule in queries.schedules_of(cleo)
    with pytest.raises(Conflict):
        commands.add_temporary(acting(anna), schedule, **fields)
    commands.add_override(acting(anna), schedule, person=anna, **span)
    assert queries.who(schedule, clock() + 2 * DAY) == [anna]
    commands.remove_override(acting(anna), schedule.overrides.get())
    clock.advance(2 * DAY)
    commands.end_temporary(acting(anna), row)
    assert queries.who(schedule, clock()) == [anna] and queries.who(schedule, clock() - HOUR) == [ben]
    with pytest.raises(Refused):
        commands.end_temporary(acting(anna), row)


def test_another_schedule_stands_in_with_its_overrides_and_without_a_chain(pay: Any, clock: Any) -> None:
    schedule, anna, ben, cleo = pay
    other = make.schedule("Christmas", people=(ben,), slug="christmas")
    span = {"starts_at": clock() + DAY, "ends_at": clock() + 3 * DAY}
    commands.add_temporary(acting(anna), schedule, name="Christmas", other=other, **span)
    commands.add_override(acting(anna), other, person=cleo, starts_at=clock() + 2 * DAY, ends_at=clock() + 5 * DAY)
    found = [queries.who(schedule, clock() + number * DAY) for number in range(4)]
    assert found == [[anna], [ben], [cleo], [anna]]
    assert schedule in queries.schedules_of(ben)
    with pytest.raises(Conflict):
        commands.delete_schedule(acting(anna), other)
    with pytest.raises(Conflict):
        commands.add_temporary(acting(anna), other, name="Chain", members=[[cleo]], **span)
    for wrong in ({"other": schedule}, {}, {"other": other, "members": [[ben]]}):
        with pytest.raises(Refused):
            commands.draft_temporary(
                schedule, name="x", starts_at=clock() + 5 * DAY, ends_at=clock() + 6 * DAY, **wrong
            )


def test_by_page_and_api(pay: Any, clock: Any) -> None:
    _, anna, ben, _ = pay
    page, stranger = _browser(anna), _browser(make.person("Sam", "viewer"))
    assert stranger.get("/schedules/pay/temporary").status_code == 403
    form = {"name": "Release", "starts_at": "2026-03-03T09:00", "ends_at": "2026-03-05T09:00"}
    form |= {"members-0": str(ben.pk), "length": "1", "unit": "days"}
    seen = page.post("/schedules/pay/temporary", form).content.decode()
    assert "Put it into effect" in seen and "Loses" in seen and not Temporary.objects.exists()
    assert page.post("/schedules/pay/temporary", form | {"ends_at": "2026-03-01T09:00"}).status_code == 422
    assert page.post("/schedules/pay/temporary", form | {"save": "1"}).status_code == 302
    row = Temporary.objects.get()
    assert "Release" in page.get("/schedules/pay").content.decode()
    shifts = page.get("/api/v1/schedules/pay/shifts").json()["items"]
    assert [(each["person"]["name"], each["temporary"]) for each in shifts][1] == ("Ben", row.pk)
    assert shifts[1]["rotation"] is None
    assert stranger.post(f"/schedules/pay/temporary/{row.pk}/end").status_code == 403
    assert page.post(f"/schedules/pay/temporary/{row.pk}/end").status_code == 302 and not Temporary.objects.exists()
    body = {"name": "Week", "starts_at": "2026-03-03T09:00:00Z", "ends_at": "2026-03-05T09:00:00Z"}
    api: dict[str, Any] = {"content_type": "application/json"}
    path = "/api/v1/schedules/pay/temporary"
    given = body | {"members": [[ben.email]]}
    moves = page.post(f"{path}/preview", given, **api).json()["items"]
    assert [each["gains"][0]["name"] for each in moves] == ["Ben"]
    assert page.post(path, body, **api).json()["field"] == "members"
    made = page.post(path, given, **api)
    assert made.status_code == 201 and page.get(path).json()["items"] == [made.json()]
    assert stranger.delete(f"/api/v1/temporary-schedules/{made.json()['id']}").status_code == 403
    assert page.delete(f"/api/v1/temporary-schedules/{made.json()['id']}").status_code == 204


def test_by_command_and_file(pay: Any, clock: Any) -> None:
    schedule, anna, ben, _ = pay
    make.person("Root", "administrator")

    def run(*words: str) -> str:
        answer = CliRunner().invoke(cli, ["oncall", "temporary", "pay", *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    assert "Nothing replaces it" in run()
    span = ("--from", "2026-03-03T09:00:00Z", "--to", "2026-03-05T09:00:00Z", "--name", "Release")
    assert "Ben" in run("ben@example.org", *span, "--preview") and not Temporary.objects.exists()
    run("ben@example.org", *span)
    row = Temporary.objects.get()
    assert "Release" in run()
    exported = read()["schedules"]["pay"]["temporary"]
    assert exported[0]["members"] == [["ben@example.org"]] and exported[0]["starts_at"] == "2026-03-03T09:00:00Z"
    file: dict[str, Any] = {"version": 1, "schedules": [{**read()["schedules"]["pay"]}]}
    assert apply(make.actor(), parse(file, "file"))[0] == []
    file["schedules"][0]["temporary"][0]["members"] = [["anna@example.org"], ["ben@example.org"]]
    apply(make.actor(), parse(file, "file"))
    assert Temporary.objects.get().members == [[anna.pk], [ben.pk]] and not Temporary.objects.filter(pk=row.pk)
    assert apply(make.actor(), parse(file, "file"))[0] == []
    run("--end", str(Temporary.objects.get().pk))
    assert queries.who(schedule, clock() + DAY) == [anna]
