"""What is counted, and what is made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from watchroom.insights.rules.actionable import Fire, scores
from watchroom.insights.rules.limits import Carried, Limits, crossed, rest_day
from watchroom.insights.rules.load import Page, is_night, loads, most_within, night_of, sleep_interruptions
from watchroom.insights.rules.waiting import Paged, Wait, suggested

START = datetime(2026, 3, 2, tzinfo=UTC)
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
FIRE = Fire("Disk", "db", "", True, 300, None, 0, 1, 0)
fires = st.builds(
    Fire,
    st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["", "acted", "nothing", "false", "duplicate"]),
    st.booleans(), st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.integers(0, 3), st.integers(1, 5),
    st.integers(0, 1),
)  # fmt: skip


@given(st.lists(fires, max_size=30))
def test_nothing_is_lost_in_counting(some: list[Fire]) -> None:
    found = scores(some)
    assert sum(score.fires for score in found) == len(some)
    assert sum(score.pages for score in found) == sum(fire.pages for fire in some)
    assert [score.noise for score in found] == sorted((score.noise for score in found), reverse=True)
    for score in found:
        assert 0 <= score.pages_for_nothing <= score.pages
        assert score.pages_for_nothing <= score.noise + score.pages and (score.noise > 0) == (
            score.pages_for_nothing > 0
        )


def test_what_was_acted_on_is_never_noise() -> None:
    (score,) = scores([replace(FIRE, verdict="acted", pages=9, night_pages=9)] * 5)
    assert (score.noise, score.pages_for_nothing) == (0, 0)


def test_what_ended_before_anybody_answered_was_for_nothing_unless_somebody_says_otherwise() -> None:
    assert scores([FIRE])[0].pages_for_nothing == 1
    assert scores([replace(FIRE, answered_seconds=60)])[0].pages_for_nothing == 0
    assert scores([replace(FIRE, verdict="nothing", answered_seconds=60)])[0].pages_for_nothing == 1


def test_advice_needs_a_pattern() -> None:
    assert scores([FIRE] * 2)[0].advice == ()
    assert "after about 5 min" in " ".join(scores([FIRE] * 3)[0].advice)
    never = scores([replace(FIRE, verdict="nothing", lasted_seconds=9_000)] * 3)[0]
    assert never.advice[0].startswith("Nobody has ever had to do anything")
    assert "comes and goes" in " ".join(scores([replace(FIRE, reopened=1)] * 3)[0].advice)
    late = replace(FIRE, verdict="acted", ended_by_itself=False, night_pages=1, answered_seconds=7_200)
    assert "too high" in " ".join(scores([late] * 3)[0].advice)


def test_night_is_where_the_person_is() -> None:
    at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # half past midnight in Berlin, half past eight in Tokyo
    assert is_night(at, BERLIN) and not is_night(at, TOKYO)
    assert night_of(at, BERLIN).isoformat() == "2026-03-02"
    assert night_of(at + timedelta(hours=5), BERLIN).isoformat() == "2026-03-02"


def test_pages_close_together_wake_once() -> None:
    night = datetime(2026, 3, 3, 1, tzinfo=UTC)
    pages = [night, night + timedelta(minutes=29), night + timedelta(minutes=58), night + timedelta(hours=3)]
    assert sleep_interruptions(pages, BERLIN) == 2
    assert sleep_interruptions(pages, TOKYO) == 0


@given(st.lists(st.integers(0, 10_000), max_size=40), st.integers(1, 5_000))
def test_the_fullest_window(minutes: list[int], length: int) -> None:
    times = sorted(START + timedelta(minutes=each) for each in minutes)
    window = timedelta(minutes=length)
    expected = max((sum(at <= other < at + window for other in times) for at in times), default=0)
    assert most_within(times, window)[0] == expected


def test_a_load_is_counted_by_person_and_warns() -> None:
    end = START + timedelta(days=28)
    night = datetime(2026, 3, 3, 1, tzinfo=UTC)
    pages = [Page(1, night + timedelta(days=day, hours=hour)) for day in range(3) for hour in (0, 1)]
    pages.append(Page(2, datetime(2026, 3, 7, 11, tzinfo=UTC)))
    spans = {1: [(START - timedelta(days=1), START + timedelta(days=9))], 3: [(START, START + timedelta(hours=12))]}
    incidents = {1: [(START - timedelta(hours=1), START + timedelta(hours=2))], 4: [(end - timedelta(minutes=30), end)]}
    zones = dict.fromkeys((1, 2, 3, 4), BERLIN)
    first, *rest = loads(pages, spans, zones, START, end, in_incidents=incidents)
    assert (first.person, first.pages, first.night_pages, first.nights, first.sleep_interruptions) == (1, 6, 6, 3, 6)
    assert (first.hours_on_call, first.weeks_in_a_row, first.hours_in_incidents) == (9 * 24, 1.3, 2)
    assert first.weekend_days == 2
    assert any("rest day" in text for text in first.warnings) and any("9 days" in text for text in first.warnings)
    by_person = {each.person: each for each in rest}
    assert (by_person[2].weekend_pages, by_person[2].out_of_hours, by_person[2].hours_on_call) == (1, 1, 0)
    assert (by_person[4].hours_in_incidents, by_person[4].hours_on_call, by_person[4].weeks_in_a_row) == (0.5, 0, 0)
    assert (by_person[3].pages, by_person[3].hours_on_call, by_person[3].warnings) == (0, 12, ())
    assert sum(each.share for each in (first, *rest)) == 1


paged_groups = st.lists(
    st.builds(Paged, st.one_of(st.none(), st.floats(0, 3000)), st.booleans(), st.integers(0, 3)), max_size=30
)


@given(paged_groups)
def test_a_wait_spares_what_it_says_and_no_shorter_one_nearly_as_much(groups: list[Paged]) -> None:
    wait = suggested(groups)

    def spared(seconds: int) -> int:
        return sum(
            g.pages for g in groups if g.by_itself and g.lasted_seconds is not None and g.lasted_seconds < seconds
        )

    if wait is None:
        return
    assert wait.pages == sum(group.pages for group in groups) and wait.spared == spared(wait.seconds) >= 5
    assert 60 <= wait.seconds <= 600 and wait.spared >= 0.6 * wait.pages and wait.spared >= 0.9 * spared(600)


def test_a_wait_is_suggested_only_where_most_pages_end_by_themselves() -> None:
    short, long = Paged(200, True), Paged(5000, True)
    assert suggested([short] * 5 + [long]) == Wait(240, 5, 6)
    assert suggested([short] * 4) is None
    assert suggested([short] * 5 + [long] * 5) is None
    assert suggested([Paged(200, False)] * 9) is None
    assert suggested([Paged(200, True, pages=0)] * 9) is None


def _carried(pages: list[datetime], spans: list[tuple[datetime, datetime]], total: int = 0) -> Carried:
    return Carried(pages, spans, BERLIN, START + timedelta(days=28), total or len(pages), 2)


@given(st.lists(st.integers(0, 28 * 24 * 60 - 1), max_size=30), st.integers(0, 6), st.integers(0, 7))
def test_a_limit_is_crossed_exactly_where_more_than_it_was_carried(minutes: list[int], a: int, b: int) -> None:
    pages = sorted(START + timedelta(minutes=each) for each in minutes)
    limits = Limits(pages_per_shift=a, nights_per_week=b, hours_per_month=0, weeks_in_a_row=0, share_percent=0)
    found = {each.kind: each for each in crossed(_carried(pages, []), limits, is_night, {})}
    nights = {night_of(at, BERLIN) for at in pages if is_night(at, BERLIN)}
    most = max((sum(0 <= (x - night).days < 7 for x in nights) for night in nights), default=0)
    assert ("pages" in found) == (0 < a < most_within(pages, timedelta(hours=12))[0])
    assert ("nights" in found) == (0 < b < most)
    assert all(each.value > each.limit and each.since <= START + timedelta(days=28) for each in found.values())
    # What was told is not told again.
    assert not list(crossed(_carried(pages, []), limits, is_night, dict.fromkeys(found, START + timedelta(days=28))))


def test_hours_weeks_and_share_are_limits_too() -> None:
    fifteen = [(START, START + timedelta(days=15))]
    found = list(crossed(_carried([START] * 7, fifteen, 10), Limits(pages_per_shift=0), is_night, {}))
    assert [(each.kind, each.value) for each in found] == [("hours", 360), ("weeks", 15), ("share", 70)]
    assert not list(crossed(_carried([START] * 7, fifteen, 10), Limits(0, 0, 0, 0, 0), is_night, {}))
    assert not list(crossed(_carried([START] * 7, [], 9), Limits(pages_per_shift=0), is_night, {}))


def test_a_rest_day_is_a_whole_working_day_also_when_clocks_change() -> None:
    a, b = rest_day(datetime(2026, 3, 26, 9, tzinfo=UTC), BERLIN)
    assert (a.isoformat(), b.isoformat()) == ("2026-03-27T00:00:00+01:00", "2026-03-28T00:00:00+01:00")
    a, b = rest_day(datetime(2026, 3, 27, 9, tzinfo=UTC), BERLIN)
    assert a.isoformat() == "2026-03-30T00:00:00+02:00"
