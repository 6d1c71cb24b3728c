"""Silences, maintenance, inhibition and upstream services: who is held back, why, and what happens when it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.catalog.models import Dependency, Service
from watchroom.engine.loop import run_due
from watchroom.intake import commands, holding
from watchroom.intake.holding import Firing, Inhibition, SilenceRule
from watchroom.intake.matchers import matcher
from watchroom.intake.models import Alert, AlertGroup, Integration, Silence
from watchroom.intake.summing import words_of
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.paging.models import Notification

HOUR = timedelta(hours=1)


@pytest.fixture
def integration(clock: TravellingClock, db: None) -> Integration:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 300))))


def fire(integration: Integration, name: str, *, ended: bool = False, **labels: str) -> AlertGroup:

    alert: dict[str, Any] = {"labels": {"alertname": name, "severity": "critical", **labels}}
    if ended:
        alert["endsAt"] = kernel_clock.now().isoformat()
    else:
        alert["endsAt"] = (kernel_clock.now() + timedelta(days=7)).isoformat()
    make.signal(integration, json.dumps([alert]).encode())
    run_due()
    return AlertGroup.objects.filter(integration=integration, group_labels__alertname=name).order_by("-id").first()  # type: ignore[return-value]


def pages() -> int:
    return Notification.objects.filter(purpose="page").exclude(state="cancelled").count()


def silence(clock: TravellingClock, *matchers: str, hours: float = 1, **more: Any) -> Silence:
    made = commands.save_silence(
        make.actor(), None, matchers=matchers, ends_at=kernel_clock.now() + hours * HOUR, comment="known", **more
    )
    run_due()
    return made


def kinds(group: AlertGroup) -> list[str]:
    return [event.kind for event in group.events.all()]


def test_what_a_silence_matches_pages_nobody_says_why_and_pages_when_it_ends(
    clock: TravellingClock, integration: Integration
) -> None:
    made = silence(clock, 'alertname="DiskFull"')
    group = fire(integration, "DiskFull")
    assert (pages(), group.held["kind"], group.held["id"]) == (0, "silence", made.pk)
    assert group.alerts.get().held["name"] == "known"
    assert kinds(group) == ["opened", "fired", "held"]
    fire(integration, "Other")
    assert pages() == 1
    clock.advance(HOUR)
    run_due()
    group.refresh_from_db()
    assert (group.held, group.state) == (None, "firing")
    assert Notification.objects.filter(purpose="page", escalation__subject_id=group.pk).count() == 1
    assert kinds(group)[-1] == "released"


def test_a_silence_stops_a_group_that_pages_already_and_its_end_is_told_all_the_same(
    clock: TravellingClock, integration: Integration
) -> None:
    group = fire(integration, "DiskFull")
    assert pages() == 1
    silence(clock, 'alertname="DiskFull"')
    group.refresh_from_db()
    assert group.held and group.escalations.get().end == "held"
    clock.advance(timedelta(minutes=10))
    run_due()
    assert pages() == 1  # no second step
    fire(integration, "DiskFull", ended=True)
    assert Notification.objects.filter(purpose="resolved").count() == 1


def test_ending_a_silence_early_pages_at_once_but_not_for_what_somebody_has(
    clock: TravellingClock, integration: Integration
) -> None:
    made = silence(clock, 'severity="critical"')
    taken, free = fire(integration, "Taken"), fire(integration, "Free")
    commands.acknowledge(make.actor(), taken)
    commands.expire_silence(make.actor(), made)
    run_due()
    assert {n.escalation.subject_id for n in Notification.objects.filter(purpose="page")} == {free.pk}
    assert made.state == "expired"
    commands.expire_silence(make.actor(), made)


def test_an_alert_that_no_silence_matches_wakes_the_group_it_joins(
    clock: TravellingClock, integration: Integration
) -> None:
    silence(clock, 'instance="a"')
    group = fire(integration, "DiskFull", instance="a")
    assert pages() == 0
    fire(integration, "DiskFull", instance="b")
    group.refresh_from_db()
    assert (group.held, pages()) == (None, 1)
    fire(integration, "DiskFull", instance="b", ended=True)
    group.refresh_from_db()
    assert group.held["kind"] == "silence"


def test_a_silence_that_begins_later_waits(clock: TravellingClock, integration: Integration) -> None:
    silence(clock, 'alertname="DiskFull"', hours=3, starts_at=kernel_clock.now() + HOUR)
    group = fire(integration, "DiskFull")
    assert group.held is None
    clock.advance(HOUR)
    run_due()
    group.refresh_from_db()
    assert group.held["kind"] == "silence"


def test_a_silence_of_a_team_leaves_the_others_alone(clock: TravellingClock, integration: Integration) -> None:
    silence(clock, 'alertname="DiskFull"', team=make.team())
    assert fire(integration, "DiskFull").held is None


def test_a_silence_that_holds_too_much_is_asked_about(clock: TravellingClock, integration: Integration) -> None:
    for matchers in (['alertname!="X"'], ['alertname=~".*"'], ['nothing=""']):
        with pytest.raises(Refused) as refused:
            silence(clock, *matchers)
        assert refused.value.field == "confirm"
    silence(clock, 'alertname!="X"', confirm=True)
    for wrong in ({"matchers": []}, {"matchers": ["x"]}, {"comment": " "}, {"ends_at": kernel_clock.now()}):
        with pytest.raises(Refused):
            commands.save_silence(
                make.actor(),
                None,
                **{"matchers": ["a=b"], "ends_at": kernel_clock.now() + HOUR, "comment": "why", **wrong},  # type: ignore[arg-type]
            )
    with pytest.raises(NotAllowed):
        commands.save_silence(
            acting(make.person(role="viewer")), None, matchers=["a=b"], ends_at=kernel_clock.now() + HOUR, comment="why"
        )


def test_the_author_is_reminded_before_it_ends_while_something_fires(
    clock: TravellingClock, integration: Integration
) -> None:
    by = acting(make.person(role="responder"))
    make.contact_method(by.person, "browser", {"person": by.person.pk})
    commands.save_silence(
        by, None, matchers=["alertname=DiskFull"], ends_at=kernel_clock.now() + 2 * HOUR, comment="known"
    )
    fire(integration, "DiskFull")
    clock.advance(1.8 * HOUR)
    run_due()
    reminder = Notification.objects.get(purpose="reminder")
    assert reminder.person == by.person and "It holds an alert group that still fires" in reminder.body
    assert pages() == 0


def test_maintenance_of_a_service_holds_its_groups(clock: TravellingClock, integration: Integration) -> None:
    service = integration.service
    window = commands.save_maintenance(
        make.actor(), None, team=service.team, title="New disks", services=[service],
        starts_at=kernel_clock.now() + HOUR, ends_at=kernel_clock.now() + 2 * HOUR,
    )  # fmt: skip
    early = fire(integration, "Early")
    assert early.held is None
    clock.advance(HOUR)
    run_due()
    early.refresh_from_db()
    during = fire(integration, "During")
    assert early.held["kind"] == during.held["kind"] == "maintenance" and during.held["name"] == "New disks"
    before = pages()
    commands.end_maintenance(make.actor(), window)
    run_due()
    assert pages() == before + 2


def test_nobody_makes_the_pages_of_a_team_wait_for_which_they_do_not_respond(
    clock: TravellingClock, integration: Integration
) -> None:
    """A window of one's own team could name any service, and its pages waited."""
    service, own = integration.service, make.service("Mine")
    assert service is not None
    otto = acting(make.person("Otto"))
    make.membership(own.team, otto.person, "manager")
    said: dict[str, Any] = {"title": "Work", "starts_at": kernel_clock.now(), "ends_at": kernel_clock.now() + HOUR}
    with pytest.raises(Refused) as refused:
        commands.save_maintenance(otto, None, team=own.team, services=[own, service], **said)
    assert (refused.value.field, refused.value.value) == ("services", service.slug)
    assert str(service.team) in refused.value.fix
    window = commands.save_maintenance(otto, None, team=own.team, services=[own], **said)
    with pytest.raises(Refused):
        commands.save_maintenance(otto, window, team=own.team, services=[service], **said)
    with pytest.raises(NotAllowed):
        commands.save_maintenance(otto, None, team=service.team, services=[service], **said)
    both = commands.save_maintenance(make.actor(), None, team=own.team, services=[own, service], **said)
    with pytest.raises(Refused):
        commands.extend_maintenance(otto, both, kernel_clock.now() + 2 * HOUR)
    longer = said | {"ends_at": kernel_clock.now() + 2 * HOUR}
    with pytest.raises(Refused):
        commands.save_maintenance(otto, both, team=own.team, services=[own, service], **longer)
    both.refresh_from_db()
    renamed = said | {"title": "Work on disks"}
    assert (
        commands.save_maintenance(otto, both, team=own.team, services=[own, service], **renamed).services.count() == 2
    )
    commands.end_maintenance(otto, both)
    assert fire(integration, "Down").held is None


