"""Many escalations at once: they cost as many statements as one, and each is carried on as if it were alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

import factories as make
from paging.reached import reachable, start
from peers.http import HttpPeer
from watchroom.accounts.actors import SYSTEM
from watchroom.channels.base import Delivery, DeliveryFailed
from watchroom.engine.loop import run_due
from watchroom.intake.models import Alert
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.sqlite import base
from watchroom.paging import commands, duties
from watchroom.paging.commands import book, carrying_on, notifications, turns
from watchroom.paging.commands.policies import plans_of
from watchroom.paging.models import Attempt, Escalation, EscalationEvent, Notification, RoundRobin

pytestmark = pytest.mark.django_db
TAKEN = ("step", "skipped", "last_resort")


def statements(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as seen:
        work()
    return len(seen)


def test_forty_cost_as_many_statements_as_four(clock: TravellingClock) -> None:
    people = [make.person(f"P{number}", "responder") for number in range(40)]
    for person in people:
        make.contact_method(person)
    schedules = [make.schedule(people=(person,)) for person in people[:20]]
    policies = [make.policy((target, 300)) for target in (*schedules, *people[20:])]
    costs = []
    for count in (4, 40):
        for number in range(count):
            start(policies[number * (40 // count)], subject_id=count * 100 + number)
        claimed: list[Any] = []
        took = statements(lambda: commands.take_turn(turns.AT_ONCE))
        took_claim = statements(lambda: claimed.extend(commands.claim(100)))  # noqa: B023
        done = [(message, Delivery("x")) for message in claimed]
        costs.append((took, took_claim, statements(lambda: commands.record_results(done))))  # noqa: B023
        assert len(claimed) == count
    assert costs[0] == costs[1]
    assert Notification.objects.filter(state="sent").count() == Attempt.objects.filter(outcome="ok").count() == 44


def test_conditions_of_many_are_asked_for_at_once(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    policy = make.policy((anna, 300), (anna, 300), repeats=0)
    policy.steps.filter(position=0).update(conditions={"labels": {"site": "north"}})
    costs = []
    for count in (2, 20):
        groups = [make.group(f"Problem {count} {number}", policy=policy) for number in range(count)]
        for number, group in enumerate(groups):
            make.alert(group, labels={"site": "north" if number % 2 else "south"})
            start(policy, subject_id=group.pk)
        costs.append(statements(lambda: commands.take_turn(turns.AT_ONCE)))
    assert costs[0] == costs[1]
    taken = EscalationEvent.objects.filter(step=0).values_list("escalation__subject_id", "kind")
    north = set(Alert.objects.filter(labels__site="north").values_list("group", flat=True))
    assert {subject for subject, kind in taken if kind == "step"} == north and len(north) == 11
    assert {kind for subject, kind in taken if subject not in north} == {"skipped"}


def test_one_that_breaks_takes_none_of_the_others_with_it(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    for number in range(4):
        start(make.policy((anna, 300)), subject_id=number)
    broken = start(make.policy((eve, 300), (ben, 300)), subject_id=9)
    for number in range(5, 8):
        start(make.policy((anna, 300)), subject_id=number)
    look, broke = carrying_on.look_at, list[int]()

    def look_or_break(step: Any, *args: Any, **fields: Any) -> Any:
        if step.targets[0].id == eve.pk:
            broke.append(eve.pk)
            raise ArithmeticError("no such turn")
        return look(step, *args, **fields)

    with patch.object(carrying_on, "look_at", look_or_break):
        commands.take_turn(100)
    assert len(broke) == 2, "together with the others, and alone"
    book = Counter(EscalationEvent.objects.filter(kind__in=TAKEN).values_list("escalation", flat=True))
    assert set(book.values()) == {1} and len(book) == 8
    assert Notification.objects.filter(person=anna).count() == 7
    assert not Notification.objects.filter(person=eve).exists()
    assert Notification.objects.get(person=ben).escalation == broken


def test_a_round_robin_goes_on_from_one_to_the_next_within_a_batch(clock: TravellingClock) -> None:
    people = [make.person(f"P{number}", "responder") for number in range(3)]
    for person in people:
        make.contact_method(person)
    policy = make.policy(people[0])
    for person in people[1:]:
        policy.steps.get().targets.create(person=person)
    policy.steps.update(round_robin=True)
    for number in range(7):
        start(policy, subject_id=number)
    commands.take_turn(100)
    asked = Notification.objects.order_by("escalation_id").values_list("person", flat=True)
    assert list(asked) == [people[number % 3].pk for number in range(7)]
    assert RoundRobin.objects.get().turns == 7


def test_those_of_which_the_plan_is_through_end_beside_others(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    policy = make.policy((anna, 300), repeats=0)
    through = [start(policy, subject_id=number) for number in range(2)]
    Escalation.objects.update(round=20)
    start(policy, subject_id=5)
    assert commands.take_turn(100) == 3
    assert [Escalation.objects.get(pk=each.pk).end for each in through] == ["exhausted"] * 2
    assert Notification.objects.get().person == anna


def test_results_of_many_tell_who_was_late_and_who_was_answered(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    for _ in range(3):
        make.contact_method(anna)
    start(make.policy((anna, 300)))
    commands.take_turn(1)
    first, second, third = commands.claim(10)
    clock.advance(timedelta(seconds=61))
    (again,) = (each for each in commands.claim(10) if each[0][0].pk == first[0][0].pk)
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=SYSTEM)
    failed = DeliveryFailed("timed out")
    commands.record_results([(again, Delivery("new")), (second, failed), (first, Delivery("old")), (third, failed)])
    rows = {row.pk: row for row in Notification.objects.all()}
    assert rows[first[0][0].pk].state == "sent"  # it went before the answer came, and that is what the book says
    assert rows[second[0][0].pk].state == rows[third[0][0].pk].state == "cancelled"
    assert sorted(Attempt.objects.filter(outcome="ok").values_list("provider_id", flat=True)) == ["new", "old"]


@pytest.mark.django_db(transaction=True)
def test_results_wait_for_a_database_that_is_away(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    start(make.policy((anna, 300)))
    commands.take_turn(1)
    (claimed,) = commands.claim(1)
    record, tries = commands.record_results, list[int]()

    def away_at_first(results: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("away")
        record(results)

    duties._results.put((claimed, Delivery("x")))
    with patch.object(duties, "record_results", away_at_first), patch.object(duties, "WRITE_AGAIN_SECONDS", (0, 0, 0)):
        duties._write_results()
    assert len(tries) == 3 and Notification.objects.get().state == "sent"


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_being_committed_is_not_waited_for_and_not_overruled(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    for number in range(3):
        start(make.policy((anna, 300)), subject_id=number)
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=SYSTEM)
        _in_a_thread(lambda: commands.take_turn(100))
    assert commands.take_turn(100) == 0
    assert sorted(Notification.objects.values_list("escalation__subject_id", flat=True)) == [0, 2]


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_while_a_batch_is_being_written_ends_what_it_wrote(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    for number in range(3):
        start(make.policy((anna, 300)), subject_id=number)
    write, reached, answered = book.write_all, threading.Event(), threading.Event()

    def write_when_somebody_answers(*args: Any) -> None:
        reached.set()
        answered.wait(60)
        write(*args)

    def answer() -> None:
        with transaction.atomic():
            threading.Timer(0, answered.set).start()
            commands.stop_escalation("alert_group", 1, end="acknowledged", by=SYSTEM)

    with patch.object(book, "write_all", write_when_somebody_answers):
        engine = threading.Thread(target=_and_close, args=(lambda: commands.take_turn(100),))
        engine.start()
        assert reached.wait(60)
        answer()
        engine.join()
    states = dict(Notification.objects.values_list("escalation__subject_id", "state"))
    assert states == {0: "waiting", 1: "cancelled", 2: "waiting"}


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_the_database_gave_up_is_taken_again(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    for number in range(3):
        start(make.policy((anna, 300)), subject_id=number)
    gives_up = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"

    gave_up: list[str] = []

    def once(module: Any, name: str) -> Any:
        real, left = getattr(module, name), [gives_up]

        def act(*args: Any) -> Any:
            if left:
                gave_up.append(name)
                with connection.cursor() as cursor:
                    cursor.execute(left.pop())
            return real(*args)

        return patch.object(module, name, act)

    with once(book, "write_all"):
        assert commands.take_turn(100) == 3
    assert EscalationEvent.objects.filter(kind="step").count() == Notification.objects.count() == 3
    with once(notifications, "sort_out_all"):
        assert sum(len(one) for one in commands.claim(100)) == 3
    assert gave_up == ["write_all", "sort_out_all"]
    assert Attempt.objects.count() == 3 and set(Notification.objects.values_list("tries", flat=True)) == {1}


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_engines_share_what_is_due(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    make.contact_method(anna)
    policy = make.policy((anna, 300))
    for number in range(6):
        start(policy, subject_id=number)
    write, reached, other = book.write_all, threading.Event(), threading.Event()

    def write_after_the_other(*args: Any) -> None:
        if not reached.is_set():
            reached.set()
            other.wait(60)
        write(*args)

    with patch.object(book, "write_all", write_after_the_other):
        engine = threading.Thread(target=_and_close, args=(lambda: commands.take_turn(4),))
        engine.start()
        assert reached.wait(60)
        assert commands.take_turn(100) == 2
        other.set()
        engine.join()
    assert Notification.objects.count() == EscalationEvent.objects.filter(kind="step").count() == 6


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_writers_of_one_process_take_turns_and_give_them_back_whatever_happens(clock: TravellingClock) -> None:
    turn = base._turns[connection.settings_dict["NAME"]]
    person = make.person("Anna")
    assert not turn.locked()
    with pytest.raises(IntegrityError), transaction.atomic():
        assert turn.locked()
        make.person("Ben", email=person.email)
    assert not turn.locked()
    with transaction.atomic():
        transaction.set_rollback(True)
    assert not turn.locked()
    with pytest.raises(RuntimeError), transaction.atomic():
        connection.close()
        raise RuntimeError
    assert not turn.locked()
    order: list[str] = []

    def other() -> None:
        with transaction.atomic():
            order.append("other")

    with transaction.atomic():
        thread = threading.Thread(target=_and_close, args=(other,))
        thread.start()
        run_due([])
        order.append("this")
    thread.join()
    assert order == ["this", "other"]


def _and_close(work: Callable[[], Any]) -> None:
    try:
        work()
    finally:
        connection.close()


def _in_a_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=_and_close, args=(work,))
    thread.start()
    thread.join()


def test_plans_of_many_policies_are_those_of_each(clock: TravellingClock) -> None:
    anna, team, rota = make.person("Anna"), make.team(), make.schedule()
    steps: list[dict[str, Any]] = [
        {"wait_seconds": 60, "targets": [{"person": anna.pk}, {"team": team.pk}, {"incident": 2}]},
        {
            "wait_seconds": 120,
            "round_robin": True,
            "urgency": "low",
            "targets": [{"schedule": rota.pk, "who": "next"}],
        },
        {"wait_seconds": 30, "pause": True},
        {"wait_seconds": 90, "conditions": {"severities": ["critical"]}, "targets": [{"role": "commander"}]},
    ]
    made = [
        commands.save_policy(SYSTEM, None, team=team, name=f"P{number}", repeats=number, steps=steps[number:])
        for number in range(3)
    ]
    assert plans_of(made) == {policy.pk: commands.plan_of(policy) for policy in made}
