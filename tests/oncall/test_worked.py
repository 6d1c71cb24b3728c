"""What was worked stays what it was, whatever the schedule says since."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from oncall.desk import DAY, HOUR, browser
from oncall.shifts import START, WRITER, at, earned, rotation, save
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.commands import activate_person, deactivate_person
from watchroom.engine.loop import run_due
from watchroom.insights.pay import pay_of
from watchroom.insights.queries import team_load
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.oncall import commands, facts, queries, rules, worked
from watchroom.oncall.commands.worked import due_at as worked_due_at
from watchroom.oncall.models import Handoff, Override, WorkedShift

minutes = st.integers(0, 600)


@given(minutes, minutes, minutes, minutes, minutes)
def test_a_cut_loses_nothing_and_counts_nothing_twice(a: int, b: int, x: int, y: int, probe: int) -> None:
    span = tuple(START + timedelta(minutes=each) for each in sorted((a, b + 1)))
    start, end = (START + timedelta(minutes=each) for each in sorted((x, y)))
    at = START + timedelta(minutes=probe)
    parts = rules.cut((span[0], span[1]), start, end)
    inside = [part is not None and part[0] <= at < part[1] for part in parts]
    assert sum(inside) == (span[0] <= at < span[1])
    assert inside[1] == (span[0] <= at < span[1] and start <= at < end)


@given(st.lists(st.tuples(minutes, minutes), max_size=5), minutes)
def test_holes_are_where_no_span_is(raw: list[tuple[int, int]], probe: int) -> None:
    spans = [(START + timedelta(minutes=min(x)), START + timedelta(minutes=max(x))) for x in raw]
    at, end = START + timedelta(minutes=probe), START + timedelta(minutes=500)
    found = rules.holes(spans, START, end)
    assert all(x < y for x, y in found) and all(x[1] < y[0] for x, y in pairwise(found))
    assert any(x <= at < y for x, y in found) == (at < end and not any(x <= at < y for x, y in spans))


def test_an_edit_today_changes_nothing_of_what_was_worked(pay: Any, clock: TravellingClock) -> None:
    schedule, _, ben, mia = pay
    clock.to(datetime(2026, 4, 2, 12, tzinfo=UTC))
    before, load = earned(schedule.team), team_load(schedule.team, START, clock())
    save(schedule, rotation(mia, name="Only Mia"), timezone="America/New_York", name="Pay and more")
    assert earned(schedule.team) == before and set(before) == {"Anna", "Ben"}
    hours = {person.name: each.hours_on_call for person, each in load.people}
    after = team_load(schedule.team, START, clock())
    assert {person.name: each.hours_on_call for person, each in after.people} == hours
    assert at(schedule, START + HOUR) == ["Anna"] and at(schedule, START + 8 * DAY) == ["Ben"]
    assert at(schedule, clock()) == ["Mia"] and at(schedule, clock() + 9 * DAY) == ["Mia"]
    row = queries.schedule_by(SYSTEM, schedule.slug)
    shifts = queries.shifts(row, START, clock() + DAY)
    assert [shift.person for shift in shifts][-1] == mia.pk and shifts[-1].starts_at == clock()
    # A temporary schedule, an override and its end are no different.
    clock.advance(DAY)
    taken = commands.take_shift(acting(ben), row)
    clock.advance(3 * HOUR)
    commands.remove_override(SYSTEM, taken)
    clock.advance(3 * HOUR)
    made = commands.add_temporary(
        SYSTEM, row, name="Fair", starts_at=clock(), ends_at=clock() + DAY, members=[[ben]], unit="days"
    )
    clock.advance(3 * HOUR)
    commands.end_temporary(SYSTEM, made)
    clock.advance(3 * HOUR)
    Override.objects.all().delete()
    found = worked.of_schedule(queries.schedule_by(SYSTEM, schedule.slug), clock() - 12 * HOUR, clock())
    assert [(each.person == ben.pk, each.why, each.ends_at - each.starts_at) for each in found] == [
        (True, "taken", 3 * HOUR),
        (False, "rotation", 3 * HOUR),
        (True, "temporary", 3 * HOUR),
        (False, "rotation", 3 * HOUR),
    ]


def test_after_downtime_each_time_is_filled_up_by_what_held_then_and_only_once(
    pay: Any, clock: TravellingClock
) -> None:
    schedule, anna, ben, mia = pay
    clock.advance(3 * DAY)
    run_due(WRITER)
    assert WorkedShift.objects.get().ends_at == clock()
    # No engine for five weeks, and two edits meanwhile.
    clock.advance(14 * DAY)
    save(schedule, rotation(mia))
    clock.advance(14 * DAY)
    save(schedule, rotation(ben, anna))
    clock.advance(7 * DAY)
    for _ in range(2):
        run_due(WRITER)
    rows = list(WorkedShift.objects.order_by("starts_at"))
    assert rows[0].starts_at == schedule.created_at and rows[-1].ends_at == clock()
    assert all(a.ends_at == b.starts_at for a, b in pairwise(rows))  # no gap, and nothing twice
    monday = datetime(2026, 3, 9, 8, tzinfo=UTC)  # 9:00 in Berlin
    assert [(row.person.name, row.starts_at) for row in rows] == [
        ("Anna", START),
        ("Ben", monday),
        ("Anna", monday + 7 * DAY),
        ("Mia", START + 17 * DAY),
        ("Ben", START + 31 * DAY),  # the 13th turn from 5 January on
        ("Anna", datetime(2026, 4, 6, 7, tzinfo=UTC)),
    ]
    # A shift that goes on is one row, however often it is written down.
    count = WorkedShift.objects.count()
    for _ in range(3):
        clock.advance(6 * HOUR)
        run_due(WRITER)
    assert WorkedShift.objects.count() == count
    assert queries.schedule_by(SYSTEM, schedule.slug).written_to == clock()


@pytest.mark.parametrize("seed", range(3))
def test_whoever_was_on_call_when_it_passed_was_on_call(pay: Any, clock: TravellingClock, seed: int) -> None:
    """Whatever is changed and however late the engine comes: what was seen at the time is what is read later."""
    schedule, anna, ben, mia = pay
    people, dice = [anna, ben, mia], random.Random(seed)
    other = make.schedule("Other", people=(mia,), team=schedule.team, slug="other")
    seen: list[tuple[datetime, list[str]]] = []

    def change() -> None:
        row = queries.schedule_by(SYSTEM, schedule.slug)
        now, ahead = clock(), timedelta(hours=dice.randint(1, 40))
        what = dice.randrange(8)
        if what == 0:
            save(schedule, rotation(*dice.sample(people, dice.randint(1, 3)), unit=dice.choice(["days", "weeks"])))
        elif what == 1:
            start = now + timedelta(hours=dice.randint(-20, 20))
            commands.add_override(SYSTEM, row, person=dice.choice(people), starts_at=start, ends_at=now + ahead + DAY)
        elif what == 2 and (over := Override.objects.filter(ends_at__gt=now).first()):
            commands.remove_override(SYSTEM, over)
        elif what == 3 and not row.temporaries.filter(ends_at__gt=now).exists():
            commands.add_temporary(SYSTEM, row, name="T", starts_at=now, ends_at=now + ahead, other=other)
        elif what == 4 and (temporary := row.temporaries.filter(ends_at__gt=now).first()):
            commands.end_temporary(SYSTEM, temporary)
        elif what == 5:
            save(other, rotation(dice.choice(people)))
        elif what == 6:
            who = dice.choice(people)
            who.refresh_from_db()
            (deactivate_person if who.is_active else activate_person)(SYSTEM, who)
        else:
            run_due(WRITER)

    for _ in range(60):
        clock.advance(timedelta(minutes=dice.randint(20, 2000)))
        seen.append((clock(), at(schedule, clock())))
        clock.advance(timedelta(minutes=1))
        with suppress(Refused, Conflict):
            change()
    clock.advance(DAY)
    assert [(moment, at(schedule, moment)) for moment, _ in seen] == seen
    run_due(WRITER)
    assert [(moment, at(schedule, moment)) for moment, _ in seen] == seen


def test_hours_of_the_night_when_clocks_change_are_those_that_passed(pay: Any, clock: TravellingClock) -> None:
    schedule, anna, ben, _ = pay
    save(schedule, rotation(anna, ben, unit="days"))
    clock.to(datetime(2026, 3, 28, 7, tzinfo=UTC))
    run_due(WRITER)
    clock.to(datetime(2026, 3, 31, 12, tzinfo=UTC))
    run_due(WRITER)
    spans = worked.of_schedule(
        queries.schedule_by(SYSTEM, "pay"), datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)
    )
    # Hand-offs stay at 9:00 in Berlin: the turn over the change lasts 23 hours.
    assert [(each.ends_at - each.starts_at) / HOUR for each in spans] == [23, 24]
    # Another zone today does not turn the nights of last month into days.
    clock.to(datetime(2026, 4, 2, 12, tzinfo=UTC))
    before = [line.text for line in pay_of(SYSTEM, schedule.team, "2026-03").lines]
    save(schedule, timezone="Asia/Tokyo")
    assert [line.text for line in pay_of(SYSTEM, schedule.team, "2026-03").lines] == before


def test_who_has_left_keeps_what_they_worked_and_so_does_a_schedule_that_is_gone(
    pay: Any, clock: TravellingClock
) -> None:
    schedule, anna, _ben, _ = pay
    team = schedule.team
    clock.advance(2 * DAY)
    deactivate_person(SYSTEM, anna)
    clock.advance(2 * DAY)
    assert at(schedule, START + DAY) == ["Anna"] and at(schedule, START + 3 * DAY) == []
    activate_person(SYSTEM, anna)
    clock.advance(DAY)
    assert at(schedule, START + 3 * DAY) == [] and at(schedule, clock()) == ["Anna"]
    deactivate_person(SYSTEM, anna)
    assert earned(team) == {"Anna": Decimal(24 * 3)}
    commands.delete_schedule(SYSTEM, queries.schedule_by(SYSTEM, "pay"))
    clock.to(datetime(2026, 4, 2, tzinfo=UTC))
    assert earned(team) == {"Anna": Decimal(24 * 3)}
    assert {line.schedule for line in pay_of(SYSTEM, team, "2026-03").lines} == {"Pay"}
    assert [person.name for person, _ in team_load(team, START, clock()).people] == ["Anna"]


def test_shadows_and_calendars_are_written_down_too(pay: Any, clock: TravellingClock) -> None:
    schedule, anna, ben, mia = pay
    save(schedule, rotation(anna, ben, shadows=[[mia.pk]]))
    clock.advance(DAY)
    run_due(WRITER)
    found = worked.of_schedule(queries.schedule_by(SYSTEM, "pay"), START, clock())
    assert [(each.person, each.shadow, each.detail) for each in found] == [
        (anna.pk, False, "Weekly"),
        (mia.pk, True, "Weekly"),
    ]
    assert set(earned(schedule.team)) == {"Anna"}


def test_whoever_comes_on_call_by_an_edit_gets_a_hand_off(pay: Any, clock: TravellingClock) -> None:
    schedule, anna, _ben, mia = pay
    clock.advance(DAY)
    run_due()
    clock.advance(timedelta(minutes=1))
    save(schedule, rotation(mia))
    run_due()
    row = Handoff.objects.exclude(written_at=None).get()
    assert ([*row.outgoing.all()], [*row.incoming.all()]) == ([anna], [mia])


def test_one_that_cannot_be_worked_out_stops_neither_the_others_nor_its_own_mending(
    pay: Any, clock: TravellingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule, anna, ben, _ = pay
    bad = make.schedule("Bad", people=(ben,), team=schedule.team, slug="bad", timezone="Europe/Berlin")
    passed = facts.passed

    def breaks(plans: Any, spans: Any) -> Any:
        if bad.pk in plans:
            raise ZeroDivisionError
        return passed(plans, spans)

    monkeypatch.setattr(facts, "passed", breaks)
    clock.advance(7 * HOUR)
    run_due(WRITER)
    assert {row.schedule_id for row in WorkedShift.objects.all()} == {schedule.pk}
    due = queries.schedule_by(SYSTEM, "bad").worked_due_at
    assert due is not None and due > clock()  # not again and again
    save(bad, rotation(anna))
    monkeypatch.undo()
    clock.advance(7 * HOUR)
    run_due(WRITER)
    assert {row.person_id for row in WorkedShift.objects.filter(schedule=bad)} == {anna.pk}


def test_years_are_written_down_in_parts_and_an_edit_waits_for_all_of_them(
    pay: Any, clock: TravellingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule, anna, ben, _ = pay
    other = make.schedule("Other", people=(ben,), team=schedule.team, slug="other", timezone="Europe/Berlin")
    passed, longest = facts.passed, [timedelta(0)]

    def measured(plans: Any, spans: Any) -> Any:
        longest.append(max(end - start for start, end in spans.values()))
        return passed(plans, spans)

    monkeypatch.setattr(facts, "passed", measured)
    clock.advance(400 * DAY)
    assert commands.write_down() == 2
    written = queries.schedule_by(SYSTEM, "pay").written_to
    assert START < written < clock()
    due = worked_due_at()
    assert due is not None and due <= clock()  # goes on at once
    save(other, rotation(anna))
    assert queries.schedule_by(SYSTEM, "other").written_to == clock()
    assert queries.schedule_by(SYSTEM, "pay").written_to == written
    run_due(WRITER)
    assert queries.schedule_by(SYSTEM, "pay").written_to == clock()
    assert max(longest) <= 90 * DAY
    (own,) = WorkedShift.objects.filter(schedule=other)  # one shift, though written in parts
    assert (own.person, own.starts_at, own.ends_at) == (ben, START, clock())
    rows = list(WorkedShift.objects.filter(schedule=schedule).order_by("starts_at"))
    assert rows[0].starts_at == START and rows[-1].ends_at == clock()
    assert all(a.ends_at == b.starts_at and a.person != b.person for a, b in pairwise(rows))


def test_what_an_engine_has_written_whose_clock_is_ahead_does_not_hold_up_an_override(
    pay: Any, clock: TravellingClock
) -> None:
    schedule, _anna, ben, mia = pay
    clock.advance(DAY + HOUR)
    run_due(WRITER)
    now = START + DAY
    clock.to(now)
    commands.add_override(acting(mia), schedule, person=ben, starts_at=now, ends_at=now + 8 * HOUR)
    assert at(schedule, now) == ["Ben"] and at(schedule, now - HOUR) == ["Anna"]
    row = queries.schedule_by(SYSTEM, "pay")
    found = queries.shifts(row, now - HOUR, now + HOUR)
    assert [(each.person == ben.pk, each.starts_at) for each in found] == [(False, now - HOUR), (True, now)]


def test_a_new_schedule_begins_with_what_most_need(pay: Any) -> None:
    schedule, anna, _, mia = pay
    page = browser(mia).get("/schedules/new")
    form, rotation = page.context["form"], page.context["rotations"].forms[0]
    assert (form["team"].value(), rotation["name"].value()) == (schedule.team.pk, "Weekly")
    assert f"{rotation['starts_at'].value():%Y-%m-%dT%H:%M}" == "2026-03-02T09:00"  # this Monday: somebody is at once
    assert not form.unfolded() and not rotation.unfolded()
    root = make.person("Second", "administrator")
    schedule.team.memberships.all().delete()
    schedule.delete()
    schedule.team.delete()
    assert "Make the first team" in browser(root).get("/schedules/new").content.decode()
    assert browser(anna).get("/schedules/new").status_code == 403


def test_what_few_need_is_unfolded_where_it_is_filled_in(pay: Any) -> None:
    schedule, anna, ben, mia = pay
    save(schedule, rotation(anna, ben, until="2026-06-01T09:00:00Z"), description="")
    page = browser(mia).get("/schedules/pay/edit")
    assert page.context["rotations"].forms[0].unfolded() and not page.context["form"].unfolded()
