"""What other on-call tools are known to get wrong, each as a test (issue 4, section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test import Client

import factories as make
from paging.reached import paged, reachable, start
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands as intake
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.oncall import ical
from watchroom.oncall.commands import add_override, make_feed, save_schedule
from watchroom.oncall.models import Schedule
from watchroom.oncall.queries import on_call_now
from watchroom.paging import commands
from watchroom.paging.commands import turns
from watchroom.paging.duties import duties
from watchroom.paging.models import Attempt, Escalation, Notification, PagingDefect
from watchroom.paging.queries import dry_run, trace

pytestmark = pytest.mark.django_db


def test_a_crash_between_the_group_and_its_escalation_leaves_neither(clock: TravellingClock) -> None:
    group = make.group("Checkout is slow", notify_at=clock(), policy=make.policy((make.person(), 60)))
    with (
        patch("watchroom.intake.commands.lifecycle.start_escalations", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        intake.notify_waiting(10)
    group.refresh_from_db()
    assert group.notify_at == clock()  # still due: whoever comes next starts it
    intake.notify_waiting(10)
    assert Escalation.objects.get().subject_id == group.pk


def test_a_second_step_for_the_same_person_does_not_cut_off_their_first_chain(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna", "first")
    first = anna.contact_methods.get()
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": make.SECRET})
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 120)])
    start(make.policy((anna, 60), (anna, 3600)))
    run_due()
    clock.advance(timedelta(seconds=60))
    run_due()
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["first", "first", "second"]
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["first", "first", "second", "second"]


@pytest.mark.parametrize("end", ["acknowledged", "snoozed", "resolved", "held", "cancelled"])
def test_nothing_is_sent_after_any_end_not_only_after_resolved(
    clock: TravellingClock, hook: HttpPeer, end: str
) -> None:
    anna = reachable(hook, "anna")
    make.contact_method(anna, settings={"url": f"{hook.url}/later", "secret": make.SECRET})
    commands.set_rules(
        acting(anna), anna, "high", [(m.pk, n * 60) for n, m in enumerate(anna.contact_methods.order_by("id"))]
    )
    start(make.policy((anna, 300), repeats=5))
    run_due()
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end=end, by=SYSTEM)
    clock.advance(timedelta(hours=1))
    run_due()
    assert paged(hook) == ["anna"]


def test_a_wait_may_be_longer_than_any_broker_remembers(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    start(make.policy((anna, 86_400), (ben, 60), repeats=0))
    run_due()
    clock.advance(timedelta(hours=23, minutes=59))
    run_due()
    assert paged(hook) == ["anna"]
    clock.advance(timedelta(minutes=1))
    run_due()
    assert paged(hook) == ["anna", "ben"]


@pytest.mark.parametrize("where", ["book.write_all", "book.event_of", "carrying_on.next_turn", "book.announce"])
def test_a_worker_killed_in_the_middle_of_a_step_has_done_nothing_of_it(
    clock: TravellingClock, hook: HttpPeer, where: str
) -> None:
    escalation = start(make.policy((reachable(hook, "anna"), 300)))
    with (
        patch(f"watchroom.paging.commands.{where}", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        commands.take_turn(1)
    assert [event.kind for event in escalation.events.all()] == ["started"]
    assert not Notification.objects.exists()
    run_due()
    assert paged(hook) == ["anna"]


def test_a_crash_while_sending_is_not_a_failure_for_ever(clock: TravellingClock, hook: HttpPeer) -> None:
    start(make.policy((reachable(hook, "anna"), 3600)))
    commands.take_turn(1)
    commands.claim(1)
    clock.advance(timedelta(seconds=61))
    run_due()
    assert paged(hook) == ["anna"]
    assert [a.outcome for a in Attempt.objects.order_by("number")] == ["unknown", "ok"]


def test_a_500_is_not_counted_as_sent(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.answer(Answer(500), Answer(200))
    start(make.policy((reachable(hook, "anna"), 3600)))
    run_due()
    assert Notification.objects.get().state == "waiting"
    clock.advance(timedelta(seconds=30))
    run_due()
    assert Notification.objects.get().state in ("sent", "delivered")


def test_what_could_not_be_delivered_lets_the_next_method_follow_at_once(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna", "first")
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": make.SECRET})
    first = anna.contact_methods.order_by("id")[0]
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 900)])
    hook.answer(Answer(410), Answer(200))
    start(make.policy((anna, 3600)))
    run_due()
    assert paged(hook) == ["first", "second"]


def test_one_bad_time_zone_stops_nobody_elses_schedule(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    bad = make.schedule("Bad", people=(anna,), starts_at="2026-03-02T09:00")
    good = make.schedule("Good", people=(ben,), starts_at="2026-03-02T09:00")
    type(bad).objects.filter(pk=bad.pk).update(timezone="Mars/Olympus")
    policy = make.policy((bad, 300), (good, 300), repeats=0)
    start(policy)
    run_due()
    assert paged(hook) == ["ben"]


def test_a_preview_says_what_the_engine_then_does(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    schedule = make.schedule(people=(anna, ben), starts_at="2026-02-23T09:00")
    policy = make.policy((schedule, 600), (make.schedule(), 600), (ben, 60), repeats=1)
    foretold = [(line["at"], line["kind"], set(line["people"])) for line in dry_run(policy) if line["kind"] == "step"]
    escalation = start(policy)
    for _ in range(60):
        run_due()
        clock.advance(timedelta(seconds=60))
    done = [
        (event.at, event.kind, {person.pk for person in event.people.all()})
        for event in escalation.events.filter(kind="step")
    ]
    assert done == foretold


def test_whoever_is_paged_directly_is_followed_by_number_not_by_name(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    policy = make.policy((anna, 300))
    anna.name, anna.email = "Anne Marie", "anne.marie@example.org"
    anna.save()
    escalation = start(policy)
    run_due()
    assert paged(hook) == ["anna"]
    assert any("Anne Marie" in line["text"] for line in trace(escalation))


_: Any = (connection, AlertGroup)


def test_one_broken_schedule_stops_neither_other_schedules_nor_its_own_escalation(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    bad = make.schedule("Bad", people=(anna,), starts_at="2026-03-02T09:00")
    good = make.schedule("Good", people=(ben,), starts_at="2026-03-02T09:00")
    bad.rotations.update(restrictions=[{"start": "in the morning"}])
    assert on_call_now(clock()) == {bad: [], good: [ben]}
    start(make.policy((bad, 300), (good, 300)))
    run_due()
    assert paged(hook) == ["ben"]
    assert "Step 1" in PagingDefect.objects.get(kind="nobody").text


def test_what_breaks_one_escalation_stops_no_other_and_it_goes_on_with_the_next_step(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    schedule = make.schedule(people=(anna,), starts_at="2026-03-02T09:00")
    first = start(make.policy((schedule, 300), (ben, 300)), subject_id=1)
    start(make.policy((anna, 300)), subject_id=2)
    with patch("watchroom.paging.people.oncall.plans_of", side_effect=ArithmeticError("no such turn")):
        run_due(duties)
    assert sorted(paged(hook)) == ["anna", "ben"]
    assert any("no such turn" in line["text"] for line in trace(first))


def test_an_engine_that_breaks_passes_over_no_step_that_follows_the_one_it_had(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    nobody, anna, ben = make.schedule(), reachable(hook, "anna"), reachable(hook, "ben")
    start(make.policy((nobody, 60), (anna, 300), (ben, 300)))
    clock.advance(timedelta(hours=2))
    pass_over = turns._pass_over

    def another_first(*held: Any) -> None:
        broken.stop()
        assert turns._take(1, []) == 1  # which asks nobody: what follows is due at the same time
        pass_over(*held)

    broken = patch("watchroom.paging.commands.carrying_on.look_at", side_effect=ArithmeticError("no such turn"))
    broken.start()
    with patch.object(turns, "_pass_over", another_first):
        commands.take_turn(1)
    run_due()
    assert paged(hook) == ["anna"]


@pytest.mark.parametrize("by", ["unacknowledge", "snooze"])
def test_giving_it_back_or_the_end_of_a_snooze_goes_on_where_it_stopped_and_says_so(
    clock: TravellingClock, hook: HttpPeer, by: str
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    group = make.group("Checkout is slow", notify_at=clock(), policy=make.policy((anna, 60), (ben, 60), repeats=5))
    run_due()
    if by == "snooze":
        intake.snooze(acting(anna), group, clock() + timedelta(hours=1))
        clock.advance(timedelta(hours=1))
    else:
        intake.acknowledge(acting(anna), group)
        intake.unacknowledge(acting(anna), group)
    run_due()
    assert paged(hook) == ["anna", "ben"]  # not Anna again
    assert any("goes on at step 2" in line["text"] for line in trace(group.escalations.get()))


def test_two_groups_are_never_handed_to_the_same_next_person_of_a_round_robin(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    people = [reachable(hook, name) for name in ("anna", "ben")]
    policy = make.policy((people[0], 3600))
    policy.steps.update(round_robin=True)
    policy.steps.get().targets.create(person=people[1])
    for number in range(4):
        start(policy, subject_id=number + 1)
    run_due()
    assert paged(hook) == ["anna", "ben", "anna", "ben"]


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_undelivered_or_no_answer_is_not_sent_the_next_method_follows_at_once(
    clock: TravellingClock, hook: HttpPeer, status: str
) -> None:
    anna = reachable(hook, "anna", "first")
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": make.SECRET})
    commands.set_rules(acting(anna), anna, "high", [(anna.contact_methods.order_by("id")[0].pk, 0), (second.pk, 900)])
    start(make.policy((anna, 3600)))
    run_due()
    assert paged(hook) == ["first"]
    commands.record_receipt(Notification.objects.get(state="sent"), arrived=False, why=status)
    run_due()
    assert paged(hook) == ["first", "second"]


def test_a_policy_that_runs_out_and_a_step_with_nobody_end_in_a_loud_last_resort(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, settings={"url": f"{hook.url}/root", "secret": make.SECRET})
    start(make.policy((make.schedule("Empty"), 300), (reachable(hook, "anna"), 60), repeats=0))
    run_due()
    assert paged(hook) == ["anna"]
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["anna", "root"]
    assert PagingDefect.objects.filter(kind="nobody", resolved_at=None).exists()


def test_a_possible_duplicate_is_marked_for_whoever_gets_it_and_in_the_log(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    start(make.policy((reachable(hook, "anna"), 3600)))
    commands.take_turn(1)
    commands.claim(1)
    clock.advance(timedelta(seconds=61))
    run_due()
    assert b'"possible_duplicate":true' in hook.requests[0].body
    assert Notification.objects.get().possible_duplicate


def test_engine_preview_api_and_calendar_name_the_same_people_at_every_instant(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    """One function computes who is on call: also at the very hand-off, across a change of clocks, and in an override."""
    clock.to(datetime(2026, 3, 23, 9, tzinfo=UTC))
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    daily = [
        {"name": "Days", "unit": "days", "length": 1, "starts_at": "2026-03-23T03:30", "members": [[anna.pk], [ben.pk]]}
    ]
    schedule = save_schedule(SYSTEM, None, team=make.team(), name="Pay", timezone="Europe/Berlin", rotations=daily)
    swapped = datetime(2026, 3, 27, 10, tzinfo=UTC)
    on_call = next(iter(on_call_now(swapped, Schedule.objects.all()).values()))[0]
    other = ben if on_call == anna else anna
    add_override(SYSTEM, schedule, person=other, starts_at=swapped, ends_at=swapped + timedelta(hours=4))
    policy = make.policy((schedule, 300), repeats=0)
    client = Client()
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    feeds = {}
    for person in (anna, ben):
        _, key = make_feed(acting(person), person=person)
        text = client.get(f"/calendar/{key}.ics").content.decode()
        feeds[person] = ical.read(text, clock(), clock() + timedelta(days=10))
    hand_offs = [datetime(2026, 3, day, hour, 30, tzinfo=UTC) for day in (27, 28, 29, 30) for hour in (1, 2)]
    instants = [swapped, swapped + timedelta(hours=4), swapped - timedelta(seconds=1), *hand_offs]
    instants += [each - timedelta(seconds=1) for each in hand_offs]
    for at in sorted(instants):
        clock.to(at)
        escalation = start(policy, subject_id=int(at.timestamp()))
        run_due()
        engine = {person for event in escalation.events.filter(kind="step", step=0) for person in event.people.all()}
        assert len(engine) == 1, "never nobody"
        preview = next(set(line["people"]) for line in dry_run(policy, at) if line["kind"] == "step")
        api = client.get("/api/v1/on-call", {"at": at.isoformat()}).json()["items"][0]["people"]
        calendar = {who for who, shifts in feeds.items() if any(each.starts_at <= at < each.ends_at for each in shifts)}
        assert {each.pk for each in engine} == preview == {each["id"] for each in api}
        assert engine == calendar == set(on_call_now(at, Schedule.objects.all())[schedule])
        commands.stop_escalation("alert_group", escalation.subject_id, end="resolved", by=SYSTEM)
