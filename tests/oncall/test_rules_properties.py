"""What must hold for every schedule."""

# ruff: noqa: DTZ001 - local times have no zone until the rules give them one

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.oncall.rules import (
    Layer,
    Override,
    Plan,
    Restriction,
    dropped,
    final_shifts,
    gaps,
    layer_shifts,
    local_from,
    merged,
    next_handoff,
    on_call_at,
    restriction_from,
    restriction_to,
    shifts_of,
)

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
ODD_ZONES = [*ZONES, "UTC", "Africa/Casablanca", "America/St_Johns", "Antarctica/Troll"]
START = datetime(2025, 3, 1, tzinfo=UTC)
END = START + timedelta(days=60)

people = st.integers(1, 6)
minutes = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))
weekdays = st.integers(0, 6)
restrictions = st.builds(Restriction, minutes, minutes) | st.builds(Restriction, minutes, minutes, weekdays, weekdays)
instants = st.integers(0, 60 * 24 * 60).map(lambda m: START + timedelta(minutes=m))


@st.composite
def layers(draw: st.DrawFn, key: int = 1, *, full: bool = False) -> Layer:
    some = 1 if full else 0
    turn = st.lists(people, min_size=some, max_size=2, unique=True).map(tuple)
    return Layer(
        key=key,
        name=f"Layer {key}",
        precedence=draw(st.integers(0, 2)),
        unit=draw(st.sampled_from(["hours", "days", "weeks", "months"])),
        length=draw(st.integers(1, 5)),
        starts_at=datetime(2025, 1, 31) + timedelta(minutes=draw(st.integers(0, 50 * 24 * 60))),
        zone=draw(st.sampled_from(ODD_ZONES if full else [*ODD_ZONES, "Mars/Olympus"])),
        members=tuple(draw(st.lists(turn, min_size=some, max_size=4))),
        restrictions=() if full else tuple(draw(st.lists(restrictions, max_size=2))),
        until=None if full else draw(st.none() | instants),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    overrides = []
    for key in range(draw(st.integers(0, 4))):
        a = draw(instants)
        b = a + timedelta(minutes=draw(st.integers(1, 20 * 24 * 60)))
        overrides.append(Override(key + 1, draw(people), a, b, draw(st.none() | people)))
    return Plan(
        tuple(draw(layers(key)) for key in range(1, draw(st.integers(0, 3)) + 1)),
        tuple(overrides),
        draw(st.frozensets(people, max_size=3)),
    )


def key(thing: object) -> tuple[object, ...]:
    return tuple(getattr(thing, name) for name in ("person", "why", "layer", "override"))


def instants_to_try(plan: Plan) -> list[datetime]:
    edges = {edge for shift in final_shifts(plan, START, END) for edge in (shift.starts_at, shift.ends_at)}
    moment = timedelta(microseconds=1)
    near = {edge + step for edge in edges for step in (-moment, timedelta(0), moment)}
    return sorted(at for at in near if START <= at < END)


@given(plans(), st.lists(instants, min_size=10, max_size=30), st.randoms(use_true_random=False))
def test_the_schedule_and_the_point_query_agree(plan: Plan, some: list[datetime], random: object) -> None:
    shifts = final_shifts(plan, START, END)
    edges = instants_to_try(plan)
    for at in [*some, *random.sample(edges, min(len(edges), 60))]:  # type: ignore[attr-defined]
        if at >= END:
            continue
        covering = sorted(key(shift) for shift in shifts if shift.starts_at <= at < shift.ends_at)
        assert covering == sorted(key(duty) for duty in on_call_at(plan, at)), at


@given(layers(full=True))
def test_a_full_layer_never_leaves_a_gap_after_its_start(layer: Layer) -> None:
    shifts = layer_shifts(layer, START - timedelta(days=60), END + timedelta(days=300))
    begins = shifts[0].starts_at
    assert gaps(Plan((layer,)), begins, END + timedelta(days=300)) == []
    assert on_call_at(Plan((layer,)), begins)
    assert not on_call_at(Plan((layer,)), begins - timedelta(microseconds=1))


@given(plans())
def test_gaps_and_shifts_share_the_time_between_them(plan: Plan) -> None:
    shifts, holes = final_shifts(plan, START, END), gaps(plan, START, END)
    for a, b in holes:
        assert START <= a < b <= END
        assert not any(shift.starts_at < b and a < shift.ends_at for shift in shifts)
    covered = START
    for a, b in sorted([(shift.starts_at, shift.ends_at) for shift in shifts] + holes):
        assert a <= covered
        covered = max(covered, b)
    assert covered == END


@given(plans())
def test_shifts_are_cut_to_the_span_and_never_double_a_person(plan: Plan) -> None:
    last: dict[int, datetime] = {}
    for shift in final_shifts(plan, START, END):
        assert START <= shift.starts_at < shift.ends_at <= END
        assert last.get(shift.person, START) <= shift.starts_at
        last[shift.person] = shift.ends_at


@given(plans())
def test_merging_twice_changes_nothing(plan: Plan) -> None:
    shifts = final_shifts(plan, START, END)
    assert merged(shifts) == shifts
    assert merged(reversed(shifts)) == shifts


@given(plans(), instants)
def test_a_schedule_may_be_read_in_pieces(plan: Plan, cut: datetime) -> None:
    pieces = final_shifts(plan, START, cut) + final_shifts(plan, cut, END)
    assert merged(pieces) == final_shifts(plan, START, END)


@given(plans())
def test_unreachable_people_never_appear(plan: Plan) -> None:
    assert not {shift.person for shift in final_shifts(plan, START, END)} & plan.unreachable
    for lost in dropped(plan, START, END):
        assert lost.why == "broken" or lost.person in plan.unreachable


@given(plans())
def test_without_unreachable_people_only_broken_layers_are_dropped(plan: Plan) -> None:
    broken = {layer.key for layer in plan.layers if layer.zone == "Mars/Olympus"}
    lost = dropped(replace(plan, unreachable=frozenset()), START, END)
    assert {one.layer for one in lost} == broken
    assert {one.why for one in lost} <= {"broken"}


@given(plans())
def test_a_broken_layer_stops_nobody_else(plan: Plan) -> None:
    healthy = tuple(layer for layer in plan.layers if layer.zone != "Mars/Olympus")
    assert final_shifts(plan, START, END) == final_shifts(replace(plan, layers=healthy), START, END)


@given(plans(), people, instants, st.integers(1, 5000))
def test_an_override_of_everybody_wins(plan: Plan, person: int, a: datetime, length: int) -> None:
    b = a + timedelta(minutes=length)
    winner = Override(99, person, a, b)
    plan = replace(plan, overrides=(winner,), unreachable=plan.unreachable - {person})
    assert [(s.person, s.override) for s in final_shifts(plan, a, b)] == [(person, 99)]


@given(plans(), people, instants, st.integers(1, 5000), people)
def test_an_override_of_a_person_takes_them_off(plan: Plan, person: int, a: datetime, length: int, away: int) -> None:
    b = a + timedelta(minutes=length)
    plan = replace(plan, unreachable=frozenset())
    before = {s.person for s in final_shifts(replace(plan, overrides=()), a, b)}
    after = {s.person for s in final_shifts(replace(plan, overrides=(Override(99, person, a, b, away),)), a, b)}
    assert after == {person if one == away else one for one in before}


@given(plans(), instants)
def test_the_next_handoff_is_the_first_change(plan: Plan, at: datetime) -> None:
    def on_call(when: datetime) -> set[int]:
        return {duty.person for duty in on_call_at(plan, when)}

    within = timedelta(days=20)
    found = next_handoff(plan, at, within)
    until = found or at + within
    if found:
        assert at < found < at + within
        assert on_call(found) != on_call(at)
    edges = {edge for s in final_shifts(plan, at, until) for edge in (s.starts_at, s.ends_at)}
    for edge in edges | {a for a, _ in gaps(plan, at, until)}:
        if edge < until:
            assert on_call(edge) == on_call(at)


@given(plans(), people)
def test_a_persons_shifts_are_those_of_the_schedule(plan: Plan, person: int) -> None:
    mine = shifts_of(plan, person, START, END)
    assert mine == [shift for shift in final_shifts(plan, START, END) if shift.person == person]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "first", [datetime(2008, 3, 3, 9, 0), datetime(2020, 3, 2, 9, 0), datetime(2025, 3, 3, 17, 30)]
)
@given(unit=st.sampled_from(["days", "weeks", "months"]), length=st.integers(1, 4))
def test_the_hand_off_keeps_its_wall_clock_hour_for_three_years(
    zone: str, first: datetime, unit: str, length: int
) -> None:
    layer = Layer(1, "Primary", 0, unit, length, first, zone, ((1,), (2,), (3,)))
    begins = first.replace(tzinfo=ZoneInfo(zone))
    shifts = layer_shifts(layer, begins, begins + timedelta(days=3 * 365))
    assert len(shifts) >= 9
    assert {shift.starts_at.astimezone(ZoneInfo(zone)).time() for shift in shifts} == {first.time()}
    for before, after in pairwise(shifts):
        assert before.ends_at == after.starts_at
        assert after.person == before.person % 3 + 1


@given(restrictions)
def test_a_window_survives_json(restriction: Restriction) -> None:
    assert restriction_from(restriction_to(restriction)) == restriction


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_a_local_time_survives_text(value: datetime) -> None:
    assert local_from(value.isoformat()) == value
