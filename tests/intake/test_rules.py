"""Matchers and the routing tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.intake.matchers import Matcher, matcher
from watchroom.intake.rules import Node, group_key, group_labels, routes_of, urgency_of, worst

names = st.sampled_from(["job", "team", "severity", "instance"])
values = st.text(max_size=8)
labels = st.dictionaries(names, values, max_size=4)


@given(names, st.sampled_from(["=", "!="]), values)
def test_a_matcher_survives_being_written_down(name: str, op: str, value: str) -> None:
    written = Matcher(name, op, value)
    assert matcher(str(written)) == written


@given(names, values, labels)
def test_not_equal_is_the_opposite_of_equal(name: str, value: str, given_labels: dict[str, str]) -> None:
    assert Matcher(name, "=", value).accepts(given_labels) != Matcher(name, "!=", value).accepts(given_labels)


def test_a_regular_expression_is_anchored_and_an_absent_label_is_empty() -> None:
    assert matcher('job=~"api.*"').accepts({"job": "api-1"})
    assert not matcher('job=~"pi"').accepts({"job": "api"})
    assert matcher('job=~""').accepts({})
    assert matcher('job!~"a.+"').accepts({})


@pytest.mark.parametrize("text", ["", "job", "=x", 'job=~"("', 'job=="x"', 'job=~"(?=x)"'])
def test_what_can_not_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|regular expression"):
        matcher(text)


def test_a_regex_bomb_takes_no_time() -> None:
    assert not matcher('job=~"(a*)*b"').accepts({"job": "a" * 50_000})


def tree() -> Node:
    return Node(
        0,
        "root",
        children=(
            Node(
                1,
                "payments",
                (matcher('team="payments"'),),
                policy=7,
                children=(Node(2, "critical", (matcher('severity="critical"'),), group_by=("...",), urgency="high"),),
            ),
            Node(3, "copy", (matcher('copy="yes"'),), goes_on=True),
            Node(4, "rest of copy", (matcher('copy=~".+"'),)),
        ),
    )


def test_the_deepest_match_takes_it_with_what_it_inherits() -> None:
    [found] = routes_of(tree(), {"team": "payments", "severity": "critical"})
    assert (found.route, found.policy, found.group_by, found.path) == (2, 7, ("...",), ("root", "payments", "critical"))
    assert [each.route for each in routes_of(tree(), {"team": "payments"})] == [1]


def test_continue_tries_the_siblings_too() -> None:
    assert [each.route for each in routes_of(tree(), {"copy": "yes"})] == [3, 4]


@given(labels)
def test_no_alert_is_ever_without_a_route(given_labels: dict[str, str]) -> None:
    assert routes_of(tree(), given_labels)


@given(labels, labels, st.lists(names, max_size=3))
def test_same_shared_labels_same_group(one: dict[str, str], two: dict[str, str], by: list[str]) -> None:
    first, second = group_labels(by, one), group_labels(by, two)
    assert (group_key(1, 2, 1, first) == group_key(1, 2, 1, second)) == (first == second)
    assert group_key(1, 2, 1, first) != group_key(2, 1, 1, first)
    assert group_key(1, None, 1, first) != group_key(1, None, 2, first)  # without a service, the team counts


def test_severity_decides_how_loud_it_is_unless_the_route_says_so() -> None:
    assert worst(["info", "error", "warning"]) == "error"
    assert (urgency_of("critical", ""), urgency_of("warning", ""), urgency_of("warning", "high")) == (
        "high",
        "low",
        "high",
    )
