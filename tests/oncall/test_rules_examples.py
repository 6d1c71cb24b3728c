"""Named cases: clocks that change, short months, windows, overrides and what is left out."""

# ruff: noqa: DTZ001 - local times have no zone until the rules give them one

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from watchroom.oncall.rules import (
    Layer,
    Override,
    Plan,
    Restriction,
    RuleError,
    check_zone,
    dropped,
    fault,
    final_shifts,
    gaps,
    layer_shifts,
    local_from,
    next_handoff,
    on_call_at,
    restriction_from,
    restrictions_from,
    shifts_of,
    to_utc,
)

ANN, BEN, CAT, DAN = 1, 2, 3, 4
BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def layer(starts_at: str = "2025-03-03T09:00", unit: str = "weeks", **changes: object) -> Layer:
    plain = Layer(
        1, "Primary", 0, unit, 1, datetime.fromisoformat(starts_at), "Europe/Berlin", ((ANN,), (BEN,), (CAT,))
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def who(plan: Plan, at: datetime) -> list[int]:
    return [duty.person for duty in on_call_at(plan, at)]


# --- Clocks ---------------------------------------------------------------------------------------------------------


def test_the_hand_off_stays_at_nine_when_the_clocks_go_forward() -> None:
    starts = [s.starts_at for s in layer_shifts(layer(), utc("2025-03-20T00:00"), utc("2025-04-10T00:00"))]
    assert starts[1:] == [utc("2025-03-24T08:00"), utc("2025-03-31T07:00"), utc("2025-04-07T07:00")]


def test_the_hand_off_stays_at_nine_when_the_clocks_go_back() -> None:
    starts = [s.starts_at for s in layer_shifts(layer(), utc("2025-10-20T08:00"), utc("2025-11-05T00:00"))]
    assert starts[1:] == [utc("2025-10-27T08:00"), utc("2025-11-03T08:00")]


def test_a_hand_off_at_a_skipped_time_moves_forward_for_that_day_only() -> None:
    nightly = layer("2025-03-28T02:30", "days")
    starts = [s.starts_at for s in layer_shifts(nightly, utc("2025-03-28T00:00"), utc("2025-04-01T00:00"))]
    assert [f"{at.astimezone(BERLIN):%d %H:%M}" for at in starts] == ["28 02:30", "29 02:30", "30 03:30", "31 02:30"]


def test_a_hand_off_at_a_time_that_comes_twice_is_the_first() -> None:
    nightly = layer("2025-10-25T02:30", "days")
    plan = Plan((nightly,))
    assert who(plan, utc("2025-10-26T00:30") - MOMENT) == [ANN]
    assert who(plan, utc("2025-10-26T00:30")) == [BEN]
    assert who(plan, utc("2025-10-26T01:30")) == [BEN]
    assert who(plan, utc("2025-10-27T01:30")) == [CAT]


def test_hours_are_elapsed_hours() -> None:
    twelve = layer("2025-03-29T09:00", "hours", length=12)
    starts = [s.starts_at for s in layer_shifts(twelve, utc("2025-03-29T08:00"), utc("2025-03-30T21:00"))]
    assert starts == [
        utc("2025-03-29T08:00"),
        utc("2025-03-29T20:00"),
        utc("2025-03-30T08:00"),
        utc("2025-03-30T20:00"),
    ]


def test_a_half_hour_change_of_clocks() -> None:
    island = layer("2025-04-05T01:45", "days", zone="Australia/Lord_Howe")
    starts = [s.starts_at for s in layer_shifts(island, utc("2025-04-04T00:00"), utc("2025-04-08T00:00"))]
    assert starts == [
        utc("2025-04-04T14:45"),
        utc("2025-04-05T14:45"),
        utc("2025-04-06T15:15"),
        utc("2025-04-07T15:15"),
    ]


def test_a_day_that_never_was() -> None:
    samoa = layer("2011-12-28T09:00", "days", zone="Pacific/Apia")  # 30 December 2011 was skipped
    plan = Plan((samoa,))
    apia = ZoneInfo("Pacific/Apia")
    days = [
        (f"{s.starts_at.astimezone(apia):%d}", s.person)
        for s in final_shifts(plan, *_around("2011-12-28", "2012-01-02"))
    ]
    assert days == [("28", ANN), ("29", BEN), ("31", ANN), ("01", BEN)]
    assert who(plan, datetime(2011, 12, 31, 9, tzinfo=apia)) == [ANN]
    assert gaps(plan, datetime(2011, 12, 28, 9, tzinfo=apia), utc("2012-01-10T00:00")) == []


def _around(first: str, last: str) -> tuple[datetime, datetime]:
    apia = ZoneInfo("Pacific/Apia")
    return datetime.fromisoformat(first).replace(tzinfo=apia), datetime.fromisoformat(last).replace(tzinfo=apia)


def test_local_times_become_instants() -> None:
    assert to_utc(datetime(2025, 3, 30, 2, 30), BERLIN) == utc("2025-03-30T01:30")
    assert to_utc(datetime(2025, 10, 26, 2, 30), BERLIN) == utc("2025-10-26T00:30")


# --- Turns ----------------------------------------------------------------------------------------------------------


def test_at_the_exact_hand_off_the_incoming_person_is_on_call() -> None:
    plan = Plan((layer(),))
    assert who(plan, berlin("2025-03-10T09:00") - MOMENT) == [ANN]
    assert who(plan, berlin("2025-03-10T09:00")) == [BEN]


def test_nobody_is_on_call_before_the_first_hand_off() -> None:
    plan = Plan((layer(),))
    assert who(plan, berlin("2025-03-03T09:00") - MOMENT) == []
    assert who(plan, berlin("2025-03-03T09:00")) == [ANN]
    assert next_handoff(plan, berlin("2025-03-01T00:00")) == berlin("2025-03-03T09:00")


def test_nobody_is_on_call_once_the_layer_has_ended() -> None:
    plan = Plan((layer(until=berlin("2025-03-05T12:00")),))
    assert who(plan, berlin("2025-03-05T12:00") - MOMENT) == [ANN]
    assert who(plan, berlin("2025-03-05T12:00")) == []
    assert gaps(plan, berlin("2025-03-04T00:00"), berlin("2025-03-07T00:00")) == [
        (berlin("2025-03-05T12:00"), berlin("2025-03-07T00:00"))
    ]


def test_months_clamp_to_the_end_of_a_short_month_and_do_not_drift() -> None:
    monthly = layer("2025-01-31T09:00", "months")
    starts = [s.starts_at for s in layer_shifts(monthly, utc("2025-01-01T00:00"), utc("2025-06-01T00:00"))]
    assert [f"{at.astimezone(BERLIN):%m-%d %H:%M}" for at in starts] == [
        "01-31 09:00",
        "02-28 09:00",
        "03-31 09:00",
        "04-30 09:00",
        "05-31 09:00",
    ]


def test_several_people_share_a_turn() -> None:
    pair = layer(members=((ANN, BEN), (CAT,)))
    plan = Plan((pair,))
    assert who(plan, berlin("2025-03-04T00:00")) == [ANN, BEN]
    assert who(plan, berlin("2025-03-11T00:00")) == [CAT]


def test_one_person_alone_has_one_long_shift() -> None:
    plan = Plan((layer(unit="days", members=((ANN,),)),))
    assert len(final_shifts(plan, berlin("2025-03-03T09:00"), berlin("2026-03-03T09:00"))) == 1
    assert next_handoff(plan, berlin("2025-03-04T00:00")) is None


def test_a_layer_of_nobody_and_a_turn_of_nobody_are_gaps() -> None:
    assert final_shifts(Plan((layer(members=()),)), berlin("2025-03-03T09:00"), berlin("2025-04-03T09:00")) == []
    plan = Plan((layer(members=((ANN,), ())),))
    assert gaps(plan, berlin("2025-03-03T09:00"), berlin("2025-03-24T09:00")) == [
        (berlin("2025-03-10T09:00"), berlin("2025-03-17T09:00"))
    ]


def test_turns_far_in_the_future_are_found_and_too_long_turns_are_harmless() -> None:
    assert who(Plan((layer(unit="hours"),)), utc("2925-01-01T00:00"))
    for unit in ("hours", "days", "weeks", "months"):
        endless = layer(unit=unit, length=10**6)
        assert who(Plan((endless,)), berlin("2025-03-04T00:00")) == [ANN]
        assert len(final_shifts(Plan((endless,)), berlin("2025-03-03T09:00"), berlin("2025-09-01T00:00"))) == 1


# --- Windows --------------------------------------------------------------------------------------------------------


def test_a_daily_window_over_midnight() -> None:
    plan = Plan((layer(restrictions=(Restriction(time(22), time(6)),)),))
    assert who(plan, berlin("2025-03-04T21:59")) == []
    assert who(plan, berlin("2025-03-04T22:00")) == [ANN]
    assert who(plan, berlin("2025-03-05T05:59")) == [ANN]
    assert who(plan, berlin("2025-03-05T06:00")) == []


def test_a_hand_off_inside_a_window_splits_it() -> None:
    plan = Plan((layer("2025-03-04T00:00", "days", restrictions=(Restriction(time(22), time(6)),)),))
    shifts = final_shifts(plan, berlin("2025-03-04T20:00"), berlin("2025-03-05T20:00"))
    assert [(s.person, s.starts_at, s.ends_at) for s in shifts] == [
        (ANN, berlin("2025-03-04T22:00"), berlin("2025-03-05T00:00")),
        (BEN, berlin("2025-03-05T00:00"), berlin("2025-03-05T06:00")),
    ]


def test_a_weekend_window_is_an_hour_shorter_when_the_clocks_go_forward() -> None:
    weekend = Restriction(time(18), time(6), 4, 0)
    plan = Plan((layer(members=((ANN,),), restrictions=(weekend,)),))
    lengths = [s.ends_at - s.starts_at for s in final_shifts(plan, utc("2025-03-18T00:00"), utc("2025-04-09T00:00"))]
    assert lengths == [timedelta(hours=60), timedelta(hours=59), timedelta(hours=60)]


def test_the_same_start_and_end_mean_always() -> None:
    for window in (Restriction(time(9), time(9)), Restriction(time(9), time(9), 2, 2)):
        plan = Plan((layer(restrictions=(window,)),))
        assert gaps(plan, berlin("2025-03-03T09:00"), berlin("2025-12-01T00:00")) == []


def test_day_and_night_windows_share_the_day_even_when_clocks_change() -> None:
    day = layer(restrictions=(Restriction(time(8), time(2, 30)),))
    night = layer(key=2, members=((DAN,),), restrictions=(Restriction(time(2, 30), time(8)),))
    assert gaps(Plan((day, night)), berlin("2025-03-04T00:00"), berlin("2025-12-01T00:00")) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"start": "09:00", "end": "17:00"}, Restriction(time(9), time(17))),
        ({"start": "0:00", "end": "24:00"}, Restriction(time(0), time(0))),
        (
            {"start_day": "Fri", "start": "18:00", "end_day": "monday", "end": "06:00"},
            Restriction(time(18), time(6), 4, 0),
        ),
        ({"start_day": "mon", "start": "00:00", "end_day": "sun", "end": "24:00"}, Restriction(time(0), time(0), 0, 0)),
    ],
)
def test_windows_are_read(data: dict[str, str], expected: Restriction) -> None:
    assert restriction_from(data) == expected


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("always", "restrictions"),
        (["9-17"], "restrictions[0]"),
        ([{"start": "9", "end": "17:00"}], "restrictions[0].start"),
        ([{"start": "24:00", "end": "17:00"}], "restrictions[0].start"),
        ([{"start": "09:00"}], "restrictions[0].end"),
        ([{"start": "09:00", "end": "25:00"}], "restrictions[0].end"),
        ([{"start": 9, "end": "17:00"}], "restrictions[0].start"),
        (
            [{"start": "09:00", "end": "17:00"}, {"start_day": "mon", "start": "09:00", "end": "17:00"}],
            "restrictions[1].end_day",
        ),
        ([{"start_day": "Funday", "end_day": "mon", "start": "09:00", "end": "17:00"}], "restrictions[0].start_day"),
        ([{"start": "09:00", "end": "17:00", "zone": "UTC"}], "restrictions[0].zone"),
    ],
)
def test_a_wrong_window_names_its_field_and_the_fix(data: object, field: str) -> None:
    with pytest.raises(ValueError) as caught:
        restrictions_from(data)
    assert isinstance(caught.value, RuleError)
    assert caught.value.field == field
    assert caught.value.fix and caught.value.fix in str(caught.value)


