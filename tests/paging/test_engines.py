"""Three engines at once, each with a connection of its own, while people answer, edit and leave, providers fail and
engines die in the middle of a step or of a message.

What must hold, whatever the order: no step is left out or taken twice, nothing is sent twice but what was cut off, nothing
is sent after an answer was committed, and every escalation ends.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, transaction

import factories as make
from watchroom.accounts.actors import SYSTEM
from watchroom.channels.base import Delivery, DeliveryFailed, Message
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.plugins import one_of
from watchroom.paging import commands, duties
from watchroom.paging.commands import book, results
from watchroom.paging.models import Attempt, Escalation, Notification

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only, pytest.mark.slow]
ENGINES = 3
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


class Killed(BaseException):
    """An engine dies here."""


class World:
    """What the engines live in: a provider, and the chance to die."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.turn = 0
        self.deadly = 0.0
        self.reached: Counter[str] = Counter()  # at which places it might have died
        self.failing = ""
        self.sent: Counter[str] = Counter()
        self.sent_in: list[tuple[int, int]] = []  # (escalation, turn)

    def send(self, _settings: dict[str, Any], message: Message) -> Delivery:
        if self.failing:
            raise DeliveryFailed("down", permanent=self.failing == "permanent")
        with self.lock:
            self.sent[message.key] += 1
            if message.facts["escalation"]:
                self.sent_in.append((message.facts["escalation"], self.turn))
        return Delivery("x")

    def may_die(self, where: str) -> None:
        with self.lock:
            dies = self.chance.random() < self.deadly
            self.reached[where] += 1
        if dies:
            raise Killed

    def engine(self, rounds: int = 4) -> None:
        """What an engine does, without its sleeps."""
        try:
            for _ in range(rounds):
                commands.take_turn(5)
                for claimed in commands.claim(5):
                    self.may_die("claimed")  # what it holds is taken over when its lease has run out
                    duties.try_once(claimed)
        except Killed:
            pass
        except OperationalError:
            pass  # cut off from the database; the next one goes on
        finally:
            connection.close()

    def run(self, also: Callable[[], None] | None = None) -> None:
        """One turn of all engines at once, and of whoever acts meanwhile."""
        self.turn += 1
        threads = [threading.Thread(target=self.engine) for _ in range(ENGINES)]
        for each in threads:
            each.start()
        if also is not None:
            also()
        for each in threads:
            each.join()


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(request.param)
    write = book.write_all

    def write_or_die(*args: Any, **fields: Any) -> Any:
        made.may_die("writing")
        return write(*args, **fields)

    record = duties.record_result

    def record_or_die(*args: Any) -> None:
        made.may_die("sent")  # it has been sent, and nobody knows
        record(*args)

    with (
        patch.object(duties, "record_result", record_or_die),
        patch.object(type(one_of("watchroom.channels", "webhook")), "send", lambda _self, *args: made.send(*args)),
        patch.object(book, "write_all", write_or_die),
    ):
        yield made


