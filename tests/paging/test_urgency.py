"""What could wait becomes urgent while it waits."""

from __future__ import annotations

import json
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import transaction

import factories as make
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands as intake
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.models import Escalation, Notification
from watchroom.paging.queries import trace

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def way(hook: HttpPeer, person: Any, name: str) -> Any:
    return make.contact_method(person, settings={"url": f"{hook.url}/{name}", "secret": "a secret of sixteen letters"})


def at_night(hook: HttpPeer, clock: TravellingClock, name: str = "anna") -> Any:
    """Somebody with quiet hours, who wants calls for what is urgent and mail for what is not. It is 23:00."""
    person = make.person(name, "responder", timezone="UTC")
    call, mail = way(hook, person, f"call-{name}"), way(hook, person, f"mail-{name}")
    commands.set_rules(acting(person), person, "low", [(mail.pk, 0)])
    commands.set_rules(acting(person), person, "high", [(call.pk, 0), (mail.pk, 120)])
    commands.set_quiet_hours(acting(person), person, time(22), time(7))
    clock.to(clock().replace(hour=23, minute=0))
    return person


def start(policy: Any) -> Escalation:
    with transaction.atomic():
        return commands.start_escalation(
            kind="alert_group",
            subject_id=1,
            title="Disk",
            body="",
            path="/",
            team=policy.team,
            urgency="low",
            policy=policy,
        )


def raised(escalation: Escalation) -> Escalation:
    with transaction.atomic():
        commands.raise_urgency("alert_group", 1)
    escalation.refresh_from_db()
    return escalation


def asked(hook: HttpPeer) -> list[str]:
    return [request.path for request in hook.requests if request.json()["purpose"] == "page"]


def test_a_critical_alert_that_joins_at_night_wakes_whoever_would_have_slept(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = at_night(hook, clock), make.person("ben", "responder")
    way(hook, ben, "ben")
    policy = make.policy((anna, 300), (ben, 300))
    integration = make.integration(service=make.service("Checkout", policy=policy, team=policy.team))
    intake.save_route(make.actor(), None, name="all", matchers=['alertname!=""'], group_by=["alertname"])

    def fire(severity: str) -> None:
        labels = {"alertname": "Disk", "severity": severity}
        ends = (kernel_clock.now() + timedelta(days=20)).isoformat()
        make.signal(integration, json.dumps([{"labels": labels, "endsAt": ends}]).encode())
        run_due()

    fire("warning")
    clock.advance(MINUTE)
    run_due()
    escalation = Escalation.objects.get()
    (waiting,) = Notification.objects.filter(purpose="page")
    assert (escalation.urgency, waiting.state) == ("low", "waiting") and not hook.requests
    clock.advance(10 * MINUTE)
    fire("critical")
    run_due()
    assert asked(hook) == ["/call-anna"] and hook.requests[0].json()["urgent"] is True
    waiting.refresh_from_db()
    escalation.refresh_from_db()
    assert waiting.state == "cancelled" and "urgent" in waiting.note
    assert (escalation.urgency, escalation.due_at) == ("high", clock() + 5 * MINUTE)
    assert [line["text"] for line in trace(escalation) if line["kind"] == "urgent"] == [
        "It became urgent: whoever was to hear of it later hears of it now, and it waits no longer than its step says"
    ]
    clock.advance(5 * MINUTE)
    run_due()
    run_due()
    assert sorted(asked(hook)) == ["/ben", "/call-anna", "/mail-anna"]
    assert not Notification.objects.filter(urgency="low", state="waiting").exists()


def test_who_waits_for_two_steps_is_woken_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = at_night(hook, clock), make.person("ben", "responder")
    way(hook, ben, "ben")
    policy = make.policy((anna, 300), (anna, 300))
    policy.steps.get(position=0).targets.create(person=ben)  # somebody is awake, so that it goes on
    policy.steps.get(position=1).targets.create(person=ben)
    escalation = start(policy)
    run_due()
    clock.advance(5 * MINUTE)
    run_due()
    run_due()
    assert asked(hook) == ["/ben", "/ben"] and Notification.objects.filter(state="waiting").count() == 2
    clock.advance(MINUTE)
    assert raised(escalation).due_at == clock() + 4 * MINUTE  # ben, who was told, has no more time for that
    run_due()
    assert asked(hook) == ["/ben", "/ben", "/call-anna"]
    raised(escalation)
    run_due()
    assert len(asked(hook)) == 3


def test_what_has_told_nobody_goes_on_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = at_night(hook, clock)
    policy = make.policy((anna, 3600), (anna, 300))
    first = policy.steps.get(position=0)
    first.targets.all().delete()
    first.pause = True
    first.save()
    escalation = start(policy)
    run_due()
    clock.advance(MINUTE)
    assert raised(escalation).due_at == clock()
    run_due()
    run_due()
    assert asked(hook) == ["/call-anna"]


def test_a_step_that_says_that_it_can_wait_does_wait(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = at_night(hook, clock)
    policy = make.policy((anna, 300))
    policy.steps.update(urgency="low")
    escalation = start(policy)
    run_due()
    escalation.refresh_from_db()
    before = escalation.due_at
    assert raised(escalation).due_at == before and escalation.urgency == "high"
    assert Notification.objects.get().state == "waiting"