def test_no_windows_mean_always() -> None:
    assert restrictions_from(None) == restrictions_from([]) == ()


# --- Precedence -----------------------------------------------------------------------------------------------------


def test_the_higher_layer_wins_only_where_it_covers() -> None:
    office = layer(key=2, precedence=5, members=((DAN,),), restrictions=(Restriction(time(9), time(17)),))
    plan = Plan((layer(), office))
    assert who(plan, berlin("2025-03-04T08:59")) == [ANN]
    assert who(plan, berlin("2025-03-04T09:00")) == [DAN]
    assert who(plan, berlin("2025-03-04T17:00")) == [ANN]


def test_equal_layers_are_on_call_together_and_a_person_only_once() -> None:
    assert who(Plan((layer(), layer(key=2, members=((ANN, DAN),)))), berlin("2025-03-04T00:00")) == [ANN, DAN]


def test_an_unreachable_layer_hides_nobody() -> None:
    plan = Plan((layer(), layer(key=2, precedence=5, members=((DAN,),))), (), frozenset({DAN}))
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    assert who(plan, a) == [ANN]
    assert [(d.person, d.layer, d.starts_at, d.ends_at, d.why) for d in dropped(plan, a, b)] == [
        (DAN, 2, a, b, "unreachable")
    ]


def test_an_unreachable_person_below_the_winning_layer_is_not_reported() -> None:
    plan = Plan((layer(), layer(key=2, precedence=5, members=((DAN,),))), (), frozenset({ANN}))
    assert dropped(plan, berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")) == []


def test_an_override_by_an_unreachable_person_changes_nothing_and_is_reported() -> None:
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    for replaces in (None, ANN):
        plan = Plan((layer(),), (Override(7, DAN, a, b, replaces),), frozenset({DAN}))
        assert who(plan, a) == [ANN]
        assert [(d.person, d.override) for d in dropped(plan, a, b)] == [(DAN, 7)]


def test_somebody_may_take_over_from_a_person_who_cannot_be_reached() -> None:
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    plan = Plan((layer(),), (Override(7, DAN, a, b, ANN),), frozenset({ANN}))
    assert who(plan, a) == [DAN]
    assert dropped(plan, a, b) == []


def test_overrides_begin_and_end_exactly() -> None:
    a, b = utc("2025-03-04T10:00"), utc("2025-03-04T12:00")
    plan = Plan((layer(),), (Override(7, DAN, a, b),))
    assert [who(plan, at) for at in (a - MOMENT, a, b - MOMENT, b)] == [[ANN], [DAN], [DAN], [ANN]]
    assert next_handoff(plan, a) == b
    assert [
        (s.starts_at, s.ends_at) for s in shifts_of(plan, DAN, utc("2025-03-01T00:00"), utc("2025-04-01T00:00"))
    ] == [(a, b)]


def test_a_replacement_counts_only_while_the_replaced_person_is_on_call() -> None:
    plan = Plan((layer(),), (Override(7, DAN, berlin("2025-03-08T00:00"), berlin("2025-03-12T00:00"), ANN),))
    assert who(plan, berlin("2025-03-09T00:00")) == [DAN]
    assert who(plan, berlin("2025-03-11T00:00")) == [BEN]


def test_overrides_of_overrides() -> None:
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    chain = (Override(1, BEN, a, b, ANN), Override(2, CAT, a, b, BEN))
    assert who(Plan((layer(),), chain), a) == [CAT]
    assert who(Plan((layer(),), (Override(1, BEN, a, b), Override(2, CAT, a, b, BEN))), a) == [CAT]
    earlier = (Override(1, CAT, a, b, BEN), Override(2, BEN, a, b))
    assert who(Plan((layer(),), earlier), a) == [BEN]
    there_and_back = (Override(1, BEN, a, b, ANN), Override(2, ANN, a, b, BEN))
    assert who(Plan((layer(),), there_and_back), a) == [ANN]
    assert who(Plan((layer(),), (Override(1, BEN, a, b), Override(2, CAT, a, b))), a) == [BEN, CAT]


# --- What is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../etc/passwd", "/etc/localtime", "a\0b", "\udc80"])
def test_an_unknown_zone_is_refused_and_in_computing_left_out(name: str) -> None:
    with pytest.raises(ValueError, match="timezone"):
        check_zone(name)
    bad = layer(key=2, precedence=9, zone=name)
    plan = Plan((bad, layer()))
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    assert who(plan, a) == [ANN]
    assert [s.layer for s in final_shifts(plan, a, b)] == [1]
    (report,) = dropped(plan, a, b)
    assert (report.why, report.layer, report.person) == ("broken", 2, None)
    assert name.encode("unicode_escape").decode() in report.detail or repr(name) in report.detail


@pytest.mark.parametrize(
    "change", [{"length": 0}, {"unit": "fortnights"}, {"starts_at": datetime(2025, 3, 3, tzinfo=UTC)}]
)
def test_other_broken_layers_are_left_out(change: dict[str, object]) -> None:
    broken = replace(layer(), **change)  # type: ignore[arg-type]
    assert fault(broken)
    assert who(Plan((broken,)), berlin("2025-03-04T00:00")) == []
    assert layer_shifts(broken, berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")) == []


def test_naive_instants_are_refused() -> None:
    for call in (lambda at: on_call_at(Plan(), at), lambda at: final_shifts(Plan(), at, at)):
        with pytest.raises(ValueError, match="no time zone"):
            call(datetime(2025, 3, 4))


def test_an_empty_span_and_an_empty_plan() -> None:
    a, b = berlin("2025-03-04T00:00"), berlin("2025-03-05T00:00")
    assert final_shifts(Plan((layer(),)), b, a) == dropped(Plan((layer(),)), b, a) == []
    assert gaps(Plan(), a, b) == [(a, b)]
    assert next_handoff(Plan(), a) is None


@pytest.mark.parametrize("text", ["", "tomorrow", "2025-03-04T09:00Z", "2025-03-04T09:00+01:00"])
def test_a_local_time_with_an_offset_or_without_sense_is_refused(text: str) -> None:
    with pytest.raises(RuleError, match="2026-03-02T09:00"):
        local_from(text)
