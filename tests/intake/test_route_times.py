"""What routes do by the clock: mute, wait for hours, tell what has joined, bring up again; and severity and service by label."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, Integration, Route, TimeInterval
from watchroom.intake.why import why
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.paging.models import Notification

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LUNCH = [{"times": [{"start_time": "12:00", "end_time": "13:00"}]}]
OFFICE = [{"weekdays": ["monday:friday"], "times": [{"start_time": "08:00", "end_time": "18:00"}]}]


@pytest.fixture
def anna(clock: TravellingClock, db: None) -> Any:
    person = make.person("Anna", "responder")
    make.contact_method(person, "browser", {"person": person.pk})
    return person


@pytest.fixture
def integration(anna: Any) -> Integration:
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 300), repeats=0)))


def route(name: str = "all", **more: Any) -> Route:
    return commands.save_route(make.actor(), None, name=name, matchers=['alertname!=""'], **more)


def interval(name: str, parts: list[Any]) -> TimeInterval:
    return commands.save_interval(make.actor(), None, name=name, intervals=parts)


def fire(integration: Integration, name: str, *, ended: bool = False, **labels: str) -> AlertGroup:
    alert: dict[str, Any] = {"labels": {"alertname": name, "severity": "critical", **labels}}
    alert["endsAt"] = (kernel_clock.now() + (timedelta() if ended else timedelta(days=20))).isoformat()
    make.signal(integration, json.dumps([alert]).encode())
    run_due()
    return AlertGroup.objects.filter(integration=integration, group_labels__alertname=name).order_by("-id").first()  # type: ignore[return-value]


def sent(purpose: str = "page") -> list[Notification]:
    return list(Notification.objects.filter(purpose=purpose).exclude(state="cancelled").order_by("id"))


def kinds(group: AlertGroup) -> list[str]:
    return [event.kind for event in group.events.all()]


def to(clock: TravellingClock, hour: int, minute: int = 0, day: int = 2) -> None:
    clock.to(datetime(2026, 3, day, hour, minute, tzinfo=kernel_clock.now().tzinfo))
    run_due()


# --- Mute -----------------------------------------------------------------------------------------------------------


def test_a_muted_route_pages_nobody_says_why_and_pages_at_once_when_the_mute_ends(
    clock: TravellingClock, integration: Integration
) -> None:
    interval("lunch", LUNCH)
    made = route(mute_intervals=["lunch"])
    to(clock, 12, 10)
    group = fire(integration, "DiskFull")
    assert group.held["kind"] == "mute" and group.held["id"] == made.pk
    assert group.held["name"] == "route all during lunch" and group.held["until"].startswith("2026-03-02T13:00")
    assert sent() == [] and why(group).answer == "Nobody was paged: it is muted by route all during lunch."
    assert any("/routes/" in reason.link and "during lunch" in reason.text for reason in why(group).reasons)
    to(clock, 12, 59)
    assert sent() == []
    to(clock, 13, 0)
    group.refresh_from_db()
    assert group.held is None and len(sent()) == 1 and kinds(group)[-1] == "released"


def test_a_mute_that_begins_stops_what_is_paging_and_whoever_was_told_hears_the_end(
    clock: TravellingClock, integration: Integration
) -> None:
    interval("lunch", LUNCH)
    route(mute_intervals=["lunch"])
    to(clock, 11, 58)
    group = fire(integration, "DiskFull")
    assert len(sent()) == 1
    to(clock, 12, 0)
    group.refresh_from_db()
    assert group.held["kind"] == "mute"
    to(clock, 12, 30)
    assert len(sent()) == 1
    fire(integration, "DiskFull", ended=True)
    assert len(sent("resolved")) == 1


def test_mute_and_active_intervals_are_not_inherited(clock: TravellingClock, integration: Integration) -> None:
    interval("lunch", LUNCH)
    interval("office", OFFICE)
    above = route("above", mute_intervals=["lunch"], active_intervals=["office"])
    commands.save_route(make.actor(), None, name="below", parent=above, matchers=['alertname="Below"'])
    to(clock, 12, 10)
    assert fire(integration, "Below").held is None and fire(integration, "Above").held is not None


def test_outside_its_active_intervals_a_route_pages_nobody(clock: TravellingClock, integration: Integration) -> None:
    interval("office", OFFICE)
    route(active_intervals=["office"])
    to(clock, 19)
    group = fire(integration, "DiskFull")
    assert group.held["name"] == "route all outside office" and sent() == []
    to(clock, 8, day=3)
    assert len(sent()) == 1


def test_a_change_of_the_interval_or_the_route_counts_at_once(clock: TravellingClock, integration: Integration) -> None:
    lunch = interval("lunch", LUNCH)
    made = route(mute_intervals=["lunch"])
    to(clock, 12, 10)
    group = fire(integration, "DiskFull")
    other = [{"times": [{"start_time": "15:00", "end_time": "16:00"}]}]
    commands.save_interval(make.actor(), lunch, name="tea", intervals=other)
    run_due()
    made.refresh_from_db()
    group.refresh_from_db()
    assert made.mute_intervals == ["tea"] and group.held is None and len(sent()) == 1
    to(clock, 15)
    group.refresh_from_db()
    assert group.held["kind"] == "mute"
    commands.delete_route(make.actor(), made)
    run_due()
    group.refresh_from_db()
    assert group.held is None


def test_a_time_interval_in_use_can_not_be_deleted_and_one_that_is_not_there_not_named(
    clock: TravellingClock, integration: Integration
) -> None:
    lunch = interval("lunch", LUNCH)
    made = route(mute_intervals=["lunch"])
    with pytest.raises(Conflict):
        commands.delete_interval(make.actor(), lunch)
    with pytest.raises(Refused) as refused:
        route("other", active_intervals=["nothing"])
    assert refused.value.field == "active_intervals" and "lunch" in refused.value.fix
    with pytest.raises(Conflict):
        interval("lunch", LUNCH)
    commands.delete_route(make.actor(), made)
    commands.delete_interval(make.actor(), lunch)
    assert not TimeInterval.objects.exists()


# --- Low urgency waits ----------------------------------------------------------------------------------------------


def test_low_urgency_waits_for_its_hours_and_high_does_not(clock: TravellingClock, integration: Integration) -> None:
    interval("office", OFFICE)
    above = route("above", low_urgency_intervals=["office"])
    commands.save_route(make.actor(), None, name="below", parent=above, matchers=['alertname=~"Low.*"'])
    to(clock, 22)
    low, high = fire(integration, "Low", severity="warning"), fire(integration, "High")
    assert low.held["kind"] == "hours" and low.held["until"].startswith("2026-03-03T08:00") and high.held is None
    assert why(low).answer == "Nobody was paged yet: low urgency waits outside office."
    assert len(sent()) == 1
    to(clock, 8, day=3)
    low.refresh_from_db()
    assert low.held is None and len(sent()) == 2


def test_what_waits_can_be_pulled_forward(clock: TravellingClock, integration: Integration) -> None:
    interval("office", OFFICE)
    route(low_urgency_intervals=["office"])
    to(clock, 22)
    low = fire(integration, "Low", severity="warning")
    by = make.actor("Kim")
    commands.page_now(by, low)
    run_due()
    low.refresh_from_db()
    assert low.held is None and len(sent()) == 1 and "hurried" in kinds(low)
    clock.advance(HOUR)
    run_due()
    low.refresh_from_db()
    assert low.held is None
    with pytest.raises(Conflict):
        commands.page_now(by, low)


def test_what_waits_pages_as_soon_as_something_urgent_joins_it(
    clock: TravellingClock, integration: Integration
) -> None:
    interval("office", OFFICE)
    route(low_urgency_intervals=["office"])
    to(clock, 22)
    group = fire(integration, "Disk", severity="warning", instance="a")
    assert sent() == []
    fire(integration, "Disk", instance="b")
    group.refresh_from_db()
    assert (group.urgency, group.held) == ("high", None) and [each.urgency for each in sent()] == ["high"]


# --- What joins, and what still fires -------------------------------------------------------------------------------


def test_what_joins_in_a_storm_is_named_once_and_told_apart_by_its_labels(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    route(group_interval_seconds=600)
    group = fire(integration, "Disk", pod="a")
    commands.acknowledge(acting(anna), group)
    clock.advance(MINUTE)
    for pod in "bcdefghij":
        fire(integration, "Disk", pod=pod)
    group.refresh_from_db()
    assert group.update_at is not None
    clock.to(group.update_at)
    run_due()
    (told,) = sent("update")
    assert told.subject == "9 more alerts: Disk" and told.body.startswith("Disk\npod: ")


def test_what_joins_a_group_is_told_to_its_holder_once_a_group_interval(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    route(group_interval_seconds=600)
    group = fire(integration, "Disk", instance="a")
    commands.acknowledge(acting(anna), group)
    clock.advance(MINUTE)
    fire(integration, "Disk", instance="b")
    fire(integration, "Disk", instance="c")
    group.refresh_from_db()
    assert group.update_at == group.told_at + timedelta(seconds=600) and sent("update") == []
    assert any("More alerts have joined" in each.text and each.future for each in why(group).reasons)
    clock.to(group.update_at)
    run_due()
    told = sent("update")
    assert [each.subject for each in told] == [f"2 more alerts: {group.title}"] and told[0].person == anna
    assert kinds(group)[-1] == "updated" and len(sent()) == 1
    clock.advance(HOUR)
    fire(integration, "Disk", instance="d")  # long after the last message: at once
    assert len(sent("update")) == 2
    fire(integration, "Disk", instance="e")
    assert len(sent("update")) == 2
    fire(integration, "Disk", instance="e", ended=True)
    clock.advance(HOUR)
    run_due()
    assert len(sent("update")) == 2  # what has joined is over already


def test_while_nobody_has_it_those_who_were_paged_are_told_what_joins(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    route(group_interval_seconds=60)
    fire(integration, "Disk", instance="a")
    clock.advance(2 * MINUTE)
    fire(integration, "Disk", instance="b")
    assert [each.person for each in sent("update")] == [anna]


def test_an_acknowledged_group_that_still_fires_is_brought_up_again(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    route(repeat_interval_seconds=4 * 3600)
    group = fire(integration, "Disk")
    clock.advance(10 * MINUTE)
    commands.acknowledge(acting(anna), group)
    group.refresh_from_db()
    assert group.repeat_at == kernel_clock.now() + 4 * HOUR
    assert any("brought up again" in each.text and each.future for each in why(group).reasons)
    before = len(sent())
    clock.advance(4 * HOUR)
    run_due()
    group.refresh_from_db()
    assert group.state == "firing" and len(sent()) == before + 1 and "repeated" in kinds(group)
    commands.acknowledge(acting(anna), group)
    fire(integration, "Disk", ended=True)
    clock.advance(5 * HOUR)
    run_due()
    group.refresh_from_db()
    assert group.repeat_at is None and len(sent()) == before + 1


def test_a_group_that_nobody_answered_is_brought_up_again(clock: TravellingClock, integration: Integration) -> None:
    route(repeat_interval_seconds=2 * 3600)
    group = fire(integration, "Disk")
    for _ in range(23):
        clock.advance(5 * MINUTE)
        run_due()
    assert [each.end for each in group.escalations.all()] == ["exhausted"]
    before = len(sent())
    clock.advance(5 * MINUTE)
    run_due()
    assert len(sent()) > before and group.escalations.count() == 2


def test_a_snooze_lasts_longer_than_a_repeat_interval(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    route(repeat_interval_seconds=3600)
    group = fire(integration, "Disk")
    commands.snooze(acting(anna), group, kernel_clock.now() + 5 * HOUR)
    before = len(sent())
    clock.advance(2 * HOUR)
    run_due()
    group.refresh_from_db()
    assert group.snoozed and len(sent()) == before


def test_a_change_of_the_routes_moves_no_timer(clock: TravellingClock, integration: Integration, anna: Any) -> None:
    made = route(group_wait_seconds=300, repeat_interval_seconds=4 * 3600)
    waiting = fire(integration, "Waiting")
    clock.advance(6 * MINUTE)
    run_due()
    taken = fire(integration, "Taken")
    clock.advance(MINUTE)
    times = list(AlertGroup.objects.order_by("id").values_list("notify_at", "repeat_at", "told_at", "update_at"))
    same = {"matchers": made.matchers, "group_wait_seconds": 3000, "repeat_interval_seconds": 0}
    commands.save_route(make.actor(), made, name="renamed", **same)
    run_due()
    after = list(AlertGroup.objects.order_by("id").values_list("notify_at", "repeat_at", "told_at", "update_at"))
    assert after == times and waiting.pk != taken.pk


def test_what_joined_while_it_was_muted_is_told_to_its_holder_when_the_mute_ends(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    interval("lunch", LUNCH)
    route(mute_intervals=["lunch"])
    to(clock, 11, 50)
    group = fire(integration, "Disk", instance="a")
    commands.acknowledge(acting(anna), group)
    to(clock, 12, 20)
    fire(integration, "Disk", instance="b")
    to(clock, 12, 40)
    assert sent("update") == []
    to(clock, 13)
    assert [each.person for each in sent("update")] == [anna] and len(sent()) == 1


# --- Told that it fired, told that it is over -----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["silence", "maintenance", "inhibition", "mute", "routes changed", "route deleted", "engine restarted"])  # fmt: skip
def test_whoever_was_told_that_it_fires_is_told_that_it_is_over_whatever_happens_in_between(
    what: str, clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    made = route()
    group = fire(integration, "Disk", instance="a")
    assert [each.person for each in sent()] == [anna]
    by = make.actor()
    if what == "silence":
        commands.save_silence(by, None, matchers=['instance="a"'], ends_at=kernel_clock.now() + HOUR, comment="known")
    elif what == "maintenance":
        assert integration.service is not None
        commands.save_maintenance(
            by, None, team=integration.team, title="Work", services=[integration.service],
            starts_at=kernel_clock.now(), ends_at=kernel_clock.now() + HOUR,
        )  # fmt: skip
    elif what == "inhibition":
        commands.save_inhibition(
            by, None, name="n", source_matchers=['alertname="Down"'], target_matchers=['alertname="Disk"'],
            equal=["instance"],
        )  # fmt: skip
        fire(integration, "Down", instance="a")
    elif what == "mute":
        interval("always", [{}])
        commands.save_route(by, made, name="all", matchers=made.matchers, mute_intervals=["always"])
    elif what == "routes changed":
        commands.save_route(by, made, name="none", matchers=['alertname="Nothing"'])
    elif what == "route deleted":
        commands.delete_route(by, made)
    else:
        commands.extend_missed()
    run_due()
    group.refresh_from_db()
    assert (group.held is not None) == (what in {"silence", "maintenance", "inhibition", "mute"})
    clock.advance(MINUTE)
    fire(integration, "Disk", ended=True, instance="a")
    assert [each.subject for each in sent("resolved")] == [f"Resolved: {integration.service}: {group.title}"]


def test_the_second_end_of_what_fired_again_is_told_as_well(
    clock: TravellingClock, integration: Integration, anna: Any
) -> None:
    fire(integration, "Disk")
    clock.advance(MINUTE)
    fire(integration, "Disk", ended=True)
    clock.advance(MINUTE)
    group = fire(integration, "Disk")
    assert group.reopened == 1 and len(sent()) == 2
    clock.advance(MINUTE)
    fire(integration, "Disk", ended=True)
    assert len(sent("resolved")) == 2


# --- Severity and service by label ----------------------------------------------------------------------------------


def test_a_route_maps_labels_to_severity_and_service(clock: TravellingClock, integration: Integration) -> None:
    ledger = make.service("Ledger", slug="ledger", policy=make.policy())
    rules = [commands.SeverityRule("critical", "priority=P1"), commands.SeverityRule("info", 'priority=~"P[45]"')]
    route(severities=rules, service_label="app")
    loud = fire(integration, "Loud", priority="P1", severity="info", app="Ledger")
    assert (loud.severity, loud.urgency, loud.service, loud.policy) == ("critical", "high", ledger, ledger.policy)
    assert loud.team == ledger.team
    quiet = fire(integration, "Quiet", priority="P5", app="unknown")
    assert (quiet.severity, quiet.urgency, quiet.service) == ("info", "low", integration.service)
    assert fire(integration, "Other").severity == "critical"
    fire(integration, "Quiet", priority="P5", app="unknown")  # told again: it stays what the route says
    assert quiet.alerts.get().severity == "info"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"group_by": ["...", "x"]}, "group_by"),
        ({"group_by": ["x", "x"]}, "group_by"),
        ({"group_interval_seconds": 0}, "group_interval_seconds"),
        ({"repeat_interval_seconds": 10}, "repeat_interval_seconds"),
        ({"severities": [commands.SeverityRule("loud", "a=b")]}, "severities[0]"),
        ({"severities": [commands.SeverityRule("info", "a")]}, "severities[0]"),
    ],
)
def test_what_a_route_can_not_say_is_refused(wrong: dict[str, Any], field: str, db: None) -> None:
    with pytest.raises(Refused) as refused:
        route(**wrong)
    assert refused.value.field == field