@pytest.mark.parametrize("world", range(2), indirect=True)
def test_three_engines_lose_nothing_and_double_nothing(clock: TravellingClock, world: World) -> None:
    chance = world.chance
    people = [make.person(f"P{number}", "responder") for number in range(4)]
    admin = make.person("Root", "administrator")
    for person in [*people, admin]:
        make.contact_method(person)
    policies = [
        make.policy(
            *((chance.choice(people), chance.randint(30, 300)) for _ in range(chance.randint(1, 3))),
            repeats=chance.randint(0, 1),
        )
        for _ in range(3)
    ]
    policies[0].steps.update(round_robin=True)
    for number in range(8):
        with transaction.atomic():
            commands.start_escalation(
                kind="alert_group",
                subject_id=number + 1,
                title="Checkout is slow",
                body="",
                path=f"/alerts/{number + 1}",
                team=policies[0].team,
                policy=chance.choice(policies),
            )
    answered: dict[int, int] = {}  # escalation → the turn in which its answer was committed

    def somebody_acts() -> None:
        what, subject = (
            chance.choice(["ack", "snooze", "resolve", "resume", "edit", "leave", "fail"]),
            chance.randint(1, 8),
        )
        if what in ("ack", "snooze", "resolve"):
            end = {"ack": "acknowledged", "snooze": "snoozed", "resolve": "resolved"}[what]
            with transaction.atomic():
                stopped = commands.stop_escalation("alert_group", subject, end=end, by=SYSTEM)
            if stopped is not None:
                answered[stopped.pk] = world.turn
        elif what == "resume":
            with transaction.atomic():
                back = commands.resume_escalation("alert_group", subject, why="given back")
            if back is not None:
                answered.pop(back.pk, None)
                world.sent_in = [each for each in world.sent_in if each[0] != back.pk]
        elif what == "edit":
            policy = chance.choice(policies)
            step = {"wait_seconds": chance.randint(30, 300), "targets": [{"person": chance.choice(people).pk}]}
            commands.save_policy(SYSTEM, policy, team=policy.team, name=policy.name, steps=[step])
        elif what == "leave":
            person = chance.choice(people)
            person.is_active = not person.is_active
            person.save()
        else:
            world.failing = chance.choice(["", "temporary", "permanent"])

    world.deadly = 0.1
    for _ in range(10):
        world.run(somebody_acts)
        clock.advance(timedelta(seconds=chance.choice([20, 90, 400, 3600])))
    assert set(world.reached) == {"writing", "claimed", "sent"}
    world.failing, world.deadly = "", 0.0
    for _ in range(120):  # left alone, all of it comes to an end
        if (
            not Escalation.objects.filter(ended_at=None).exists()
            and not Notification.objects.filter(ended_at=None).exists()
        ):
            break
        world.run()
        clock.advance(timedelta(seconds=301))
    assert not Escalation.objects.filter(ended_at=None).exists()
    assert not Notification.objects.filter(ended_at=None).exists()

    for escalation in Escalation.objects.all():
        book = list(
            escalation.events.filter(kind__in=("step", "skipped", "last_resort"))
            .order_by("id")
            .values_list("kind", "round", "step")
        )
        assert len(set(book)) == len(book), "a step was taken twice"
        expected = [
            ("step", r, s) for r in range(escalation.plan["repeats"] + 1) for s in range(len(escalation.plan["steps"]))
        ]
        steps = [line for line in book if line[0] != "last_resort"]
        assert steps == expected[: len(steps)], "a step was left out"
        if len(book) > len(steps):
            left = steps[-1][1] if steps else 0
            lost = escalation.events.filter(kind__in=("nobody", "unreached"), round=left).values_list("step", flat=True)
            whole_round = [("step", left, number) for number in range(len(escalation.plan["steps"]))]
            in_vain = steps[-len(whole_round) :] == whole_round and {each[2] for each in whole_round} <= set(lost)
            assert steps == expected or in_vain, "the last resort came before the steps were through"
    cut_off = {
        f"watchroom-{pk}"
        for pk in Attempt.objects.filter(outcome=Attempt.Outcome.UNKNOWN).values_list("notification_id", flat=True)
    }
    # What went together has the number of its first in its key, and a digest of all.
    twice = {"-".join(key.split("-")[:2]) for key, count in world.sent.items() if count > 1}
    assert twice <= cut_off, "something was sent twice that had not been cut off"
    late = [(pk, turn) for pk, turn in world.sent_in if pk in answered and turn > answered[pk]]
    assert not late, "sent after an answer was committed"


@pytest.mark.parametrize("failing", [0, 1])
def test_an_answer_and_a_failure_at_once_do_not_block_each_other(clock: TravellingClock, failing: int) -> None:
    """One way fails for good, and lets the next go, while somebody answers: neither waits for ever for the other."""
    anna = make.person("Anna", "responder")
    for _ in range(2):
        make.contact_method(anna)
    with transaction.atomic():
        commands.start_escalation(
            kind="alert_group", subject_id=1, title="x", body="", path="/", team=None, people=[anna]
        )
    commands.take_turn(1)
    rows = list(Notification.objects.order_by("id"))  # whichever of them was written first
    Notification.objects.filter(pk=rows[1 - failing].pk).update(due_at=clock() + timedelta(minutes=15))
    ((claimed,),) = commands.claim(1)
    assert claimed[0] == rows[failing]
    hurry, holds, errors = results.hurry_next, threading.Event(), list[Exception]()

    def hurry_when_the_answer_waits(*given: Any) -> None:
        holds.set()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute(BLOCKED)
                if cursor.fetchone() != (0,):
                    break
            time.sleep(0.01)
        hurry(*given)

    def fail() -> None:
        try:
            commands.record_result([claimed], DeliveryFailed("gone", permanent=True))
        except Exception as error:
            errors.append(error)
        finally:
            holds.set()
            connection.close()

    with patch.object(results, "hurry_next", hurry_when_the_answer_waits):
        thread = threading.Thread(target=fail)
        thread.start()
        assert holds.wait(60)
        with transaction.atomic():
            commands.stop_escalation("alert_group", 1, end="acknowledged", by=SYSTEM)
        thread.join()
    assert not errors
    assert sorted(Notification.objects.values_list("state", flat=True)) == ["cancelled", "failed"]
