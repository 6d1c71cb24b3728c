"""Many alerts in a few lines: where they differ, in the page's text, on the group's page and by the API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.engine.loop import run_due
from watchroom.intake.models import AlertGroup, Integration
from watchroom.intake.rules.summary import LABELS, differing, in_words, saying, shared
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import Notification

names = st.sampled_from("abcdefg")
some_labels = st.lists(st.dictionaries(names, st.sampled_from(["", "x", "y", "z", "q", "w"]), max_size=7), max_size=30)


@given(some_labels)
def test_every_alert_is_counted_once_under_each_label_that_differs(labels: list[dict[str, str]]) -> None:
    found = differing(labels)
    for each in found:
        assert dict(each.values) == {
            value: sum(one.get(each.name, "") == value for one in labels) for value, _ in each.values
        }
        assert sum(count for _, count in each.values) == len(labels) and each.distinct > 1
    same = {name for one in labels for name in one} - {each.name for each in found}
    assert all(len({one.get(name, "") for one in labels}) == 1 for name in same)
    assert len(in_words(found)) <= LABELS + 1


def test_a_label_that_most_do_not_have_says_little_of_them_all() -> None:
    found = differing(
        [{"zone": zone, "pod": f"p{zone}"} for zone in "abcab"] + [{"node": "n1", "zone": "a", "pod": "x"}]
    )
    assert [each.name for each in found] == ["zone", "pod", "node"]


def test_in_words() -> None:
    labels = [
        {"job": "api", "zone": "a" if n < 7 else "b", "instance": f"i{n}", "rack": f"r{n % 5}"} for n in range(10)
    ]
    labels[9]["canary"] = "yes"
    assert in_words(differing(labels)) == [
        "zone: a (7), b (3)",
        "rack: r0 (2), r1 (2), r2 (2) and 2 other values",
        "instance: 10 different, such as i0, i1, i2",
        "canary: none (9), yes (1)",
    ]
    assert in_words(differing([{"a": "x"}])) == in_words(differing([])) == []


@pytest.fixture
def integration(clock: TravellingClock, db: None) -> Integration:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 3600))))


def fire(integration: Integration, numbers: range, *, zone: str = "") -> AlertGroup:
    alerts: list[dict[str, Any]] = [
        {"labels": {"alertname": "Down", "instance": f"i{number}", "zone": zone or "ab"[number % 4 == 0]}}
        for number in numbers
    ]
    make.signal(integration, json.dumps(alerts).encode())
    run_due()
    return AlertGroup.objects.get()


def test_a_storm_is_one_page_with_a_summary_on_the_page_and_by_the_api(
    clock: TravellingClock, integration: Integration, client: Client, django_assert_max_num_queries: Any
) -> None:
    group = fire(integration, range(1000))
    said = Notification.objects.get()
    for line in ("1000 alerts fire.", "zone: a (750), b (250)", "instance: 1000 different, such as i0, i1, i10"):
        assert line in said.body.splitlines()
    anna = said.person
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    with django_assert_max_num_queries(45):
        page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Where they differ" in page and "<code>a</code> 750" in page and "and 994 more" in page
    answer = client.get(f"/api/v1/alert-groups/{group.pk}").json()
    zone, instance = answer["differing"]
    assert zone == {"label": "zone", "distinct": 2, "values": [["a", 750], ["b", 250]]}
    assert (instance["label"], instance["distinct"], len(instance["values"])) == ("instance", 1000, 20)


def test_one_alert_has_nothing_to_differ(clock: TravellingClock, integration: Integration, client: Client) -> None:
    group = fire(integration, range(1))
    assert "alerts fire" not in Notification.objects.get().body
    client.force_login(make.person(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Where they differ" not in client.get(f"/alerts/{group.pk}").content.decode()


def test_what_joins_is_told_by_label_too(clock: TravellingClock, integration: Integration) -> None:
    fire(integration, range(1))
    Notification.objects.update(state="sent", ended_at=clock(), due_at=None)
    clock.advance(timedelta(minutes=10))
    fire(integration, range(1, 41), zone="c")
    clock.advance(timedelta(minutes=10))
    run_due()
    told = Notification.objects.get(purpose="update")
    assert "instance: 40 different, such as i1, i10, i11" in told.body and "zone" not in told.body


@given(some_labels)
def test_what_is_shared_is_what_does_not_differ(labels: list[dict[str, str]]) -> None:
    found = shared(labels)
    assert all(one[name] == value for one in labels for name, value in found.items())
    everywhere = {name for name in labels[0] if all(name in one for one in labels)} if len(labels) > 1 else set()
    assert set(found) == everywhere - {each.name for each in differing(labels)}


def test_what_is_said_of_all_of_them() -> None:
    assert saying([{"description": "Full. "}, {"message": "Full."}]) == "Full."
    assert saying([{"description": "Full."}, {}]) == saying([{"description": "a"}, {"description": "b"}]) == ""
    assert saying([]) == "" and saying([{"message": ["a", 1]}]) == "['a', 1]"
