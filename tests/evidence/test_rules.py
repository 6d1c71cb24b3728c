"""Charts, expressions, units and waterfalls, by property."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchroom.evidence.rules import charts, units
from watchroom.evidence.rules.expressions import Comparison, Threshold, comparison_of, expression_of_link, fill
from watchroom.evidence.rules.waterfall import Work, rows_of

numbers = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


@given(numbers, numbers, st.integers(2, 10))
def test_ticks_are_few_rise_and_cover(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    assume(high == low or high - low > 1e-12)
    ticks = charts.nice_ticks(a, b, most)
    assert 2 <= len(ticks) <= most + 2
    assert all(one < two for one, two in pairwise(ticks))
    room = (ticks[-1] - ticks[0]) * 1e-6
    assert ticks[0] <= low + room and ticks[-1] >= high - room


def test_ticks_are_round() -> None:
    assert charts.nice_ticks(0, 97) == [0, 20, 40, 60, 80, 100]
    assert charts.nice_ticks(0.001, 0.0042) == [0.001, 0.002, 0.003, 0.004, 0.005]
    assert charts.nice_ticks(0, 0) == [0, 0.2, 0.4, 0.6, 0.8, 1] or charts.nice_ticks(0, 0)[0] <= 0
    with pytest.raises(ValueError, match="finite"):
        charts.nice_ticks(0, math.inf)


@given(st.floats(0, 2e9), st.floats(1, 40 * 86400), st.sampled_from([0, 3600, 19800, -12600]))
def test_time_ticks_lie_inside_and_on_the_round(start: float, length: float, offset: int) -> None:
    ticks = charts.time_ticks(start, start + length, offset=offset)
    assert len(ticks) <= 8
    assert all(start <= tick <= start + length for tick in ticks)
    if len(ticks) > 1:
        step = ticks[1] - ticks[0]
        assert abs((ticks[0] + offset) % step) < 1e-3 or abs((ticks[0] + offset) % step - step) < 1e-3


points_ = st.lists(numbers, min_size=1, max_size=3000).map(lambda values: [(float(i), v) for i, v in enumerate(values)])


@given(points_, st.integers(4, 500))
def test_thinning_keeps_ends_and_extremes_in_order(points: list[tuple[float, float]], most: int) -> None:
    kept = charts.thin(points, most)
    assert len(kept) <= max(most, 4)
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert [at for at, _ in kept] == sorted(at for at, _ in kept)
    assert set(kept) <= set(points)
    assert max(v for _, v in kept) == max(v for _, v in points)
    assert min(v for _, v in kept) == min(v for _, v in points)


@given(
    st.lists(st.lists(st.tuples(st.floats(-100, 4000), st.floats(allow_nan=True)), max_size=40), max_size=12),
    st.lists(st.tuples(st.sampled_from([">", "<"]), st.floats(allow_nan=True)), max_size=3),
    st.lists(st.floats(-100, 4000), max_size=5),
)
def test_a_chart_of_anything_stays_inside(
    series: list[list[tuple[float, float]]], thresholds: list[tuple[str, float]], marks: list[float]
) -> None:
    chart = charts.chart_of(
        [(f"s{n}", points) for n, points in enumerate(series)],
        start=0,
        end=3600,
        thresholds=thresholds,
        marks=[(at, "change", "x") for at in marks],
        alert_at=10,
    )
    assert len(chart.series) <= charts.MOST_DRAWN
    for drawn in chart.series:
        for x, y in re.findall(r"[ML](\S+) (\S+?)(?=[MLh]|$)", drawn.path):
            assert -0.1 <= float(x) <= 1000.1 and -0.6 <= float(y) <= 1000.6
    assert all(0 <= mark.place <= 1000 for mark in chart.marks)
    assert all(-1 <= tick.place <= 1001 for tick in [*chart.x_ticks, *chart.y_ticks, *chart.limits])


def test_a_chart_draws_gaps_the_limit_and_the_highest_first() -> None:
    low = [(float(t), 1.0) for t in range(0, 600, 15)]
    gap = [(float(t), 5.0) for t in range(0, 300, 15)] + [(float(t), 6.0) for t in range(450, 600, 15)]
    chart = charts.chart_of(
        [("low", low), ("high", gap)],
        start=0,
        end=600,
        thresholds=[(">", 4)],
        marks=[(300, "start", "Alert")],
        alert_at=300,
    )
    assert [each.name for each in chart.series] == ["high", "low"]
    assert chart.series[0].path.count("M") == 2 and chart.series[1].path.count("M") == 1
    assert (chart.series[0].at_start, chart.series[0].latest, chart.series[0].highest) == ("5", "6", "6")
    assert chart.limits[0].text == "> 4" and chart.marks[0].percent == "50.00%"
    assert "The alert fires when it is > 4." in chart.summary
    assert chart.y_ticks[0].value == 0


def test_names_tell_series_apart() -> None:
    assert charts.names_of([{"job": "a", "pod": "1"}, {"job": "a", "pod": "2"}]) == ["pod=1", "pod=2"]
    assert charts.names_of([{"job": "a"}]) == [""]


def test_the_expression_of_a_link() -> None:
    expression = 'sum(rate(errors{job="a b"}[5m])) > 0.1'
    for link in (
        f"http://p:9090/graph?g0.expr={quote(expression)}&g0.tab=1",
        f"https://vm/vmui/#/?g0.expr={quote(expression)}",
        f"https://vm/select/0/#?x=1&expr={quote(expression)}",
    ):
        assert expression_of_link(link) == expression
    for link in ("", "not a link", "javascript:alert(1)?g0.expr=x", "http://[", "https://grafana/alerting/uid/view"):
        assert expression_of_link(link) == ""


@pytest.mark.parametrize(
    ("expression", "subject", "limits"),
    [
        ("rate(x[5m]) > 0.1", "rate(x[5m])", [(">", 0.1)]),
        ("(a > 5)", "a", [(">", 5)]),
        ("((a > 5) and (b < 3))", "a", [(">", 5)]),
        ("0 < a < 5", "a", [(">", 0), ("<", 5)]),
        ("up == bool 0", "up", [("==", 0)]),
        (
            'sum by (x) (rate(a{b="c>d"}[5m])) / sum(b) >= 5 * 60',
            'sum by (x) (rate(a{b="c>d"}[5m])) / sum(b)',
            [(">=", 300)],
        ),
        ("a > b", "a", []),
        ("(a) / (b) > 3", "(a) / (b)", [(">", 3)]),
        ("a>-1e3", "a", [(">", -1000)]),
        ("10 > 5", "10 > 5", []),
        ("up unless on() vector(1)", "up", []),
        ("orders_total", "orders_total", []),
    ],
)
def test_comparisons(expression: str, subject: str, limits: list[tuple[str, float]]) -> None:
    assert comparison_of(expression) == Comparison(subject, tuple(Threshold(*each) for each in limits))


@given(st.text(alphabet="ab()[]{}\"'\\<>=!0.5 andorunless*/`", max_size=80))
def test_any_text_is_read(text: str) -> None:
    found = comparison_of(text)
    assert all(math.isfinite(each.value) for each in found.thresholds)


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_filled_in_can_not_end_the_quotes(service: str, value: str) -> None:
    filled = fill('x{service="$service",zone="${labels.zone}"}', service=service, labels={"zone": value})
    inside = filled.removeprefix('x{service="').removesuffix('"}')
    first, second = inside.split('",zone="', 1) if '",zone="' not in service else (None, None)
    if first is not None and second is not None:
        for part in (first, second):
            assert not re.search(r'(?<!\\)(?:\\\\)*"', part) and "\n" not in part


def test_filling_in() -> None:
    labels = {"b": "2", "a": '1"'}
    assert fill("x{$labels}", service="s", labels=labels) == 'x{a="1\\"",b="2"}'
    assert fill("$labels.a $labels", service="s", labels={"a": "1"}, of_alert={"a": "2"}) == '2 a="1"'
    assert fill('x{a="$labels.nothing"}', service="s", labels=labels) == 'x{a=""}'


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"), (0.25, "ratio", "25 %"), (99.95, "percent", "100 %"), (0.0123, "seconds", "12.3 ms"), (90, "seconds", "90 s"),
        (600, "seconds", "10 min"), (1500, "milliseconds", "1.5 s"), (1048576, "bytes", "1 MiB"), (2048, "bytes_per_second", "2 KiB/s"),
        (1_500_000, "", "1.5 M"), (12.345, "per_second", "12.3/s"), (-3, "", "-3"), (0.00002, "", "0.00002"), (1e-9, "", "1.00e-09"), (999.96, "", "1 k"),
    ],
)  # fmt: skip
def test_numbers_with_units(value: float, unit: str, text: str) -> None:
    assert units.said(value, unit) == text


@given(st.floats(allow_nan=True), st.sampled_from(list(units.UNITS)))
def test_any_number_can_be_said(value: float, unit: str) -> None:
    assert 0 < len(units.said(value, unit)) < 40


def test_units_are_guessed_by_convention() -> None:
    assert (
        units.unit_of("histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))")
        == "seconds"
    )
    assert units.unit_of("process_resident_memory_bytes") == "bytes"
    assert units.unit_of("rate(http_requests_total[5m])") == "per_second"
    assert units.unit_of("sum(rate(a_total[5m])) / sum(rate(b_total[5m]))") == ""
    assert units.unit_of("up") == ""


spans = st.lists(
    st.builds(
        Work,
        id=st.sampled_from("abcdefgh"),
        parent=st.sampled_from(["", *"abcdefghz"]),
        name=st.just("n"),
        service=st.sampled_from("xyz"),
        start_ms=st.floats(-1e6, 1e6),
        duration_ms=st.floats(0, 1e6),
        failed=st.booleans(),
    ),
    max_size=30,
)


@given(spans, st.integers(1, 40))
def test_a_waterfall_shows_each_span_once_inside_the_picture(found: list[Work], most: int) -> None:
    rows = rows_of(found, most)
    assert len(rows) == min(len(found), most)
    for row in rows:
        assert 0 <= row.left <= 1000 and row.width > 0 and row.left + row.width <= 1000.01


def test_a_waterfall_puts_the_called_under_the_caller() -> None:
    rows = rows_of(
        [
            Work("c", "b", "3", "s", 2, 1),
            Work("a", "", "1", "s", 0, 10),
            Work("b", "a", "2", "t", 1, 5),
            Work("d", "a", "4", "s", 7, 2, True),
        ]
    )
    assert [(row.name, row.depth) for row in rows] == [("1", 0), ("2", 1), ("3", 2), ("4", 1)]
    assert (rows[0].x, rows[0].w) == ("0.00%", "100.00%") and rows[3].failed