def test_an_inhibited_target_waits_for_any_of_its_sources(clock: TravellingClock, integration: Integration) -> None:
    commands.save_inhibition(
        make.actor(), None, name="node", source_matchers=['alertname="NodeDown"'],
        target_matchers=['alertname="DiskFull"'], equal=["node"],
    )  # fmt: skip
    fire(integration, "NodeDown", node="a", rack="1")
    fire(integration, "NodeDown", node="a", rack="2")
    held = fire(integration, "DiskFull", node="a")
    assert (held.held["kind"], held.held["name"]) == ("inhibition", "node")
    fire(integration, "NodeDown", node="a", rack="1", ended=True)
    held.refresh_from_db()
    assert held.held
    before = pages()
    fire(integration, "NodeDown", node="a", rack="2", ended=True)
    held.refresh_from_db()
    assert (held.held, pages()) == (None, before + 1)
    fire(integration, "NodeDown", node="a")  # and a source that comes later holds what pages already
    held.refresh_from_db()
    assert held.held["kind"] == "inhibition"


def test_what_depends_on_a_service_that_is_down_is_folded_under_it(
    clock: TravellingClock, integration: Integration, client: Client
) -> None:
    database = make.service("Database", policy=integration.service.policy)
    Dependency.objects.create(service=integration.service, needs=database)
    below = make.integration(service=Service.objects.get(pk=database.pk))
    down = fire(below, "DatabaseDown")
    group = fire(integration, "Errors")
    assert (group.held["kind"], group.held["id"], pages()) == ("upstream", down.pk, 1)
    client.force_login(make.person(role="viewer"), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/alerts/{down.pk}").content.decode()
    assert "Folded under this" in page and "1 alert group of services that need" in page
    assert f'href="/alerts/{group.pk}"' in page
    assert client.get(f"/api/v1/alert-groups/{down.pk}").json()["folded"] == 1
    assert "Folded under this" not in client.get(f"/alerts/{group.pk}").content.decode()
    fire(below, "DatabaseDown", ended=True)
    group.refresh_from_db()
    assert (group.held, pages()) == (None, 2)


# --- Pure decisions ---

names = st.sampled_from(["a", "b", "c"])
labels = st.dictionaries(names, st.sampled_from(["1", "2"]))
matchers = st.lists(
    st.builds(
        lambda n, op, v: matcher(f'{n}{op}"{v}"'), names, st.sampled_from(["=", "!="]), st.sampled_from(["", "1", "2"])
    ),
    min_size=1,
    max_size=2,
)


@given(st.lists(labels, max_size=6), matchers, matchers, st.lists(names, max_size=2))
def test_inhibition_is_what_alertmanager_says_it_is(
    given_labels: list[dict[str, str]], sources: list[Any], targets: list[Any], equal: list[str]
) -> None:
    rule = Inhibition(1, "rule", None, tuple(sources), tuple(targets), tuple(equal))
    alerts = [Firing(number, None, each) for number, each in enumerate(given_labels)]
    known = {1: [each for each in alerts if holding.accepts(rule.sources, each.labels)]}
    for target in alerts:

        def side(alert: Firing, side_matchers: list[Any]) -> bool:
            return all(each.accepts(alert.labels) for each in side_matchers)

        expected = side(target, targets) and any(
            side(source, sources)
            and all(source.labels.get(n, "") == target.labels.get(n, "") for n in equal)
            and not (side(target, sources) and side(source, targets))
            for source in alerts
            if source is not target
        )
        assert (holding.inhibited_by(target, [rule], known) is not None) == expected


@given(labels, st.lists(matchers, max_size=3))
def test_of_several_silences_the_one_that_ends_last_is_named(alert: dict[str, str], given_matchers: list[Any]) -> None:
    rules = [
        SilenceRule(number, f"s{number}", f"2026-01-0{number + 1}", None, tuple(each))
        for number, each in enumerate(given_matchers)
    ]
    held = holding.silenced_by(Firing(1, None, alert), rules)
    matching = [rule.id for rule in rules if all(each.accepts(alert) for each in rule.matchers)]
    assert (held.id if held else None) == (max(matching) if matching else None)


def test_nothing_is_asked_of_the_database_per_alert_when_nothing_holds(
    clock: TravellingClock, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    alerts = [{"labels": {"alertname": "A", "instance": str(n)}} for n in range(300)]
    make.signal(integration, json.dumps(alerts).encode())
    from watchroom.intake.commands import read_signals

    with django_assert_max_num_queries(60) as asked:
        read_signals(100)
    assert Alert.objects.count() == 300
    rules = [each["sql"] for each in asked.captured_queries if "intake_inhibitrule" in each["sql"]]
    assert len(rules) == 1  # they are read once, for what may hold these alerts and for what these may hold


def test_what_is_escalated_by_hand_while_it_is_held_goes_on_when_the_hold_ends(
    clock: TravellingClock, integration: Integration
) -> None:
    """A second escalation was started for it then, which the database refuses: nothing was looked at any more."""
    silence(clock, 'alertname="DiskFull"')
    group, other = fire(integration, "DiskFull"), fire(integration, "Other")
    commands.escalate_now(make.actor(), group)
    run_due()
    clock.advance(HOUR)
    run_due()
    group.refresh_from_db()
    assert group.held is None and group.escalations.count() == other.escalations.count() == 1


def test_a_group_that_is_held_from_the_start_is_looked_at_once_more(
    clock: TravellingClock, integration: Integration
) -> None:
    """Whoever ends the silence while its group is being written cannot mark a group that nobody can see yet."""
    made = silence(clock, 'alertname="DiskFull"')
    group = fire(integration, "DiskFull")
    Silence.objects.filter(pk=made.pk).update(ends_at=kernel_clock.now(), due_at=None)  # as if it had been ended unseen
    clock.advance(timedelta(minutes=1))
    run_due()
    group.refresh_from_db()
    assert group.held is None and pages() == 1


def test_an_alert_that_is_held_alone_says_so_and_is_left_out_of_the_page(
    clock: TravellingClock, integration: Integration, client: Client
) -> None:
    """Its group pages for the others, so that nothing but the alert itself can say why it does not."""
    made = commands.save_inhibition(
        make.actor(),
        None,
        name="node",
        source_matchers=['alertname="NodeDown"'],
        target_matchers=['alertname="Slow"'],
        equal=["host"],
    )
    fire(integration, "NodeDown", host="a")
    said = [
        {"labels": {"alertname": "Slow", "host": host, "disk": disk}}
        for host, disk in (("a", "1"), ("b", "2"), ("b", "3"))
    ]
    make.signal(integration, json.dumps(said).encode())
    run_due()
    group = AlertGroup.objects.get(group_labels__alertname="Slow")
    assert group.held is None and group.firing == 3
    words = words_of([group])[group.pk]
    assert words == ["3 alerts fire, 1 of them held back.", "disk: 2 (1), 3 (1)"]
    client.force_login(make.person("Root", "administrator"))
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert shown.count(f'Pages nobody: inhibition <a href="/inhibit-rules/{made.pk}">node</a>') == 1
    told = client.get(f"/api/v1/alert-groups/{group.pk}").json()["alerts"]
    assert [(each["labels"]["host"], (each["held"] or {}).get("name")) for each in told if each["held"]] == [
        ("a", "node")
    ]


def test_nobody_hears_twice_that_it_is_over_who_was_told_once_that_it_fires(
    clock: TravellingClock, integration: Integration
) -> None:
    """A second beginning that was held back until its end was no news, and so its end is none."""

    def told() -> list[str]:
        return list(Notification.objects.order_by("id").values_list("purpose", flat=True))

    fire(integration, "DiskFull")
    fire(integration, "DiskFull", ended=True)
    assert told() == ["page", "resolved"]
    clock.advance(timedelta(minutes=1))
    made = silence(clock, 'alertname="DiskFull"')
    group = fire(integration, "DiskFull")
    assert group.reopened == 1 and group.held is not None
    fire(integration, "DiskFull", ended=True)
    assert told() == ["page", "resolved"]
    clock.advance(timedelta(minutes=1))
    commands.expire_silence(make.actor(), made)
    assert fire(integration, "DiskFull").reopened == 2
    clock.advance(timedelta(minutes=1))
    fire(integration, "DiskFull", ended=True)
    assert told() == ["page", "resolved", "page", "resolved"]
