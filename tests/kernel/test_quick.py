"""What is done without Django's layers is what Django does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.models import Team
from watchroom.catalog.models import Service
from watchroom.intake.models import AlertGroup
from watchroom.kernel.db import insert_all, is_postgresql, update_each
from watchroom.kernel.prepared import prepared
from watchroom.kernel.quick import Maker, carry_out

pytestmark = pytest.mark.django_db


def test_rows_become_the_instances_that_django_makes() -> None:
    service = make.service()
    names = [column.attname for column in Service._meta.concrete_fields]
    row = list(Service.objects.values_list(*names).get(pk=service.pk))
    one, django = Maker(Service).from_db("default", names, row), Service.from_db("default", names, row)
    assert vars(one).keys() == vars(django).keys()
    assert {k: v for k, v in vars(one).items() if k != "_state"} == {
        k: v for k, v in vars(django).items() if k != "_state"
    }
    assert (one == django, one._state.adding, one._state.db) == (True, False, "default")
    assert isinstance(one, Service) and one.team == service.team
    one.name = "Another name"
    one.save()
    service.refresh_from_db()
    assert service.name == "Another name"


def test_what_was_left_out_is_read_when_it_is_asked_for() -> None:
    service = make.service()
    one = Maker(Service).from_db("default", ["id", "slug"], [service.pk, service.slug])
    assert isinstance(one, Service)
    with CaptureQueriesContext(connection) as seen:
        assert (one.name, one.get_deferred_fields() >= {"tier"}) == (service.name, True)
    assert len(seen) == 1


def test_who_hears_of_each_instance_still_does() -> None:
    heard: list[Any] = []

    def hear(instance: Any, **_: Any) -> None:
        heard.append(instance)

    team = make.team()
    names = [column.attname for column in Team._meta.concrete_fields]
    post_init.connect(hear, sender=Team)
    try:
        one = Maker(Team).from_db("default", names, [getattr(team, name) for name in names])
    finally:
        post_init.disconnect(hear, sender=Team)
    assert heard == [one]


def test_whoever_looks_on_sees_each_statement() -> None:
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look), CaptureQueriesContext(connection) as captured:
        assert carry_out(connection, "SELECT 1 + %s", [1], rows=True) == [(2,)]
    assert (len(seen), len(captured)) == (1, 1)


def test_errors_are_djangos_and_a_broken_transaction_is_left_alone() -> None:
    team = make.team()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_all([Team(name="Another", slug=team.slug)])
    with pytest.raises((OperationalError, DataError)), transaction.atomic():
        carry_out(
            connection, "SELECT nothing" if not is_postgresql() else "SELECT 1 / %s", [] if not is_postgresql() else [0]
        )
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            carry_out(connection, "SELECT 1", [], rows=True)
        transaction.set_rollback(False)


def test_new_rows_name_those_that_got_their_numbers_only_now() -> None:
    team = make.team()
    services = [Service(team=team, name=f"Service {n}", slug=f"service-{n}") for n in range(3)]
    insert_all(services)
    assert [each.pk for each in services] == [each.pk for each in Service.objects.order_by("id")]
    services[1].description = "Written again"
    services[2].team = other = Team(name="Made later", slug="made-later")
    insert_all([other])
    services[2].team_id = other.pk
    update_each(services, ["description", "team"])
    assert [(each.description, each.team_id) for each in Service.objects.order_by("id")] == [
        ("", team.pk),
        ("Written again", team.pk),
        ("", other.pk),
    ]


def test_what_is_joined_is_complete() -> None:
    group = make.group(service=make.service())

    @prepared
    def groups(pk: int) -> Any:
        return AlertGroup.objects.filter(pk=pk).select_related("service__team", "integration")

    (one,) = groups(group.pk)
    with CaptureQueriesContext(connection) as seen:
        assert (one.service, one.integration, one.opened_at) == (group.service, group.integration, group.opened_at)
    assert not seen.captured_queries
