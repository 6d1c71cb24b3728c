"""From a stored signal to a group that pages somebody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import Alert, AlertGroup, GroupEvent, Integration, Signal
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed
from watchroom.paging.models import Escalation, Notification

pytestmark = pytest.mark.django_db


def alert(name: str = "HighLatency", *, ended: bool = False, **labels: str) -> dict[str, Any]:
    body: dict[str, Any] = {"labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} is firing"}}
    if ended:
        body["endsAt"] = kernel_clock.now().isoformat()
    return body


def send(integration: Integration, *alerts: dict[str, Any]) -> Signal:
    return make.signal(integration, json.dumps(alerts).encode())


@pytest.fixture
def integration() -> Integration:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    service = make.service("Checkout", policy=make.policy((anna, 300)))
    return make.integration(service=service)


def test_a_signal_becomes_a_group_that_escalates(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert(severity="critical"))
    run_due()
    group = AlertGroup.objects.get()
    assert (group.state, group.service, group.severity, group.urgency, group.firing) == (
        "firing",
        integration.service,
        "critical",
        "high",
        1,
    )
    assert group.escalations.get().policy == integration.service.policy
    assert Notification.objects.get().purpose == "page"
    assert Signal.objects.get().state == "done"


def test_the_same_alert_again_counts_up_and_pages_nobody_again(
    clock: TravellingClock, integration: Integration
) -> None:
    for _ in range(3):
        send(integration, alert())
        run_due()
        clock.advance(timedelta(seconds=30))
    assert (Alert.objects.get().times, AlertGroup.objects.count(), Notification.objects.count()) == (3, 1, 1)


def test_alerts_with_the_same_name_share_a_group(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert(instance="a"), alert(instance="b"), alert("Other"))
    run_due()
    assert sorted(AlertGroup.objects.values_list("total", flat=True)) == [1, 2]


def test_two_teams_without_a_service_do_not_share_a_group(clock: TravellingClock) -> None:
    """Else only the team whose sender came first would be paged."""
    ours, theirs = make.integration(team=make.team()), make.integration(team=make.team())
    for integration in (ours, theirs):
        send(integration, alert())
    run_due()
    assert set(AlertGroup.objects.values_list("team", flat=True)) == {ours.team_id, theirs.team_id}


def test_the_end_resolves_the_group_and_tells_whoever_was_paged(
    clock: TravellingClock, integration: Integration
) -> None:
    send(integration, alert())
    run_due()
    clock.advance(timedelta(minutes=1))
    send(integration, alert(ended=True))
    run_due()
    group = AlertGroup.objects.get()
    assert (group.state, group.firing) == ("resolved", 0)
    assert Escalation.objects.get().end == "resolved"
    assert list(Notification.objects.order_by("id").values_list("purpose", flat=True)) == ["page", "resolved"]
    clock.advance(timedelta(minutes=10))
    send(integration, alert())
    run_due()
    again = AlertGroup.objects.exclude(pk=group.pk).get()
    assert again.previous == group


def test_what_fires_again_soon_after_its_end_is_the_same_problem_and_pages_again(
    clock: TravellingClock, integration: Integration
) -> None:
    for ended in (False, True, False):
        send(integration, alert(ended=ended))
        run_due()
        clock.advance(timedelta(minutes=1))
    group = AlertGroup.objects.get()
    assert (group.state, group.reopened, group.firing, group.total) == ("firing", 1, 1, 2)
    assert group.escalations.count() == 2
    kinds = ["opened", "fired", "ended", "resolved", "reopened", "fired"]
    assert [event.kind for event in group.events.all()] == kinds


def test_what_a_person_resolved_and_still_fires_is_a_new_group(
    clock: TravellingClock, integration: Integration
) -> None:
    send(integration, alert())
    run_due()
    commands.resolve(make.actor(), AlertGroup.objects.get())
    clock.advance(timedelta(minutes=1))
    send(integration, alert())
    run_due()
    assert AlertGroup.objects.count() == 2 and AlertGroup.objects.first().previous is not None


def test_one_batch_says_as_much_as_many(clock: TravellingClock, integration: Integration) -> None:
    """Fired, ended and fired again before the engine has looked."""
    for ended in (False, True, False, False, True):
        send(integration, alert(ended=ended))
    run_due()
    group = AlertGroup.objects.get()
    assert (group.state, group.reopened, group.firing, group.total) == ("resolved", 1, 0, 2)
    assert [each.times for each in Alert.objects.order_by("id")] == [1, 2]
    assert not Notification.objects.filter(ended_at__isnull=True).exists()


def test_an_alert_that_nobody_talks_about_ends_after_its_timeout(
    clock: TravellingClock, integration: Integration
) -> None:
    send(integration, alert())
    run_due()
    clock.advance(timedelta(minutes=5))
    run_due()
    assert AlertGroup.objects.get().state == "resolved"


def test_an_alert_that_ran_out_while_watchroom_was_down_gets_time_to_be_seen_again(
    clock: TravellingClock, integration: Integration
) -> None:
    send(integration, alert())
    run_due()
    clock.advance(timedelta(hours=1))
    commands.extend_missed()
    run_due()
    assert AlertGroup.objects.get().state == "firing"


def test_the_database_allows_one_open_group_per_key(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert())
    run_due()
    group = AlertGroup.objects.get()
    group.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        group.save(force_insert=True)


def test_without_a_policy_the_last_resort_is_told_and_the_group_says_so(clock: TravellingClock) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, "browser", {"person": admin.pk})
    send(make.integration(), alert())
    run_due()
    assert GroupEvent.objects.filter(kind="unrouted").exists()
    assert Notification.objects.get().person == admin


def test_a_group_wait_holds_the_page_back(clock: TravellingClock, integration: Integration) -> None:
    commands.save_route(make.actor(), None, name="slow", matchers=['alertname="HighLatency"'], group_wait_seconds=30)
    send(integration, alert())
    run_due()
    assert not Escalation.objects.exists()
    clock.advance(timedelta(seconds=30))
    run_due()
    assert Escalation.objects.count() == 1


def test_routes_give_service_and_policy(clock: TravellingClock, integration: Integration) -> None:
    other = make.service("Payments", policy=make.policy((make.person(), 60)))
    commands.save_route(make.actor(), None, name="payments", matchers=['team=~"pay.*"'], service=other)
    send(integration, alert(team="payments"))
    run_due()
    group = AlertGroup.objects.get()
    assert (group.service, group.team, group.policy) == (other, other.team, other.policy)


def test_a_signal_that_breaks_us_is_kept_and_does_not_hold_up_the_others(
    clock: TravellingClock, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchroom.intake.commands import batch

    real = batch.group_labels

    def broken(by: Any, labels: Any) -> Any:
        if labels.get("instance") == "evil":
            raise RuntimeError("a bug of ours")
        return real(by, labels)

    monkeypatch.setattr(batch, "group_labels", broken)
    send(integration, alert("One")), send(integration, alert("Two", instance="evil")), send(integration, alert("Three"))
    run_due()
    assert [each.state for each in Signal.objects.order_by("id")] == ["done", "rejected", "done"]
    said = Alert.objects.get(dedup_key="watchroom:unread")  # its sender was told that all is well
    assert (said.severity, said.labels["alertname"]) == ("error", "SignalUnread")
    assert said.group.escalations.exists()
    monkeypatch.setattr(batch, "group_labels", real)
    commands.replay_signal(make.actor(), Signal.objects.get(refused=True))
    run_due()
    titles = AlertGroup.objects.exclude(pk=said.group_id).values_list("title", flat=True)
    assert sorted(titles) == ["One is firing", "Three is firing", "Two is firing"]


def test_a_signal_that_not_even_an_alert_can_be_made_of_does_not_hold_up_the_others(
    clock: TravellingClock, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchroom.intake.commands import batch

    monkeypatch.setattr(batch, "group_labels", None)
    send(integration, alert("One"))
    run_due()
    assert Signal.objects.get().state == "rejected"
    monkeypatch.undo()
    send(integration, alert("Two"))
    run_due()
    assert AlertGroup.objects.get().title == "Two is firing"


def test_acknowledging_ends_the_escalation_once(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert())
    run_due()
    group, anna = AlertGroup.objects.get(), acting(integration.service.policy.steps.get().targets.get().person)
    commands.acknowledge(anna, group)
    commands.acknowledge(make.actor(), group)
    group.refresh_from_db()
    assert (group.state, group.acknowledged_by) == ("acknowledged", anna.person)
    assert GroupEvent.objects.filter(kind="acknowledged").count() == 1
    commands.unacknowledge(anna, group)
    run_due()
    assert Escalation.objects.filter(ended_at__isnull=True).count() == 1


def test_whoever_was_paged_may_answer_but_no_other_viewer(clock: TravellingClock, integration: Integration) -> None:
    viewer = make.person("Vera", "viewer")
    make.contact_method(viewer, "browser", {"person": viewer.pk})
    integration.service.policy = make.policy((viewer, 60))
    integration.service.save()
    send(integration, alert())
    run_due()
    group = AlertGroup.objects.get()
    with pytest.raises(NotAllowed):
        commands.acknowledge(make.actor(role="viewer"), group)
    commands.acknowledge(acting(viewer), group)


def test_resolving_by_hand_ends_every_alert(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert(instance="a"), alert(instance="b"))
    run_due()
    group = commands.resolve(make.actor(), AlertGroup.objects.get())
    assert not Alert.objects.filter(ended_at__isnull=True).exists()
    with pytest.raises(Conflict):
        commands.acknowledge(make.actor(), group)


def test_escalating_by_hand_takes_the_next_step_at_once(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert())
    run_due()
    commands.escalate_now(make.actor(), AlertGroup.objects.get())
    run_due()
    assert Notification.objects.count() == 2


def test_a_thousand_alerts_of_one_cause_page_once(clock: TravellingClock, integration: Integration) -> None:
    send(integration, *[alert(instance=str(number)) for number in range(1000)])
    run_due()
    assert (AlertGroup.objects.get().firing, Notification.objects.count()) == (1000, 1)


def test_old_signals_are_forgotten_but_not_unread_ones(clock: TravellingClock, integration: Integration) -> None:
    send(integration, alert())
    run_due()
    clock.to(datetime(2026, 5, 1, tzinfo=UTC))
    run_due()
    assert not Signal.objects.exists()


@pytest.mark.parametrize("together", [True, False])
def test_what_becomes_worse_is_urgent_from_then_on(clock: Any, together: bool) -> None:
    """A group kept the urgency of its first alert, in one message as well as when its only alert became worse."""
    integration = make.integration(service=make.service(policy=make.policy((make.person(), 300))), source="json")

    def say(severity: str, key: str) -> dict[str, Any]:
        return {"title": "Disk fills", "key": key, "severity": severity, "labels": {"alertname": "DiskFills"}}

    if together:
        make.signal(integration, json.dumps([say("warning", "a"), say("critical", "b")]).encode(), path="")
    else:
        make.signal(integration, json.dumps(say("warning", "a")).encode(), path="")
        run_due()
        assert AlertGroup.objects.get().urgency == "low"
        make.signal(integration, json.dumps(say("critical", "a")).encode(), path="")
    run_due()
    group = AlertGroup.objects.get()
    assert (group.severity, group.urgency) == ("critical", "high")
    assert group.escalations.get().urgency == "high"
