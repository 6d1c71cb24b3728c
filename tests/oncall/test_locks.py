"""Edits that meet: they take their locks in one order, so that none waits for another that waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.accounts.commands import deactivate_person
from watchroom.accounts.models import Person
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict
from watchroom.oncall import commands
from watchroom.oncall.models import Calendar, Override, Schedule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Elsewhere(threading.Thread):
    """What somebody else does at the same time. Of a lock that nobody gives up it tires."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act, self.number = act, 0
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '20s'")
                cursor.execute("SELECT pg_backend_pid()")
                self.number = cursor.fetchone()[0]
            self.act()
        except Exception as error:
            self.error = error
        finally:
            connection.close()

    def waits(self) -> bool:
        """It has come to where it waits for a lock; or it is through, and has not waited."""
        while self.is_alive():
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", [self.number])
                if cursor.fetchone()[0]:
                    return True
            time.sleep(0.01)
        return False


@pytest.fixture
def people() -> tuple[Any, Any, Any]:
    return make.person("Root", "administrator"), make.person("Anna"), make.person("Ben")


def test_whoever_holds_a_schedule_may_write_of_people_while_somebody_is_let_go(
    people: Any, clock: TravellingClock
) -> None:
    root, anna, ben = people
    make.schedule("Of Ben", people=(ben,))
    other = make.schedule("Another", people=(anna,))
    clock.advance(DAY)
    now = clock()
    with transaction.atomic():
        deactivate_person(SYSTEM, Person.objects.get(pk=ben.pk))
        meanwhile = Elsewhere(
            lambda: commands.add_override(acting(root), other, person=ben, starts_at=now, ends_at=now + HOUR)
        )
        waited = meanwhile.waits()
    meanwhile.join()
    assert not waited and meanwhile.error is None


def edit(what: str, root: Any, schedule: Schedule, now: datetime) -> None:
    by = acting(root)
    if what == "save":
        commands.save_schedule(by, schedule, team=schedule.team, name="Renamed")
    elif what == "temporary":
        commands.add_temporary(
            by, schedule, name="Release", starts_at=now + DAY, ends_at=now + 2 * DAY, members=[[root]]
        )
    elif what == "override":
        commands.add_override(by, schedule, person=root, starts_at=now, ends_at=now + HOUR)
    else:
        commands.accept_rota(by, schedule, shifts=[(root, now + DAY, now + 2 * DAY, None)])


@pytest.mark.parametrize("what", ["save", "temporary", "override", "rota"])
def test_an_edit_that_waits_for_the_schedule_it_stands_in_holds_its_own_not_yet(
    people: Any, clock: TravellingClock, what: str
) -> None:
    root, anna, ben = people
    first, second = make.schedule("First", people=(anna,)), make.schedule("Second", people=(ben,))
    now = clock()
    commands.add_temporary(SYSTEM, first, name="Away", starts_at=now, ends_at=now + HOUR, other=second)
    clock.advance(3 * HOUR)
    Override.objects.create(schedule=second, person=anna, starts_at=clock() + DAY, ends_at=clock() + 2 * DAY)
    with transaction.atomic():
        Schedule.objects.select_for_update().get(pk=first.pk)
        other = Elsewhere(lambda: edit(what, root, second, clock()))
        waited = other.waits()
        free = list(Schedule.objects.select_for_update(skip_locked=True).filter(pk=second.pk))
    other.join()
    assert waited and free and other.error is None


def test_a_calendar_is_taken_before_its_schedule(people: Any, clock: TravellingClock) -> None:
    root, anna, _ = people
    schedule = make.schedule("Read", people=(anna,), handoff_due_at=clock() + DAY)
    calendar = Calendar.objects.create(
        schedule=schedule, name="Read", url="https://calendar.example/a.ics", due_at=clock(), created_by=root
    )
    with transaction.atomic():
        Calendar.objects.select_for_update().get(pk=calendar.pk)
        other = Elsewhere(lambda: commands.remove_calendar(acting(root), calendar))
        waited = other.waits()
        free = list(Schedule.objects.select_for_update(skip_locked=True).filter(pk=schedule.pk))
    other.join()
    assert waited and free and other.error is None


def test_what_is_taken_back_waits_for_a_correction_of_the_same_time(people: Any, clock: TravellingClock) -> None:
    root, anna, ben = people
    schedule = make.schedule("Pay", people=(anna,))
    clock.to(datetime(2026, 3, 5, 9, tzinfo=UTC))
    span = {"starts_at": clock() - 5 * HOUR, "ends_at": clock() - HOUR, "reason": "Never entered"}
    by = acting(root)
    first = commands.correct(by, schedule, person=ben, **span)
    with transaction.atomic():
        commands.correct(by, schedule, person=root, **span)
        other = Elsewhere(lambda: commands.take_back(by, first))
        waited = other.waits()
    other.join()
    assert waited and isinstance(other.error, Conflict)
