"""A step of which nobody can be reached any more: the next one comes at once, is said, and is a defect."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import transaction

import factories as make
from paging.reached import paged, reachable, start
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.models import Escalation, Notification, PagingDefect
from watchroom.paging.queries import trace

pytestmark = pytest.mark.django_db
SECRET = "a secret of sixteen letters"


def gone(*names: str) -> Any:
    """A provider that takes nothing for these, ever."""
    return lambda request: Answer(410 if request.path.strip("/") in names else 200)


def book(escalation: Escalation) -> list[str]:
    return [event.kind for event in escalation.events.all()]


def test_when_nobody_of_a_step_can_be_reached_the_next_follows_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.otherwise = gone("anna")
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    policy = make.policy((anna, 300), (ben, 300))
    escalation = start(policy)
    run_due()
    assert paged(hook) == ["anna", "ben"]
    assert book(escalation) == ["started", "step", "unreached", "step"]
    escalation.refresh_from_db()
    assert escalation.due_at == clock() + timedelta(seconds=300)
    said = [line["text"] for line in trace(escalation)]
    assert f"Step 1 moved on: nobody could be reached ({anna})" in said
    defect = PagingDefect.objects.get(kind="unreached")
    assert defect.text.startswith(f"Step 1 of {policy} reached nobody: every message to {anna} failed.")
    assert (defect.policy, defect.count) == (policy, 1)


def test_how_late_it_is_survives_a_step_of_which_all_failed(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.otherwise = gone("anna")
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    start(make.policy((anna, 300), (ben, 300), (eve, 300)))
    clock.advance(timedelta(hours=2))
    run_due()
    assert paged(hook) == ["anna", "ben"]
    assert b"Late by 2 h" in hook.requests[0].body and b"Late by 2 h" in hook.requests[1].body
    clock.advance(timedelta(seconds=300))
    run_due()
    assert paged(hook) == ["anna", "ben", "eve"]
    assert b"Late by" not in hook.requests[2].body  # Ben has been told


def test_one_who_is_reached_is_waited_for(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.otherwise = gone("anna")
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    policy = make.policy((anna, 300), (eve, 300))
    policy.steps.get(position=0).targets.create(person=ben)
    start(policy)
    run_due()
    assert sorted(paged(hook)) == ["anna", "ben"]
    assert not PagingDefect.objects.exists()


def test_what_is_tried_again_and_what_waits_for_its_rule_is_not_lost_yet(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    hook.otherwise = lambda request: Answer(503 if request.path == "/anna" else 200)
    escalation = start(make.policy((anna, 3600), (ben, 300)))
    for _ in range(7):
        run_due()
        assert "ben" not in paged(hook)
        clock.to(max(clock(), Notification.objects.get().due_at or clock()))
    run_due()  # the last try
    assert paged(hook)[-1] == "ben"
    assert clock() < escalation.started_at + timedelta(seconds=3600)


def test_low_urgency_that_waits_for_the_morning_is_not_lost(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    later = make.contact_method(anna, settings={"url": f"{hook.url}/later", "secret": SECRET})
    first = anna.contact_methods.order_by("id")[0]
    commands.set_rules(acting(anna), anna, "low", [(first.pk, 0), (later.pk, 1800)])
    commands.set_quiet_hours(acting(anna), anna, time(22), time(7))
    clock.to(clock().replace(hour=21, minute=45))
    hook.otherwise = gone("anna")
    start(make.policy((anna, 3600), (ben, 300)), urgency="low")
    run_due()  # the first way fails, and the second goes at once
    assert paged(hook) == ["anna", "later"]
    clock.to(clock().replace(hour=22, minute=15))
    hook.otherwise = gone("anna", "later")
    start(make.policy((anna, 3600), (ben, 300)), urgency="low", subject_id=2)
    run_due()
    assert paged(hook)[2:] == []  # nothing is lost before the morning


def test_a_policy_that_reaches_nobody_does_not_spin_the_last_resort_follows_and_is_asked_in_its_time(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, settings={"url": f"{hook.url}/root", "secret": SECRET})
    hook.otherwise = gone("anna", "root")
    escalation = start(make.policy((reachable(hook, "anna"), 300), (make.schedule(), 300), repeats=100))
    run_due()
    assert paged(hook) == ["anna", "root"]
    assert book(escalation) == ["started", "step", "unreached", "step", "nobody", "last_resort", "unreached"]
    escalation.refresh_from_db()
    assert escalation.due_at == clock() + timedelta(minutes=5)
    assert any(
        "Last resort: nobody could be reached (Root); they are asked again" in x["text"] for x in trace(escalation)
    )
    for _ in range(12):
        clock.advance(timedelta(minutes=5))
        run_due()
    escalation.refresh_from_db()
    assert escalation.end == "exhausted" and book(escalation).count("last_resort") == 12
    assert PagingDefect.objects.get(key__startswith="unreached nobody:The last resort").count == 12


def test_whom_the_policy_names_is_asked_again_with_the_last_resort_once_the_provider_works_again(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, settings={"url": f"{hook.url}/root", "secret": SECRET})
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    policy = make.policy((anna, 300), (ben, 300), (eve, 300), repeats=3)
    policy.steps.filter(position=2).update(conditions={"severities": ["info"]})
    hook.otherwise = gone("anna", "ben", "root")
    escalation = start(policy)
    run_due()
    assert paged(hook) == ["anna", "ben", "root"]
    escalation.refresh_from_db()
    assert [x["text"] for x in trace(escalation) if x["kind"] == "last_resort" and x["future"]] == [
        "Last resort: page the team's managers and the administrators, and again whom the policy names"
    ]
    hook.otherwise = Answer(200)
    clock.advance(timedelta(minutes=5))
    run_due()
    assert sorted(paged(hook)[3:]) == ["anna", "ben", "root"]  # not Eve: her step is for other alerts
    assert f"Last resort: paged {admin}; again {anna}, {ben}" in [x["text"] for x in trace(escalation)]
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=acting(anna))
    clock.advance(timedelta(minutes=5))
    run_due()
    assert len(paged(hook)) == 6


def test_a_round_in_which_somebody_was_reached_is_begun_again_as_it_says(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    hook.otherwise = gone("ben")
    escalation = start(make.policy((reachable(hook, "anna"), 300), (reachable(hook, "ben"), 300), repeats=1))
    run_due()
    escalation.refresh_from_db()
    foretold = [line["at"] for line in trace(escalation) if line["future"] and line["kind"] == "step"]
    clock.advance(timedelta(minutes=5))
    run_due()
    assert paged(hook) == ["anna", "ben", "anna"]
    assert foretold[0] == clock()


def test_a_pause_is_waited_out_whatever_becomes_of_the_messages_before_it(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    hook.otherwise = lambda request: Answer(503 if request.path == "/anna" else 200)
    policy = make.policy((reachable(hook, "anna"), 1), (reachable(hook, "x"), 600), (reachable(hook, "ben"), 300))
    policy.steps.filter(position=1).update(pause=True)
    policy.steps.get(position=1).targets.all().delete()
    start(policy)
    run_due()
    clock.advance(timedelta(seconds=1))
    run_due()
    hook.otherwise = gone("anna")
    clock.advance(timedelta(seconds=60))
    run_due()
    assert Notification.objects.get().state == "failed" and "ben" not in paged(hook)
    clock.advance(timedelta(seconds=540))
    run_due()
    assert paged(hook)[-1] == "ben"


def test_of_several_who_have_to_answer_whoever_has_is_not_waited_for(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.otherwise = gone("ben")
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    policy = make.policy((anna, 3600), (eve, 3600), answers=2)
    policy.steps.get(position=0).targets.create(person=ben)
    start(policy)
    run_due()
    assert sorted(paged(hook)) == ["anna", "ben"]
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=acting(anna))
    run_due()
    assert paged(hook)[2:] == ["eve"]


def test_a_round_robin_goes_on_with_the_next_step_and_the_next_turn_is_anothers(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    hook.otherwise = gone("anna")
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    policy = make.policy((anna, 300), (eve, 300), repeats=1)
    policy.steps.filter(position=0).update(round_robin=True)
    policy.steps.get(position=0).targets.create(person=ben)
    start(policy)
    run_due()
    assert paged(hook) == ["anna", "eve"]
    clock.advance(timedelta(seconds=300))
    run_due()
    assert paged(hook)[2:] == ["ben"]


@pytest.mark.parametrize("rang", [True, False])
def test_a_telephone_that_rang_may_have_been_heard(clock: TravellingClock, hook: HttpPeer, rang: bool) -> None:
    start(make.policy((reachable(hook, "anna"), 300), (reachable(hook, "ben"), 300)))
    run_due()
    commands.record_receipt(Notification.objects.get(), arrived=False, why="no-answer", rang=rang)
    run_due()
    assert paged(hook) == (["anna"] if rang else ["anna", "ben"])
    clock.advance(timedelta(seconds=300))
    run_due()
    assert paged(hook)[1] == "ben"


def test_somebody_whose_only_way_is_removed_is_not_waited_for(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    hook.otherwise = lambda request: Answer(503 if request.path == "/anna" else 200)
    start(make.policy((anna, 3600), (ben, 300)))
    run_due()
    commands.remove_contact_method(acting(anna), anna.contact_methods.get())
    run_due()
    assert paged(hook) == ["anna", "ben"]


def test_what_was_given_to_somebody_who_cannot_be_reached_goes_on(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    hook.otherwise = gone("ben")
    escalation = start(make.policy((anna, 300), (anna, 300)))
    run_due()
    with transaction.atomic():
        commands.resume_escalation("alert_group", 1, why="given", first=ben)
    run_due()
    assert paged(hook) == ["anna", "ben", "anna"]
    assert any(line["text"] == "It moved on: nobody could be reached (ben)" for line in trace(escalation))


def test_a_webhook_that_was_taken_is_waited_for_and_a_drill_is_no_defect(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    hook.otherwise = gone("anna")
    policy = make.policy((reachable(hook, "anna"), 300), (reachable(hook, "ben"), 300))
    policy.webhook_key = SECRET
    policy.save()
    policy.steps.get(position=0).targets.create(webhook=f"{hook.url}/program")
    escalation = start(policy, drill=True)
    run_due()
    assert sorted(paged(hook)) == ["anna", "program"]
    hook.otherwise = gone("anna", "program")
    start(policy, drill=True, subject_id=2)
    run_due()
    assert paged(hook)[-1] == "ben"
    assert not PagingDefect.objects.exists()
    assert escalation.events.filter(kind="unreached").count() == 0
