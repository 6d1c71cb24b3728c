"""Incidents that the rule of a route declares: when, which, one for each alert group, and never two."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.commands import automatic
from watchroom.incidents.models import Incident, LogEntry
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, Integration, Route
from watchroom.intake.rules import Declares
from watchroom.intake.why import why
from watchroom.kernel.clock import TravellingClock, now
from watchroom.kernel.errors import Conflict, Refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(clock: TravellingClock, db: None) -> Any:
    person = make.person("Anna", "responder")
    make.contact_method(person, "browser", {"person": person.pk})
    return person


@pytest.fixture
def sender(anna: Any) -> Integration:
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 300), repeats=9)))


def route(name: str = "Shop", matcher: str = 'alertname!=""', declares: Any = Declares(), **more: Any) -> Route:  # noqa: B008
    return commands.save_route(make.actor(), None, name=name, matchers=[matcher], declares=declares, **more)


def fire(sender: Integration, name: str = "Slow", *, run: bool = True, **labels: str) -> AlertGroup:
    labels = {"alertname": name, "severity": "critical", **labels}
    make.signal(sender, json.dumps([{"labels": labels, "endsAt": "2026-03-20T00:00:00Z"}]).encode())
    run_due() if run else commands.read_signals(10)
    return AlertGroup.objects.latest("id")


def events(group: AlertGroup) -> list[str]:
    return [event.text for event in group.events.filter(kind="declared")]


def test_a_route_declares_an_incident_for_its_alerts_says_why_and_links_to_itself(
    clock: TravellingClock, sender: Integration
) -> None:
    made = route()
    group = fire(sender)
    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.team, incident.route) == ("Slow", 2, group.team, made)
    assert list(incident.alert_groups.all()) == [group] and list(incident.services.all()) == [group.service]
    line = LogEntry.objects.get(incident=incident, type="incident.declared")
    assert "by the rule of the route “Shop”: when it begins to page" in line.text
    assert line.data["path"] == f"/routes/{made.pk}"
    assert events(group) == [f"incident {incident.pk} declared (SEV2)"]
    told = next(each for each in why(group).reasons if each.step == "declared")
    assert (told.link, told.text) == (
        f"/routes/{made.pk}", f"By the rule of its route: incident {incident.pk} declared (SEV2).",
    )  # fmt: skip
    assert group.escalations.exists()  # and it pages as always


def test_it_says_the_severity_the_type_and_whether_it_is_private_or_waits_for_triage(
    clock: TravellingClock, sender: Integration
) -> None:
    kind = incidents.save_type(make.actor(), None, name="Outage", team=sender.team, fields=())
    route(declares=Declares(severity=1, type=kind.slug, private=True, triage=True))
    fire(sender)
    incident = Incident.objects.get()
    assert (incident.severity, incident.type, incident.private, incident.triage) == (1, kind, True, "waiting")
    with pytest.raises(Conflict, match="Shop declares incidents of this type"):
        incident.type = None
        incident.save()
        incidents.delete_type(make.actor(), kind)


def test_only_what_is_bad_enough_is_an_incident_also_when_it_becomes_so(
    clock: TravellingClock, sender: Integration
) -> None:
    route(declares=Declares(at_least="error"))
    group = fire(sender, severity="warning")
    assert not Incident.objects.exists()
    fire(sender, severity="critical")  # for Prometheus that is another alert, which joins the group
    assert AlertGroup.objects.count() == 1
    assert Incident.objects.get().alert_groups.get() == group


def test_a_known_alert_that_becomes_worse_counts_too(clock: TravellingClock, anna: Any) -> None:
    sender = make.integration(source="json", service=make.service("Checkout", policy=make.policy((anna, 300))))
    route(matcher='team=""', declares=Declares(at_least="critical"))
    for severity in ("warning", "critical"):
        body = {"title": "Slow", "key": "slow", "severity": severity}
        make.signal(sender, json.dumps(body).encode(), path="")
        run_due()
    assert AlertGroup.objects.get().severity == "critical" and Incident.objects.count() == 1


def test_after_some_minutes_it_is_declared_unless_somebody_has_it(
    clock: TravellingClock, sender: Integration, anna: Any
) -> None:
    route(declares=Declares(after_minutes=10))
    group = fire(sender)
    clock.advance(9 * MINUTE)
    run_due()
    assert not Incident.objects.exists()
    ahead = next(each for each in why(group).reasons if "Its route declares" in each.text)
    assert ahead.future and ahead.at == group.opened_at + 10 * MINUTE
    commands.acknowledge(acting(anna), group)
    clock.advance(5 * MINUTE)
    run_due()
    assert not Incident.objects.exists()
    commands.unacknowledge(acting(anna), group)
    run_due()
    clock.advance(9 * MINUTE)
    run_due()
    assert not Incident.objects.exists()  # whoever is paged now has as long as the first
    clock.advance(MINUTE)
    run_due()
    assert Incident.objects.count() == 1


def give_to_ben(by: Any, group: AlertGroup) -> None:
    ben = make.person("Ben", "responder")
    make.contact_method(ben, "browser", {"person": ben.pk})
    commands.reassign(acting(by), group, ben)


def leave_alone(by: Any, group: AlertGroup) -> None:
    commands.snooze(acting(by), group, until=now() + 4 * MINUTE)


@pytest.mark.parametrize("let_go", [give_to_ben, leave_alone])
def test_the_minutes_count_anew_for_whoever_is_given_it_and_when_a_snooze_is_over(
    clock: TravellingClock, sender: Integration, anna: Any, let_go: Any
) -> None:
    route(declares=Declares(after_minutes=10))
    group = fire(sender)
    commands.acknowledge(acting(anna), group)
    clock.advance(120 * MINUTE)
    let_go(anna, group)
    clock.advance(5 * MINUTE)
    run_due()
    clock.advance(4 * MINUTE)
    run_due()
    assert AlertGroup.objects.get().acknowledged_at is None and not Incident.objects.exists()
    clock.advance(10 * MINUTE)
    run_due()
    assert Incident.objects.count() == 1


def test_the_minutes_count_anew_for_what_is_let_go(clock: TravellingClock, sender: Integration) -> None:
    route(declares=Declares(after_minutes=10))
    commands.save_silence(
        make.actor(), None, matchers=["alertname=Slow"], ends_at=clock() + timedelta(hours=2), comment="new disks"
    )
    group = fire(sender)
    clock.advance(timedelta(hours=2, seconds=1))
    run_due()
    clock.advance(9 * MINUTE)
    run_due()
    group.refresh_from_db()
    assert group.held is None and group.escalations.exists() and not Incident.objects.exists()
    clock.advance(MINUTE)
    run_due()
    assert Incident.objects.count() == 1


def test_of_what_ends_in_time_there_is_no_incident(clock: TravellingClock, sender: Integration, anna: Any) -> None:
    route(declares=Declares(after_minutes=10))
    commands.resolve(acting(anna), fire(sender))
    clock.advance(11 * MINUTE)
    run_due()
    assert not Incident.objects.exists() and AlertGroup.objects.get().declare_at is None


def test_nothing_is_declared_before_its_group_wait_is_over(clock: TravellingClock, sender: Integration) -> None:
    route(group_wait_seconds=60)
    fire(sender)
    assert not Incident.objects.exists()
    clock.advance(MINUTE)
    run_due()
    assert Incident.objects.count() == 1


def test_what_is_held_back_is_declared_when_it_is_let_go(clock: TravellingClock, sender: Integration) -> None:
    route()
    commands.save_silence(
        make.actor(), None, matchers=["alertname=Slow"], ends_at=clock() + timedelta(hours=1), comment="new disks"
    )
    group = fire(sender)
    assert group.held and not Incident.objects.exists()
    clock.advance(timedelta(hours=1, seconds=1))
    run_due()
    assert Incident.objects.get().alert_groups.get() == group


def test_a_drill_declares_none(clock: TravellingClock, sender: Integration) -> None:
    route()
    Integration.objects.filter(pk=sender.pk).update(drill=True)
    assert fire(sender).drill
    assert not Incident.objects.exists()


def test_a_further_group_is_linked_to_the_open_one_unless_the_route_says_otherwise(
    clock: TravellingClock, sender: Integration, anna: Any
) -> None:
    made = route()
    first, second = fire(sender, "Slow"), fire(sender, "Errors")
    incident = Incident.objects.get()
    assert set(incident.alert_groups.all()) == {first, second}
    assert events(second) == [f"linked to incident {incident.pk}, which is open for this route and service"]
    line = LogEntry.objects.get(incident=incident, type="alerts.linked")
    assert line.text.startswith("Linked alerts: Errors (by the rule of the route") and line.data["path"]
    incidents.resolve(acting(anna), incident)
    third = fire(sender, "Again")
    assert Incident.objects.latest("id").alert_groups.get() == third  # that one is over
    commands.save_route(make.actor(), made, name="Shop", matchers=['alertname!=""'], declares=Declares(each=True))
    fire(sender, "More")
    assert Incident.objects.count() == 3


def test_another_service_is_another_incident(clock: TravellingClock, sender: Integration) -> None:
    route()
    fire(sender)
    fire(make.integration(service=make.service("Search", team=sender.team, policy=sender.service.policy)))
    assert Incident.objects.count() == 2


def test_what_was_merged_into_another_incident_is_followed_there(
    clock: TravellingClock, sender: Integration, anna: Any
) -> None:
    route()
    fire(sender, "Slow")
    by_rule = Incident.objects.get()
    main = incidents.declare(acting(anna), title="Everything is down", severity=1, team=sender.team)
    incidents.link_incidents(acting(anna), by_rule, main, "duplicate_of")
    second = fire(sender, "Errors")
    assert second in main.alert_groups.all() and Incident.objects.count() == 2


def test_one_group_one_incident(clock: TravellingClock, sender: Integration, anna: Any) -> None:
    """Also when that is over, when somebody has taken the group out of it, or has declared one before."""
    route(declares=Declares(after_minutes=10))
    mine = fire(sender, "Mine")
    by_hand = incidents.declare(acting(anna), alert_groups=[mine])
    clock.advance(10 * MINUTE)
    run_due()
    assert Incident.objects.get() == by_hand
    fire(sender, "Rule")
    clock.advance(10 * MINUTE)
    run_due()
    other = Incident.objects.latest("id")
    assert other != by_hand
    group = other.alert_groups.get()
    incidents.unlink_group(acting(anna), other, group)
    commands.acknowledge(acting(anna), group)
    commands.unacknowledge(acting(anna), group)
    clock.advance(10 * MINUTE)
    run_due()
    assert Incident.objects.count() == 2


def test_it_is_inherited_and_a_route_below_can_say_no(clock: TravellingClock, sender: Integration) -> None:
    above = route()
    route("Quiet", "alertname=Quiet", declares=False, parent=above)
    route("Loud", "alertname=Loud", declares=None, parent=above)
    fire(sender, "Quiet")
    assert not Incident.objects.exists()
    fire(sender, "Loud")
    assert Incident.objects.get().route.name == "Loud"


def test_what_is_cut_off_is_done_again_and_never_twice(
    clock: TravellingClock, sender: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    route()

    def cut_off(*args: Any, **more: Any) -> Incident:
        automatic_declare(*args, **more)
        raise RuntimeError("cut off")

    automatic_declare = automatic.declare
    with monkeypatch.context() as broken:
        broken.setattr(automatic, "declare", cut_off)
        group = fire(sender)
    assert not Incident.objects.exists()
    assert "no incident could be declared" in group.events.get(kind="note").text
    clock.advance(2 * MINUTE)
    run_due()
    run_due()
    assert Incident.objects.count() == 1


def test_an_answer_while_it_is_being_declared_takes_it_back(
    clock: TravellingClock, sender: Integration, anna: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(declares=Declares(after_minutes=10))
    group = fire(sender)
    clock.advance(10 * MINUTE)

    def meanwhile(*args: Any, **more: Any) -> Incident:
        commands.acknowledge(acting(anna), group)
        return automatic_declare(*args, **more)

    automatic_declare = automatic.declare
    with monkeypatch.context() as patch:
        patch.setattr(automatic, "declare", meanwhile)
        automatic.declare_by_routes(10)
    assert not Incident.objects.exists() and not events(group)


def test_what_a_later_release_has_stored_keeps_no_signal_from_being_routed(
    clock: TravellingClock, sender: Integration
) -> None:
    route(declares=Declares(severity=1))
    Route.objects.update(declares={"severity": 1, "of_a_later_release": True})
    fire(sender)
    assert Incident.objects.get().severity == 1


def test_a_type_that_is_no_longer_offered_stops_no_incident(clock: TravellingClock, sender: Integration) -> None:
    kind = incidents.save_type(make.actor(), None, name="Outage", team=sender.team, fields=())
    route(declares=Declares(type=kind.slug))
    type(kind).objects.update(offered=False)
    group = fire(sender)
    assert Incident.objects.get().type is None and "no longer offered" in events(group)[0]


@pytest.mark.django_db(transaction=True)
def test_two_engines_at_once_declare_one(clock: TravellingClock, sender: Integration) -> None:
    route()
    fire(sender, "Slow", run=False)
    fire(sender, "Errors", run=False)
    start = threading.Barrier(2)

    def engine() -> None:
        start.wait()
        automatic.declare_by_routes(10)
        connection.close()

    both = [threading.Thread(target=engine) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert Incident.objects.count() == 1 and Incident.objects.get().alert_groups.count() == 2


def test_the_way_from_a_signal_to_a_page_asks_nothing_more(clock: TravellingClock, sender: Integration) -> None:
    def statements(name: str) -> int:
        make.signal(sender, json.dumps([{"labels": {"alertname": name, "severity": "critical"}}]).encode())
        with CaptureQueriesContext(connection) as asked:
            commands.read_signals(10)
        return len(asked)

    made = route(declares=None)
    statements("Warm")
    without = statements("One")
    commands.save_route(
        make.actor(), made, name="Shop", matchers=['alertname!=""'], declares=Declares(at_least="error")
    )
    assert statements("Two") == without
    run_due()
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"at_least": "awful"}, "at_least"),
        ({"after_minutes": -1}, "after_minutes"),
        ({"after_minutes": 10_000}, "after_minutes"),
        ({"severity": 6}, "severity"),
        ({"type": "nothing"}, "type"),
    ],
)
def test_what_can_not_be_declared_is_refused(said: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        route(declares=Declares(**said))
    assert refused.value.field == f"declares.{field}"


def test_by_page_by_api_and_in_the_tester(clock: TravellingClock, sender: Integration, client: Client) -> None:
    client.force_login(make.person("Max", "administrator"))
    form = {
        "name": "Shop", "matchers": "team=shop", "declares": "yes", "declares_at_least": "critical",
        "declares_after_minutes": "15", "declares_severity": "1", "declares_triage": "1",
    }  # fmt: skip
    assert client.post("/routes/new", form).status_code == 302
    row = Route.objects.get()
    page = client.get(f"/routes/{row.pk}").content.decode()
    assert '<option value="yes" selected>' in page and 'value="15"' in page and '<option value="1" selected>' in page
    said = client.get(f"/api/v1/routes/{row.pk}").json()
    assert said["declares"] == {
        "at_least": "critical", "after_minutes": 15, "severity": 1, "type": "", "private": False, "triage": True,
        "each": False,
    }  # fmt: skip
    words = "an incident when it is at least critical and nobody has it after 15 min: of SEV1, into triage"
    assert f"Declares {words}." in client.get("/routes", {"labels": "team=shop"}).content.decode()
    way = client.post("/api/v1/routes/test", {"labels": {"team": "shop"}}, content_type="application/json").json()
    assert way["outcomes"][0]["declares"] == words
    del said["id"]
    two = {
        "at_least": "",
        "after_minutes": 0,
        "severity": 2,
        "type": "",
        "private": False,
        "triage": False,
        "each": False,
    }
    for declares, kept in ((False, False), (None, None), ({"severity": 2}, two)):
        answer = client.put(f"/api/v1/routes/{row.pk}", {**said, "declares": declares}, content_type="application/json")
        assert answer.status_code == 200 and answer.json()["declares"] == kept
    wrong = client.put(
        f"/api/v1/routes/{row.pk}", {**said, "declares": {"severity": 9}}, content_type="application/json"
    )
    assert wrong.status_code == 422 and "declares.severity" in wrong.content.decode()
    assert client.post(f"/routes/{row.pk}", {**form, "declares": "no"}).status_code == 302
    assert Route.objects.get().declares is False
    assert '<option value="no" selected>' in client.get(f"/routes/{row.pk}").content.decode()
