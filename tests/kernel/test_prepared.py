"""A prepared question has the answer that Django's own query has, whatever it is asked with."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.models import Membership, Person, Team
from watchroom.catalog.models import Service
from watchroom.intake.models import AlertGroup
from watchroom.kernel.db import is_postgresql, locked
from watchroom.kernel.prepared import attach, prepared

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _named(names: Collection[str], *, active: bool = True) -> QuerySet[Person]:
    return Person.objects.filter(name__in=names, is_active=active).order_by("id")


def _numbered(numbers: Collection[int]) -> QuerySet[Person, tuple[int, str, datetime]]:
    return Person.objects.filter(pk__in=numbers).order_by("-id").values_list("pk", "name", "joined_at")


def _joined(after: datetime, until: datetime) -> QuerySet[Person]:
    return Person.objects.filter(joined_at__gt=after, joined_at__lte=until).order_by("id")


def _services(teams: Collection[int], slug: str) -> QuerySet[Service]:
    return Service.objects.filter(team__in=teams).exclude(slug=slug).select_related("team").order_by("id")


def _in_teams(teams: Collection[int]) -> QuerySet[Service]:
    return Service.objects.filter(team__in=teams).order_by("id")


def _members(teams: Collection[int]) -> QuerySet[Membership]:
    return Membership.objects.filter(team__in=teams).order_by("id")


def _fetched(team: int) -> QuerySet[Team]:
    return Team.objects.filter(pk=team).prefetch_related("memberships")


def _first(names: Collection[str], *, most: int) -> QuerySet[Person, Any]:
    return Person.objects.filter(name__in=names).order_by("id").values_list("pk", flat=True)[:most]


def _either(one: str, other: str) -> QuerySet[Person, Any]:
    first = Person.objects.order_by().filter(name=one).values_list("name", "pk")
    return first.union(Person.objects.order_by().filter(name=other).values_list("name", "pk"), all=True)


def _locked(numbers: Collection[int]) -> QuerySet[Team]:
    return locked(Team.objects.filter(pk__in=numbers))


def _labels(numbers: Collection[int]) -> QuerySet[AlertGroup, Any]:
    return AlertGroup.objects.filter(pk__in=numbers).order_by("id").values_list("group_labels", "opened_at", named=True)


class Kind(StrEnum):
    A = "a"


def _like(text: str) -> QuerySet[Person]:
    return Person.objects.filter(name__contains=text)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 31])
def test_lists_of_any_length(count: int) -> None:
    people = [make.person(f"Name {number}") for number in range(12)]
    people[2].is_active = False
    people[2].save()
    names = [f"Name {number}" for number in range(count)]
    ask, numbers = prepared(_named), prepared(_numbered)
    for asked in (names, names[:1], tuple(reversed(names)), set(names)):
        assert ask(asked) == list(_named(asked))
        assert ask(asked, active=False) == list(_named(asked, active=False))
    for pks in ([each.pk for each in people[:count]], [people[-1].pk], [0]):
        assert numbers(pks) == list(_numbered(pks))


def test_times_and_numbers_come_back_as_they_are() -> None:
    first, second = make.person(joined_at=NOON), make.person(joined_at=NOON + timedelta(microseconds=1))
    ask = prepared(_joined)
    assert ask(NOON - timedelta(days=1), NOON) == [first]
    assert ask(NOON, NOON + timedelta(days=1)) == [second]
    assert ask(NOON, NOON) == []
    assert prepared(_numbered)([second.pk]) == [(second.pk, second.name, NOON + timedelta(microseconds=1))]


@pytest.mark.parametrize(
    "said", ['{"a": [1, 2.5, null, "☃"], "b": {}}', '{"x": -0.125}', '"\\ud83d"', "[]", "12345678901234567890123"]
)
def test_json_is_read_as_django_reads_it(said: str) -> None:
    if is_postgresql() and "ud83d" in said:
        pytest.skip("PostgreSQL stores no half of a surrogate pair")
    group = make.group()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intake_alertgroup SET group_labels = %s", [said])
    (found,) = prepared(_labels)([group.pk])
    assert found == _labels([group.pk])[0]
    assert found.group_labels == json.loads(said)


def test_what_is_joined_costs_no_more_queries() -> None:
    service, other = make.service("Shop"), make.service("Till")
    with CaptureQueriesContext(connection) as asked:
        (found,) = prepared(_services)([service.team_id, other.team_id], other.slug)
        assert (found.name, found.team.name) == ("Shop", service.team.name)
    assert len(asked) == 1


def test_what_rows_point_to_is_read_at_once_each_but_once() -> None:
    team, policy = make.team(), make.policy()
    first, second = make.service("Shop", team=team, policy=policy), make.service("Till", team=team)
    Service.objects.filter(pk=second.pk).update(policy=None)
    rows = prepared(_in_teams)([team.pk])
    with CaptureQueriesContext(connection) as asked:
        assert attach(rows, "team") == [team]
        assert attach(attach(rows, "policy"), "team") == [policy.team]
        assert [(row.pk, row.team, row.policy) for row in rows] == [(first.pk, team, policy), (second.pk, team, None)]
        assert rows[0].policy is not None and rows[0].policy.team == policy.team
        assert rows[0].team is rows[1].team
    assert len(asked) == 3
    assert attach([], "team") == []


def test_what_fetches_more_rows_with_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="attach"):
        prepared(_fetched)(1)


def test_of_nothing_nothing_is_asked() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert prepared(_named)([]) == []
        assert prepared(_services)([], "x") == []
    assert len(asked) == 0


def test_what_is_named_is_part_of_the_question() -> None:
    pks = [make.person(f"Name {number}").pk for number in range(4)]
    names = [f"Name {number}" for number in range(4)]
    ask = prepared(_first)
    assert [ask(names, most=most) for most in (1, 3, 1)] == [pks[:1], pks[:3], pks[:1]]


def test_the_same_value_in_two_places_and_questions_put_together() -> None:
    anna, ben = make.person("Anna"), make.person("Ben")
    ask = prepared(_either)
    assert sorted(ask("Anna", "Ben")) == [("Anna", anna.pk), ("Ben", ben.pk)]
    assert sorted(ask("Ben", "Ben")) == [("Ben", ben.pk)] * 2


def test_a_value_that_does_not_stand_as_it_is_is_refused() -> None:
    with pytest.raises(TypeError, match="has to stand in the SQL as it is"):
        prepared(_like)("Anna")


def test_values_of_several_kinds_are_refused() -> None:
    odd: list[Any] = [[1, None], ["a", None], [1, "a"], [Kind.A]]
    for values in odd:
        with pytest.raises(TypeError, match="of one kind"):
            prepared(_named)(values)


def test_what_ought_to_be_an_argument_does_not_fill_the_memory() -> None:
    ask = prepared(_first)
    with pytest.raises(TypeError, match="too many forms"):
        for most in range(1, 1_000):
            ask(["Anna"], most=most)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not is_postgresql(), reason="SQLite locks no rows")
def test_rows_are_locked_inside_of_a_transaction_only() -> None:
    ask, team = prepared(_locked), make.team()
    with transaction.atomic():
        assert ask([team.pk]) == [team]
    with pytest.raises(TransactionManagementError):
        ask([team.pk])


def test_a_value_is_never_sql() -> None:
    make.person("Anna")
    for name in ("'; DROP TABLE accounts_person; --", "%s", "100 %", "\\", '"', "\ufdd00"):
        assert prepared(_named)([name, "Anna"]) == list(_named([name, "Anna"]))


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection() -> None:
    team, ask = make.team(), prepared(_members)
    anna = make.membership(team, make.person("Anna"))
    assert ask([team.pk]) == [anna]
    seen: list[Any] = []

    def elsewhere() -> None:
        close_old_connections()
        try:
            seen.extend(each.person.name for each in ask([team.pk]))
            Membership.objects.all().delete()
        finally:
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == ["Anna"]
    assert ask([team.pk]) == []
