"""What an engine does that comes back: what is known to go wrong elsewhere after hours without one (issue 4, section 4)."""

from __future__ import annotations

from datetime import time, timedelta

import msgspec
import pytest
from django.db import transaction

import factories as make
from paging.reached import paged, reachable, start
from peers.http import HttpPeer
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.channels.base import Delivery, DeliveryFailed
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.duties import try_once
from watchroom.paging.models import Notification

pytestmark = pytest.mark.django_db


def test_what_a_dead_engine_was_about_to_send_is_not_sent_after_an_answer(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    start(make.policy((reachable(hook, "anna"), 300)))
    commands.take_turn(1)
    commands.claim(1)  # and here it dies
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=SYSTEM)
    clock.advance(timedelta(minutes=10))
    run_due()
    assert paged(hook) == []


def test_hours_of_downtime_page_once_and_say_how_late(clock: TravellingClock, hook: HttpPeer) -> None:
    start(make.policy((reachable(hook, "anna"), 60), repeats=50))
    clock.advance(timedelta(hours=2))
    run_due()
    assert paged(hook) == ["anna"]
    assert b"Late by 2 h" in hook.requests[0].body


def test_how_late_it_is_survives_steps_that_ask_nobody_and_stands_in_a_bundle(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    nobody, anna = make.schedule(), reachable(hook, "anna")
    for number in range(3):
        start(make.policy((nobody, 60), (nobody, 60), (anna, 60), repeats=0), subject_id=number)
    clock.advance(timedelta(hours=2))
    run_due()
    assert paged(hook) == ["anna"]
    said = msgspec.json.decode(hook.requests[0].body)
    assert said["subject"].startswith("3 alert groups") and said["body"].count("(late by 2 h)") == 3


@pytest.mark.parametrize("first", ["webhook", "pause"])
def test_how_late_it_is_survives_a_step_that_tells_no_person(
    clock: TravellingClock, hook: HttpPeer, first: str
) -> None:
    anna = reachable(hook, "anna")
    policy = make.policy((anna, 300), (anna, 300), (anna, 300), repeats=0)
    step = policy.steps.get(position=0)
    step.targets.all().delete()
    if first == "webhook":
        policy.webhook_key = make.SECRET
        policy.save()
        step.targets.create(webhook=f"{hook.url}/program")
    else:
        policy.steps.filter(pk=step.pk).update(pause=True)
    start(policy)
    clock.advance(timedelta(hours=2))
    run_due()
    clock.advance(timedelta(seconds=300))
    run_due()
    assert paged(hook)[-1] == "anna" and b"Late by 2 h" in hook.requests[-1].body
    clock.advance(timedelta(seconds=300))
    run_due()
    assert paged(hook)[-1] == "anna" and b"Late by" not in hook.requests[-1].body  # said once


def test_after_downtime_nobody_gets_all_their_methods_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna", "first"), reachable(hook, "ben")
    methods = [
        anna.contact_methods.get(),
        *(
            make.contact_method(anna, settings={"url": f"{hook.url}/{path}", "secret": make.SECRET})
            for path in ("second", "third")
        ),
    ]
    commands.set_rules(acting(anna), anna, "high", [(row.pk, 120 * n) for n, row in enumerate(methods)])
    start(make.policy((anna, 300), (ben, 3600), repeats=0))
    commands.take_turn(1)  # and here every engine dies
    clock.advance(timedelta(hours=2))
    run_due()
    assert sorted(paged(hook)) == ["ben", "first"]  # the step that is due now, and Anna by the first of her methods
    assert all(b"Late by" in each.body for each in hook.requests)
    clock.advance(timedelta(seconds=120))
    run_due()
    assert paged(hook)[2:] == ["second"]
    assert b"Late by" not in hook.requests[-1].body
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=acting(anna))
    clock.advance(timedelta(hours=1))
    run_due()
    assert len(hook.requests) == 3


def test_after_downtime_what_was_cut_off_comes_before_what_was_to_follow_it(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna", "first")
    first = anna.contact_methods.get()
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": make.SECRET})
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 120)])
    start(make.policy((anna, 4 * 3600), repeats=0))
    commands.take_turn(1)
    commands.claim(10)  # and here every engine dies
    clock.advance(timedelta(hours=2))
    run_due()
    assert paged(hook) == ["first"]
    assert b"Late by" in hook.requests[0].body and b'"possible_duplicate":true' in hook.requests[0].body
    clock.advance(timedelta(seconds=120))
    run_due()
    assert paged(hook) == ["first", "second"]


def test_after_downtime_what_can_wait_does_not_fall_into_the_night(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    commands.set_quiet_hours(acting(anna), anna, time(22), time(7))
    clock.to(clock().replace(hour=21, minute=0))
    start(make.policy((anna, 4 * 3600), repeats=0), urgency="low")
    commands.take_turn(1)  # and here every engine dies
    clock.advance(timedelta(hours=2))
    run_due()
    row = Notification.objects.get()
    assert not hook.requests and row.due_at is not None and (row.due_at.hour, row.due_at.minute) == (7, 0)
    assert "quiet hours" in row.note
    clock.to(row.due_at)
    run_due()
    assert paged(hook) == ["anna"]


def test_an_engine_that_comes_back_after_its_lease_neither_sends_again_nor_undoes_what_the_other_wrote(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    start(make.policy((reachable(hook, "anna"), 3600)))
    commands.take_turn(1)
    [[(stale, attempt)]] = commands.claim(1)  # this one hangs
    clock.advance(timedelta(seconds=61))
    [[(taken, second)]] = commands.claim(1)  # that one has it now
    try_once([(stale, attempt)])
    assert paged(hook) == []  # its token is spent
    commands.record_result([(taken, second)], Delivery("x"))
    commands.record_result([(stale, attempt)], DeliveryFailed("timed out"))
    row = Notification.objects.get()
    assert (row.state, row.due_at) == ("sent", None)
    clock.advance(timedelta(minutes=30))
    run_due()
    assert paged(hook) == []
