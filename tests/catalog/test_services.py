"""Services: who may, what is refused, and that nothing ever needs itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.catalog import commands, queries, rules
from watchroom.catalog.models import Dependency, Service
from watchroom.kernel.errors import Conflict, NotAllowed, Refused

EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] != edge[1]), max_size=25)


def reaches(edges: dict[int, list[int]], start: int, goal: int) -> bool:
    seen: set[int] = set()
    waiting = list(edges.get(start, []))
    while waiting:
        at = waiting.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            waiting += edges.get(at, [])
    return False


@given(EDGES)
def test_adding_only_what_closes_no_circle_never_makes_one(wanted: list[tuple[int, int]]) -> None:
    edges: dict[int, list[int]] = {}
    for service, needs in wanted:
        others = {at: to for at, to in edges.items() if at != service}
        new = [*edges.get(service, []), needs]
        way = rules.cycle(others, service, new)
        if way:
            assert way[0] == way[-1] == service
            full = others | {service: new}
            assert all(b in full.get(a, []) for a, b in pairwise(way))
            assert len(set(way)) == len(way) - 1  # the way passes nowhere twice
        else:
            edges[service] = new
    assert not any(reaches(edges, at, at) for at in edges)


def test_lines_of_links_and_labels() -> None:
    assert rules.links_from("runbook https://a.example/x Slow checkout\nhttps://b.example\nrunbook\n") == [
        {"kind": "runbook", "url": "https://a.example/x", "label": "Slow checkout"},
        {"kind": "other", "url": "https://b.example", "label": ""},
        {"kind": "other", "url": "runbook", "label": ""},
    ]
    assert rules.labels_from("b=2, a = 1\nc=") == {"a": "1", "b": "2", "c": ""}
    with pytest.raises(Refused):
        rules.labels_from("nothing")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x", "https://", "https://a b", "//x", "http://[", "https://x/<b>"]
)
def test_links_lead_to_web_pages_only(url: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.checked_link(2, {"kind": "runbook", "url": url})
    assert refused.value.field == "links[2].url"


@pytest.mark.django_db
def test_who_may() -> None:
    team, other = factories.team(), factories.team()
    manager = factories.person()
    factories.membership(team, manager, "manager")
    for role in ("viewer", "responder"):
        with pytest.raises(NotAllowed):
            commands.save_service(factories.actor(role=role), None, team=team, name="Checkout")
    made = commands.save_service(acting(manager), None, team=team, name="Checkout")
    with pytest.raises(NotAllowed):
        commands.save_service(acting(manager), made, team=other, name="Checkout")  # give it away: not theirs to decide
    with pytest.raises(NotAllowed):
        commands.save_service(acting(manager), factories.service(team=other), team=team, name="Taken")  # nor to take
    with pytest.raises(NotAllowed):
        commands.delete_service(factories.actor(role="responder"), made)
    commands.delete_service(acting(manager), made)


@pytest.mark.django_db
def test_a_circle_is_refused_with_its_way_and_nothing_changes() -> None:
    team = factories.team()
    a, b, c = (factories.service(name, team=team) for name in "ABC")
    commands.save_service(SYSTEM, a, team=team, name="A", needs=[b.pk])
    commands.save_service(SYSTEM, b, team=team, name="B", needs=[c.pk])
    with pytest.raises(Refused, match="C → A → B → C"):
        commands.save_service(SYSTEM, c, team=team, name="C", needs=[a.pk])
    with pytest.raises(Refused):
        commands.save_service(SYSTEM, c, team=team, name="C", needs=[c.pk])
    assert Dependency.objects.count() == 2
    down, up = queries.around(SYSTEM, b, 9)
    assert [(row.name, steps) for row, steps in down] == [("C", 1)] and [(row.name, steps) for row, steps in up] == [
        ("A", 1)
    ]


@pytest.mark.django_db
def test_what_is_around_is_what_dependencies_lead_to_by_the_shortest_way(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    team = factories.team()
    made = [factories.service(f"S{number}", team=team) for number in range(6)]
    for a, b in ((0, 1), (1, 2), (0, 2), (2, 3), (4, 2), (5, 5 - 1)):
        Dependency.objects.create(service=made[a], needs=made[b])
    with django_assert_max_num_queries(3):
        down, up = queries.around(SYSTEM, made[0], 9)
    assert [(row.name, steps) for row, steps in down] == [("S1", 1), ("S2", 1), ("S3", 2)] and not up
    down, up = queries.around(SYSTEM, made[2], 3)
    assert [(row.name, steps) for row, steps in down] == [("S3", 1)]
    assert [(row.name, steps) for row, steps in up] == [("S0", 1), ("S1", 1), ("S4", 1)]  # and one at two steps


@pytest.mark.django_db
def test_of_what_needs_a_service_the_nearest_are_listed_however_much_there_is(client: Client) -> None:
    team = factories.team()
    hub, edge, *others = Service.objects.bulk_create(
        Service(team=team, name=f"S{number:03}", slug=f"s{number:03}") for number in range(203)
    )
    Dependency.objects.bulk_create(Dependency(service=each, needs=hub) for each in others)
    Dependency.objects.create(service=edge, needs=others[0])
    client.force_login(factories.person())
    page = client.get(f"/services/{hub.slug}")
    assert len(page.context["needed_by"]) == 200
    assert (
        all(steps == 1 for _, steps in page.context["needed_by"])
        and "And more: these are the nearest." in page.content.decode()
    )
    assert "And more: these are the nearest." not in client.get(f"/services/{edge.slug}").content.decode()


@pytest.mark.django_db
def test_what_is_left_out_stays() -> None:
    team = factories.team()
    needed = factories.service(team=team)
    made = commands.save_service(
        SYSTEM,
        None,
        team=team,
        name="X",
        labels={"a": "1"},
        needs=[needed.pk],
        links=[{"kind": "logs", "url": "https://logs.example.org"}],
    )
    commands.save_service(SYSTEM, made, team=team, name="Y")
    again = Service.objects.get(pk=made.pk)
    assert (again.name, again.slug, again.labels) == ("Y", "x", {"a": "1"})
    assert again.links.get().label == "Logs" and again.needs.get().needs == needed


@pytest.mark.django_db
def test_what_is_in_use_or_taken_is_a_conflict() -> None:
    team = factories.team()
    made = factories.service("Checkout", team=team, slug="checkout")
    with pytest.raises(Conflict):
        commands.save_service(SYSTEM, None, team=team, name="Checkout")
    factories.integration(service=made)
    with pytest.raises(Conflict, match="Prometheus"):
        commands.delete_service(SYSTEM, made)
    with pytest.raises(Refused):
        commands.save_service(SYSTEM, made, team=team, name="X", policy=999_999)
