"""How incidents went: the counting, and what people see of it by page, file, API and command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.incidents import commands
from watchroom.incidents.models import Incident
from watchroom.incidents.rules.times import DURATIONS
from watchroom.insights import responding
from watchroom.insights.rules.response import Went, numbers

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)


def went(minutes: dict[str, int], *, at: datetime = NOON, severity: int = 3, services: tuple[str, ...] = ()) -> Went:
    return Went(1, at, severity, services, {moment: at + each * MINUTE for moment, each in minutes.items()})


def test_half_and_nine_of_ten() -> None:
    rows = [went({"started": 0, "detected": 1, "mitigated": each, "resolved": 100}) for each in range(1, 11)]
    found = numbers(rows, [went({"started": 0, "mitigated": 11})], NOON, NOON + timedelta(days=7))
    mitigate = next(each for each in found.measures if each.name == "mitigate")
    assert (mitigate.count, mitigate.median_seconds, mitigate.most_seconds) == (10, 5.5 * 60, 9 * 60)
    assert mitigate.before_seconds == 660 and mitigate.change == -0.5
    acknowledge = next(each for each in found.measures if each.name == "acknowledge")
    assert (acknowledge.count, acknowledge.median_seconds, acknowledge.change) == (0, None, None)
    assert (found.count, found.before, found.open) == (10, 1, 0)


def test_what_was_resolved_was_mitigated() -> None:
    assert went({"started": 0, "resolved": 30}).took("mitigate") == 30 * MINUTE
    assert went({"started": 0}).took("mitigate") is None


def test_services_by_how_often_and_how_long() -> None:
    rows = [
        went({"started": 0, "mitigated": 5}, services=("pay", "web")),
        went({"started": 0, "mitigated": 50}, services=("search",)),
        went({"started": 0}, services=("pay",)),
    ]
    found = numbers(rows, [], NOON, NOON + MINUTE).services
    assert [(each.service, each.count, each.hurt_seconds) for each in found] == [
        ("pay", 2, 300),
        ("search", 1, 3000),
        ("web", 1, 300),
    ]


@given(
    st.lists(
        st.builds(
            went,
            st.dictionaries(st.sampled_from(["started", "detected", "acknowledged", "mitigated", "resolved"]), st.integers(0, 9999)),
            at=st.integers(0, 27 * 24 * 60).map(lambda each: NOON + each * MINUTE),
            severity=st.integers(1, 5),
        )
    )
)  # fmt: skip
def test_nothing_is_counted_twice_or_lost(rows: list[Went]) -> None:
    found = numbers(rows, rows, NOON, NOON + timedelta(days=28))
    assert sum(week.count for week in found.weeks) == sum(found.by_severity.values()) == found.count == len(rows)
    for measure in found.measures:
        assert measure.count == sum(each.took(measure.name) is not None for each in rows)
        assert (measure.median_seconds is None) == (measure.count == 0)
        if measure.median_seconds is not None and measure.most_seconds is not None:
            assert 0 <= measure.median_seconds <= measure.most_seconds
    assert {each.name for each in found.measures} == {name for name, _, _ in DURATIONS}


def _told(anna: Person, clock: Any) -> tuple[Any, Incident]:
    by, service = acting(anna), factories.service("Checkout")
    factories.membership(service.team, anna, "manager")
    first = commands.declare(by, title="=Cards fail", severity=1, services=[service])
    clock.advance(20 * MINUTE)
    commands.mitigate(by, first)
    clock.advance(10 * MINUTE)
    commands.resolve(by, first)
    commands.declare(by, title="A drill", severity=1, test=True)
    return service, first


@pytest.mark.django_db
def test_by_page_file_api_and_only_what_one_may_see(
    client: Client, clock: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    anna, bob = factories.person("Anna", "responder"), factories.person("Bob", "viewer")
    service, first = _told(anna, clock)
    secret = commands.declare(acting(anna), title="Secret", severity=2, services=[service], private=True)
    clock.advance(MINUTE)
    client.force_login(bob)
    with django_assert_max_num_queries(25):
        page = client.get("/insights/incidents")
    text = page.content.decode()
    assert page.context["found"].count == 1 and "Checkout" in text and "20 min" in text
    minutes = text.split("Minutes until mitigated, by week")[1]
    assert "<span>20</span><span>0</span>" in minutes, "a picture says how high it is"
    assert f"<span>{page.context['ends'][-1]}</span>" in minutes, "and of which weeks"
    answer = client.get("/api/v1/insights/incidents").json()
    assert answer["by_severity"] == {"1": 1}
    assert {each["name"]: each["median_seconds"] for each in answer["measures"]} == {
        "detect": 0, "acknowledge": 0, "mitigate": 1200, "resolve": 1800,
    }  # fmt: skip
    assert answer["services"] == [{"service": service.slug, "count": 1, "hurt_seconds": 1200}]
    lines = b"".join(client.get("/insights/incidents.csv")).decode().splitlines()
    assert len(lines) == 2 and lines[1].startswith(
        f"{first.pk},'=Cards fail,SEV1,resolved,{service.team.slug},{service.slug},"
    )
    assert lines[1].endswith(",0,0,1200,1800")

    client.force_login(anna)  # who declared it
    assert client.get("/api/v1/insights/incidents").json()["count"] == 2 and secret.private
    assert client.get("/api/v1/insights/incidents", {"team": factories.team("Other").slug}).json()["count"] == 0
    assert client.get("/api/v1/insights/incidents", {"days": 0}).status_code == 422
    assert client.get("/insights/incidents", {"team": "nobody-s"}).status_code == 404
    clock.advance(timedelta(days=30))
    later = client.get("/api/v1/insights/incidents").json()
    assert (later["count"], later["before"]) == (0, 2)
    assert "Look at half a year" in client.get("/insights/incidents").content.decode()


@pytest.mark.django_db
def test_more_than_can_be_told_of_are_still_counted(
    client: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = factories.actor()
    assert by.person is not None
    for number in range(5):
        commands.declare(by, title=f"Incident {number}", severity=1 + number % 2)
        clock.advance(MINUTE)
    monkeypatch.setattr(responding, "MOST", 3)
    client.force_login(by.person)
    answer = client.get("/api/v1/insights/incidents").json()
    assert (answer["count"], answer["told"], answer["open"], answer["before"]) == (5, 3, 5, 0)
    assert answer["by_severity"] == {"1": 3, "2": 2} and sum(week["count"] for week in answer["weeks"]) == 3
    assert "only the newest 3" in client.get("/insights/incidents").content.decode()
