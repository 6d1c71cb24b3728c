"""Escalation against a small reference model: any order of answers, snoozes, edits, failures and crashes.

The model knows a plan as a list of steps, a place in it and a due time; nothing of rows, locks or notifications. After
each action the engine runs and what it has put into the book is compared, line by line, with what the model says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import factories as make
from watchroom.accounts.actors import SYSTEM
from watchroom.channels.base import Delivery, DeliveryFailed, Message
from watchroom.engine.loop import all_duties, run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.plugins import one_of
from watchroom.paging import commands
from watchroom.paging.commands import book, carrying_on, turns
from watchroom.paging.models import Escalation, EscalationEvent, Notification, NotificationRule
from watchroom.paging.rules import LAST_RESORT_ROUNDS, LAST_RESORT_WAIT_SECONDS, MAX_TRIES

pytestmark = pytest.mark.django_db
PROVIDER = st.sampled_from(["", "temporary", "permanent"])  # takes everything, nothing for now, or nothing ever
TAKEN = ("step", "skipped", "last_resort")


class Killed(BaseException):
    """The engine dies here."""


class Reference:
    """What an escalation must do, in twenty lines."""

    def __init__(self, waits: list[int], people: list[Any], repeats: int, now: datetime) -> None:
        self.waits, self.people, self.repeats = waits, people, repeats
        self.round = self.step = 0
        self.in_vain = True  # whether nobody could be reached in this round
        self.due: datetime | None = now
        self.end = ""
        self.book: list[tuple[str, int, int]] = []

    @property
    def is_through(self) -> bool:
        """Not even the last resort is left."""
        return self.round - self.repeats > LAST_RESORT_ROUNDS

    def run(self, now: datetime) -> None:
        while self.due is not None and self.due <= now:
            if self.round > self.repeats:
                if self.is_through:
                    self.due, self.end = None, "exhausted"
                    return
                self.book.append(("last_resort", self.round, 0))
                self.round, self.due = self.round + 1, now + timedelta(seconds=LAST_RESORT_WAIT_SECONDS)
                continue
            self.book.append(("step", self.round, self.step))
            somebody = self.people[self.step].is_active
            self.due = now + timedelta(seconds=self.waits[self.step] if somebody else 0)
            self._go_on(somebody)

    def _go_on(self, somebody: bool) -> None:
        self.before, self.in_vain = self.in_vain, self.in_vain and not somebody
        self.step += 1
        if self.step == len(self.waits):
            self.round, self.step = self.repeats + 1 if self.in_vain else self.round + 1, 0
            self.in_vain = True

    def reached_nobody(self, now: datetime) -> None:
        """All that was sent by the step that it took last has failed for good."""
        kind, self.round, self.step = self.book[-1]
        if kind == "step":
            self.due, self.in_vain = now, self.before
            self._go_on(somebody=False)
        else:
            self.round += 1


class Machine(RuleBasedStateMachine):
    """One subject, one policy, a clock, and a provider that fails when it is told to."""

    clock: TravellingClock
    duties = [duty for name, group in all_duties().items() if name.startswith("paging") for duty in group]
    send: Callable[[Message], Delivery]

    @initialize(
        waits=st.lists(st.integers(1, 900), min_size=1, max_size=3), repeats=st.integers(0, 2), failing=PROVIDER
    )
    def begin(self, waits: list[int], repeats: int, failing: str) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.failing = failing
        self.sent: Counter[str] = Counter()
        self.lost: set[str] = set()
        self.sent_at: list[tuple[str, datetime]] = []
        self.quiet_since: datetime | None = None
        self.channel = one_of("watchroom.channels", "webhook")
        self.patch = patch.object(type(self.channel), "send", self._send)
        self.patch.start()
        self.admin = make.person("Root", "administrator")
        self.people = [make.person(f"P{number}", "responder") for number in waits]
        for person in [self.admin, *self.people]:
            address = {"url": "https://hooks.example.org/", "secret": "a secret of sixteen letters"}
            for wait in (0, 200):
                method = make.contact_method(person, settings=address)
                NotificationRule.objects.update_or_create(
                    person=person, contact_method=method, urgency="high", defaults={"wait_seconds": wait}
                )
        self.policy = make.policy(*zip(self.people, waits, strict=True), repeats=repeats)
        self.model = Reference(waits, self.people, repeats, self.clock())
        self._start()
        self._engine()

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            try:
                self.every_escalation_ends()
            finally:
                self.patch.stop()
                transaction.set_rollback(True)
                self.savepoint.__exit__(None, None, None)

    def _start(self) -> None:
        with transaction.atomic():
            self.escalation = commands.start_escalation(
                kind="alert_group",
                subject_id=1,
                title="Checkout is slow",
                body="",
                path="/alerts/1",
                team=self.policy.team,
                policy=self.policy,
            )

    def _send(self, _settings: dict[str, Any], message: Message) -> Delivery:
        if self.failing:
            tries = Notification.objects.get(pk=message.key.removeprefix("watchroom-")).tries
            if self.failing == "permanent" or tries == MAX_TRIES:
                self.lost.add(message.key)
            raise DeliveryFailed("down", permanent=self.failing == "permanent")
        if message.facts["escalation"] == self.escalation.pk:
            self.sent[message.key] += 1
            self.sent_at.append((message.key, self.clock()))
            assert self.quiet_since is None, "sent after an answer was committed"
        return Delivery(provider_id="x")

    def _engine(self) -> None:
        run_due(self.duties)
        self.model.run(self.clock())
        while self._reached_nobody():
            self.model.reached_nobody(self.clock())
            self.model.run(self.clock())

    def _reached_nobody(self) -> bool:
        """Whether the provider has refused for good all that the step sent at which the model waits."""
        if self.model.due is None or self.model.due <= self.clock() or self.model.book[-1][0] != "step":
            return False
        kind, number, step = self.model.book[-1]
        rows = self.escalation.notifications.filter(event__kind=kind, event__round=number, event__step=step)
        keys = {f"watchroom-{pk}" for pk in rows.values_list("pk", flat=True)}
        return bool(keys) and keys <= self.lost

    @rule(seconds=st.integers(1, 1200))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self._engine()

    @rule(hours=st.integers(1, 5))
    def the_engine_is_down_for_hours(self, hours: int) -> None:
        """Nothing is made up for: what is due is done once, and it says how late it is."""
        before = self.escalation.events.filter(kind__in=TAKEN).count()
        book = len(self.model.book)
        self.clock.advance(timedelta(hours=hours))
        self._engine()
        assert self.escalation.events.filter(kind__in=TAKEN).count() - before == len(self.model.book) - book

    @precondition(lambda self: self.model.due is not None)
    @rule(end=st.sampled_from(["acknowledged", "snoozed", "resolved"]))
    def somebody_ends_it(self, end: str) -> None:
        with transaction.atomic():
            commands.stop_escalation("alert_group", 1, end=end, by=SYSTEM)
        self.model.due, self.model.end = None, end
        self.quiet_since = self.clock()

    @precondition(lambda self: self.model.end in ("acknowledged", "snoozed"))
    @rule()
    def it_is_given_back(self) -> None:
        with transaction.atomic():
            assert commands.resume_escalation("alert_group", 1, why="given back") is not None
        self.model.due, self.model.end, self.quiet_since = self.clock(), "", None
        self._engine()

    @precondition(lambda self: self.model.end in ("resolved", "exhausted"))
    @rule(failing=PROVIDER)
    def it_fires_again(self, failing: str) -> None:
        self.quiet_since, self.failing = None, failing
        assert commands.resume_escalation("alert_group", 1, why="no") is None
        self.policy.refresh_from_db()
        plan = commands.plan_of(self.policy)
        by_number = {person.pk: person for person in self.people}
        self.model = Reference(
            [step.wait_seconds for step in plan.steps],
            [by_number[step.targets[0].id] for step in plan.steps],
            plan.repeats,
            self.clock(),
        )
        self._start()
        self._engine()

    @precondition(lambda self: self.model.due is not None)
    @rule()
    def somebody_asks_for_the_next_step_now(self) -> None:
        Escalation.objects.filter(pk=self.escalation.pk).update(due_at=self.clock())
        self.model.due = self.clock()
        self._engine()

    @rule(wait=st.integers(1, 900), repeats=st.integers(0, 2), data=st.data())
    def the_policy_is_edited(self, wait: int, repeats: int, data: Any) -> None:
        """What runs keeps its version: the model does not change."""
        person = data.draw(st.sampled_from(self.people))
        commands.save_policy(
            SYSTEM,
            self.policy,
            team=self.policy.team,
            name=self.policy.name,
            repeats=repeats,
            steps=[{"wait_seconds": wait, "targets": [{"person": person.pk}]}],
        )

    @rule(data=st.data())
    def somebody_leaves_or_comes_back(self, data: Any) -> None:
        person = data.draw(st.sampled_from(self.people))
        person.is_active = not person.is_active
        person.save()

    @rule(how=PROVIDER)
    def the_provider_changes(self, how: str) -> None:
        self.failing = how

    @rule(seconds=st.integers(1, 1200), decided=st.booleans())
    def the_engine_is_killed_in_the_middle_and_another_goes_on(self, seconds: int, decided: bool) -> None:
        """Before anything is decided, or when what follows is about to be written."""
        self.clock.advance(timedelta(seconds=seconds))
        module, where = carrying_on, "next_turn"
        if decided:
            module, where = (turns, "finish") if self.model.is_through else (book, "write_all")
        with patch.object(module, where, side_effect=Killed) as kill:
            try:
                with transaction.atomic():
                    commands.take_turn(10)
            except Killed:
                pass
        assert kill.called == (self.model.due is not None and self.model.due <= self.clock()), "it killed nothing"
        self._engine()

    @rule(seconds=st.integers(1, 1200))
    def what_is_taken_together_breaks_and_is_taken_one_by_one(self, seconds: int) -> None:
        take = turns._take

        def only_alone(most: int, holding: list[Any]) -> int:
            if most > 1:
                raise ArithmeticError("together it breaks")
            alone.append(most)
            return take(most, holding)

        alone: list[int] = []
        self.clock.advance(timedelta(seconds=seconds))
        due = self.model.due is not None and self.model.due <= self.clock()
        with patch.object(turns, "_take", only_alone):
            self._engine()
        assert bool(alone) == due, "nothing was taken alone"

    @rule()
    def the_engine_is_killed_when_it_was_about_to_send(self) -> None:
        """What it held is taken over when its lease has run out: unless somebody has answered by then."""
        Notification.objects.filter(state="waiting").update(due_at=self.clock())
        commands.claim(100)

    @invariant()
    def the_book_says_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        book = list(self.escalation.events.filter(kind__in=TAKEN).order_by("id").values_list("kind", "round", "step"))
        assert book == self.model.book
        assert len(set(book)) == len(book), "a step was taken twice"
        row = Escalation.objects.get(pk=self.escalation.pk)
        assert (row.due_at, row.end) == (self.model.due, self.model.end)

    @invariant()
    def nothing_is_sent_twice_and_nothing_waits_after_the_end(self) -> None:
        if not hasattr(self, "model"):
            return
        assert all(count == 1 for count in self.sent.values())
        if self.model.due is None:
            waiting = Notification.objects.filter(escalation=self.escalation, ended_at__isnull=True)
            assert not waiting.exists()

    def every_escalation_ends(self) -> None:
        """Left alone from here, it comes to an end within the waits that are left."""
        for _ in range(60):
            if self.model.due is None:
                break
            self.clock.advance(max(self.model.due - self.clock(), timedelta(0)))
            self._engine()
        assert not Escalation.objects.filter(ended_at__isnull=True).exists()
        self.the_book_says_what_the_model_says()
        steps = [line for line in self.model.book if line[0] == "step"]
        assert steps == sorted(steps), "a step was left out or came out of order"
        paged = EscalationEvent.objects.filter(escalation=self.escalation, kind__in=("step", "last_resort"))
        for event in paged.prefetch_related("people", "notifications"):
            asked = {person.pk for person in event.people.all()}
            assert {each.person_id for each in event.notifications.all()} == asked


@pytest.mark.longest
def test_escalation_does_what_its_model_does(clock: TravellingClock) -> None:
    Machine.clock = clock
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
