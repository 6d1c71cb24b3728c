"""A new group's first turn is taken in the transaction that opens it, or left to the engine."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction

import factories as make
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, Integration
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.db import locked
from watchroom.paging.commands import book
from watchroom.paging.models import Escalation, Notification, PagingDefect, RoundRobin

pytestmark = pytest.mark.django_db


def integration(*people: Any, round_robin: bool = False) -> Integration:
    policy = make.policy(people[0])
    for person in people[1:]:
        policy.steps.get().targets.create(person=person)
    policy.steps.update(round_robin=round_robin)
    return make.integration(service=make.service("Checkout", policy=policy))


def person(name: str = "Anna") -> Any:
    made = make.person(name, "responder")
    make.contact_method(made, "browser", {"person": made.pk})
    return made


def send(sender: Integration, *names: str, **more: Any) -> None:
    make.signal(
        sender, json.dumps([{"labels": {"alertname": name, "severity": "critical"}, **more} for name in names]).encode()
    )


def test_whoever_is_on_call_is_paged_with_the_commit_of_the_group(clock: TravellingClock) -> None:
    anna = person()
    send(integration(anna), "DiskFull", "HighLatency")
    commands.read_signals(10)
    assert [row.person for row in Notification.objects.all()] == [anna, anna]
    assert set(Escalation.objects.values_list("next_step", "round", "due_at")) == {
        (0, 1, clock() + timedelta(seconds=300))
    }


def test_a_group_whose_wait_is_over_pages_with_its_escalation(clock: TravellingClock) -> None:
    make.group("Checkout is slow", notify_at=clock(), policy=make.policy((person(), 60)))
    commands.notify_waiting(10)
    assert Notification.objects.count() == 1


def test_what_ends_in_the_same_breath_pages_nobody(clock: TravellingClock) -> None:
    sender = integration(person())
    send(sender, "DiskFull")
    send(sender, "DiskFull", endsAt=clock().isoformat())
    commands.read_signals(10)
    assert AlertGroup.objects.get().resolved_at is not None
    assert not Notification.objects.exists()
    assert [each.kind for each in Escalation.objects.get().events.all()] == ["started", "ended"]


def test_a_first_turn_that_breaks_keeps_no_group_back_and_is_left_to_the_engine(clock: TravellingClock) -> None:
    send(integration(person()), "DiskFull", "HighLatency")
    with patch.object(book, "write_all", side_effect=ArithmeticError("no such turn")) as breaks:
        commands.read_signals(10)
    assert breaks.called
    assert AlertGroup.objects.count() == 2 and not Notification.objects.exists()
    assert set(Escalation.objects.values_list("next_step", "round", "due_at")) == {(0, 0, clock())}
    assert not Escalation.objects.filter(events__kind="step").exists()
    run_due()
    assert Notification.objects.count() == 2


def test_where_nobody_can_be_paged_the_engine_goes_on_to_the_last_resort(clock: TravellingClock) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, "browser", {"person": admin.pk})
    send(integration(make.person("Anna", "responder")), "DiskFull")
    run_due()
    assert {row.person for row in Notification.objects.all()} == {admin}
    assert PagingDefect.objects.filter(kind="nobody").exists()


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_whose_turn_it_is_while_an_engine_decides_that_is_left_to_it(clock: TravellingClock) -> None:
    """Reading signals holds groups: it never waits for who hands out turns, who may wait for it."""
    anna, ben = person(), person("Ben")
    sender = integration(anna, ben, round_robin=True)
    send(sender, "First")
    run_due()
    send(sender, "Second")

    def read() -> None:
        try:
            commands.read_signals(10)
        finally:
            connection.close()

    with transaction.atomic():
        locked(RoundRobin.objects.all()).get()
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
    assert AlertGroup.objects.count() == 2
    assert Notification.objects.get().person == anna
    run_due()
    assert list(Notification.objects.order_by("id").values_list("person", flat=True)) == [anna.pk, ben.pk]
