"""Escalations carried out by the engine, with time travelled and a real HTTP peer as the provider."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

import factories as make
from paging.reached import paged, reachable, start
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.paging import commands
from watchroom.paging.models import Attempt, Escalation, EscalationEvent, Notification, NotificationRule
from watchroom.paging.queries import dry_run, trace

pytestmark = pytest.mark.django_db


def test_steps_follow_each_other_until_somebody_answers(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    escalation = start(make.policy((anna, 300), (ben, 300)))
    run_due()
    assert paged(hook) == ["anna"]
    clock.advance(timedelta(seconds=299))
    run_due()
    assert paged(hook) == ["anna"]
    clock.advance(timedelta(seconds=1))
    run_due()
    assert paged(hook) == ["anna", "ben"]
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=acting(ben))
    clock.advance(timedelta(hours=5))
    run_due()
    assert paged(hook) == ["anna", "ben"]
    escalation.refresh_from_db()
    assert (escalation.end, escalation.ended_by) == ("acknowledged", ben)


def test_the_weekly_rotation_and_its_override_decide_who_is_paged(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben, eve = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "eve")
    schedule = make.schedule(people=(anna, ben), starts_at="2026-03-02T09:00")
    policy = make.policy((schedule, 60), repeats=0)
    start(policy, subject_id=1)
    run_due()
    assert paged(hook) == ["anna"]  # at the very hand-off, the incoming person
    clock.advance(timedelta(days=7))
    start(policy, subject_id=2)
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="resolved", by=acting(anna))
    run_due()
    assert paged(hook)[-1] == "ben"
    with transaction.atomic():
        commands.stop_escalation("alert_group", 2, end="resolved", by=acting(anna))
    schedule.overrides.create(person=eve, starts_at=clock() - timedelta(hours=1), ends_at=clock() + timedelta(hours=1))
    start(policy, subject_id=3)
    run_due()
    assert paged(hook)[-1] == "eve"


def test_nobody_on_call_is_never_silence(clock: TravellingClock, hook: HttpPeer) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, settings={"url": f"{hook.url}/root", "secret": "a secret of sixteen letters"})
    escalation = start(make.policy((make.schedule(), 300), repeats=0))
    run_due()
    assert paged(hook) == ["root"]
    assert [event.kind for event in escalation.events.all()] == ["started", "step", "nobody", "last_resort"]


def test_a_policy_that_runs_out_asks_the_last_resort_for_an_hour_and_then_ends(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    manager = reachable(hook, "manager")
    policy = make.policy((reachable(hook, "anna"), 60), repeats=0)
    make.membership(policy.team, manager, "manager")
    escalation = start(policy)
    for _ in range(20):
        run_due()
        clock.advance(timedelta(minutes=5))
    escalation.refresh_from_db()
    assert escalation.end == "exhausted"
    assert paged(hook).count("manager") == 12
    assert not Notification.objects.filter(ended_at__isnull=True).exists()


def test_an_edit_of_the_policy_does_not_change_what_is_running(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    policy = make.policy((anna, 60), (anna, 60), repeats=0)
    escalation = start(policy)
    run_due()
    commands.save_policy(
        make.actor(),
        policy,
        team=policy.team,
        name=policy.name,
        steps=[{"wait_seconds": 9, "targets": [{"person": ben.pk}]}],
    )
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["anna", "anna"]
    policy.refresh_from_db()
    assert (escalation.policy_version, policy.version) == (1, 2)


def test_rules_with_waits_are_cancelled_by_an_answer(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna", "first")
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": "a secret of sixteen letters"})
    first = anna.contact_methods.first()
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 120)])
    start(make.policy((anna, 600)))
    run_due()
    assert paged(hook) == ["first"]
    with transaction.atomic():
        commands.stop_escalation("alert_group", 1, end="acknowledged", by=acting(anna))
    clock.advance(timedelta(minutes=3))
    run_due()
    assert paged(hook) == ["first"]
    assert Notification.objects.get(contact_method=second).state == "cancelled"


def test_a_failed_delivery_is_tried_again_with_the_same_key(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    hook.answer(Answer(500), Answer(200))
    start(make.policy((anna, 3600)))
    run_due()
    clock.advance(timedelta(seconds=10))
    run_due()
    keys = {request.headers["idempotency-key"] for request in hook.requests}
    assert (len(hook.requests), len(keys)) == (2, 1)
    assert [a.outcome for a in Attempt.objects.order_by("id")] == ["retry", "ok"]


@pytest.mark.parametrize(("answer", "seconds"), [(Answer(503), 7), (Answer(429, headers={"Retry-After": "120"}), 0)])
def test_a_provider_that_is_down_keeps_nobody_from_their_next_way(
    clock: TravellingClock, hook: HttpPeer, answer: Answer, seconds: int
) -> None:
    """It is tried again all the same; one slip of a moment rings nobody twice."""
    anna = make.person("anna", "responder")
    first, second, third = (
        make.contact_method(anna, settings={"url": f"{hook.url}/{each}", "secret": "a secret of sixteen letters"})
        for each in ("first", "second", "third")
    )
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 600), (third.pk, 900)])
    hook.otherwise = lambda request: answer if request.path == "/first" else Answer()
    start(make.policy((anna, 3600)))
    run_due()
    for _ in range(3):
        clock.advance(timedelta(seconds=7))
        run_due()
        run_due()
    assert "second" in paged(hook) and "third" not in paged(hook)
    ways = {row.contact_method_id: row for row in Notification.objects.all()}
    assert ways[first.pk].state == "waiting" and "the next way goes meanwhile" in ways[first.pk].note
    lines = [line["text"] for line in trace(Escalation.objects.get()) if line["future"]]
    assert any("again after" in line and "the next way goes meanwhile" in line for line in lines)
    began = ways[second.pk].attempts.get().started_at - ways[first.pk].created_at
    assert began == timedelta(seconds=seconds)
    hook.otherwise = Answer()
    clock.advance(timedelta(minutes=3))
    run_due()
    assert paged(hook)[-1] == "first" and "third" not in paged(hook)


def test_a_method_that_fails_for_good_lets_the_next_follow_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna", "gone")
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": "a secret of sixteen letters"})
    first = anna.contact_methods.first()
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 900)])
    hook.answer(Answer(410, {"error": "no such hook"}), Answer(200))
    escalation = start(make.policy((anna, 3600)))
    run_due()
    assert paged(hook) == ["gone", "second"]

    def said(reader: Actor | None) -> list[str]:
        lines = trace(escalation, reader)
        return [line["text"] for line in lines if line["kind"] == "notification" and line["state"]]

    failed, sent = said(acting(anna))
    assert failed.endswith("answered 410: no such hook") and sent == f"anna by {second}"
    assert said(make.actor()) == [failed, sent]
    # What a provider said may name an address: it stands only where the delivery may be seen.
    for reader in (acting(make.person("Vic", "viewer")), None):
        assert said(reader) == [f"anna by {first}", sent]


def test_an_engine_that_dies_while_sending_loses_nothing(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    start(make.policy((anna, 3600)))
    commands.take_turn(10)
    [[(row, attempt)]] = commands.claim(10)  # and here the engine is killed
    assert (row.state, attempt.outcome) == ("sending", "unknown")
    run_due()
    assert paged(hook) == []  # its lease still runs
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["anna"]
    assert [a.outcome for a in Attempt.objects.order_by("id")] == ["unknown", "ok"]


def test_hours_of_downtime_page_once_and_say_so(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    start(make.policy((anna, 300), (ben, 300)))
    clock.advance(timedelta(hours=2))
    run_due()
    assert paged(hook) == ["anna"]
    assert "Late by 2 h" in Notification.objects.get().body


def test_one_step_can_not_be_taken_twice() -> None:
    escalation = start(make.policy((make.person(), 60)))
    EscalationEvent.objects.create(escalation=escalation, at=escalation.started_at, kind="step", step=0, round=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        EscalationEvent.objects.create(escalation=escalation, at=escalation.started_at, kind="step", step=0, round=0)


def test_the_database_itself_refuses_a_lost_page() -> None:
    escalation = start(make.policy((make.person(), 60)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(due_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        start(make.policy((make.person(), 60)))  # a second one for the same subject


def test_the_trace_tells_past_and_future(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "Anna"), reachable(hook, "Ben")
    escalation = start(make.policy((anna, 300), (ben, 300), repeats=0))
    run_due()
    escalation.refresh_from_db()
    lines = trace(escalation)
    assert [line["text"] for line in lines if line["future"]][:1] == ["Page Ben"]
    assert next(line["at"] for line in lines if line["future"]) == clock() + timedelta(seconds=300)
    assert any(line["state"] == "sent" and line["text"].startswith("Anna by") for line in lines)


def test_a_dry_run_names_who_would_be_on_call_then(clock: TravellingClock) -> None:
    anna, ben = make.person("Anna"), make.person("Ben")
    policy = make.policy((make.schedule("Payments", people=(anna, ben), starts_at="2026-03-02T09:00"), 300))
    assert dry_run(policy)[0]["text"] == "Page Anna (whoever is on call in Payments)"
    assert dry_run(policy, clock() + timedelta(days=8))[0]["text"] == "Page Ben (whoever is on call in Payments)"


def test_a_direct_page_repeats_until_it_is_answered(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    escalation = commands.page(make.actor("Ben", "responder"), people=[anna], title="Please look at the router")
    run_due()
    clock.advance(timedelta(minutes=5))
    run_due()
    assert paged(hook) == ["anna", "anna"]
    with transaction.atomic():
        commands.stop_escalation("direct", escalation.subject_id, end="acknowledged", by=acting(anna))
    clock.advance(timedelta(minutes=5))
    assert run_due() == 0


def test_a_test_page_takes_the_way_of_a_real_one(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    row = commands.test_contact_method(acting(anna), anna.contact_methods.get())
    run_due()
    row.refresh_from_db()
    assert (row.state, paged(hook)) == ("sent", ["anna"])


def test_contact_methods_are_ones_own_business() -> None:
    anna, ben = make.person("Anna", "manager"), make.person("Ben", "manager")
    method = make.contact_method(anna)
    with pytest.raises(NotAllowed):
        commands.remove_contact_method(acting(ben), method)
    with pytest.raises(Refused):
        commands.set_rules(acting(ben), ben, "high", [(method.pk, 0)])
    commands.remove_contact_method(make.actor(), method)


def test_a_policy_that_would_page_nobody_is_refused() -> None:
    team = make.team()
    for steps in (
        [],
        [{"wait_seconds": 60, "targets": []}],
        [{"wait_seconds": 60, "targets": [{"person": 0}]}],
        [{"wait_seconds": 0, "targets": [{"team": team.pk}]}],
    ):
        with pytest.raises(Refused) as refused:
            commands.save_policy(make.actor(), None, team=team, name="Empty", steps=steps)
        assert refused.value.field.startswith("steps")


def test_secrets_of_contact_methods_are_encrypted_at_rest() -> None:
    make.contact_method(
        make.person(), settings={"url": "https://hooks.example.org/x", "secret": "a secret of sixteen letters"}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT settings FROM paging_contactmethod")
        assert "sixteen" not in cursor.fetchone()[0]


def test_the_trace_says_by_what_and_when_everybody_will_be_reached(clock: TravellingClock) -> None:
    anna, ben = make.person("Anna"), make.person("Ben")
    make.contact_method(anna)
    voice = make.contact_method(ben, label="Voice")
    later = make.contact_method(ben, label="SMS")
    NotificationRule.objects.filter(contact_method=later).update(wait_seconds=120)
    escalation = start(make.policy((anna, 300), (ben, 300)))
    assert escalation.due_at is not None
    ahead = [(line["at"], line["text"]) for line in trace(escalation) if line["future"] and "Ben by" in line["text"]]
    at = escalation.due_at + timedelta(seconds=300)
    assert ahead[:2] == [
        (at, f"Ben by {voice}, unless somebody answers"),
        (at + timedelta(seconds=120), f"Ben by {later}, unless somebody answers"),
    ]
