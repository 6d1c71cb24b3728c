"""Declaring, roles and their pages, progress, key times."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

import factories as make
from watchroom.accounts.actors import acting
from watchroom.incidents import commands, queries
from watchroom.incidents.duties import next_due, remind
from watchroom.incidents.models import Incident, KeyTime, LogEntry, RoleAssignment
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Escalation, Notification


def running() -> list[Escalation]:
    return list(Escalation.objects.filter(kind="role", ended_at__isnull=True).order_by("id"))


def test_a_title_is_enough(world: Any) -> None:
    incident = commands.declare(acting(world.viewer), title=" Checkout is slow ")
    assert (incident.title, incident.severity, incident.status) == ("Checkout is slow", 3, "active")
    commander = incident.roles.get()
    assert commander.person == world.viewer
    assert commander.accepted_at is not None
    assert running() == []
    with pytest.raises(Refused):
        commands.declare(world.by, title="  ")
    with pytest.raises(Refused):
        commands.declare(world.by, title="x", severity=0)


def test_from_alert_groups_it_takes_what_they_know(world: Any) -> None:
    group = world.group("Card payments fail")
    incident = commands.declare(world.by, alert_groups=[group])
    assert incident.title == "Card payments fail"
    assert incident.severity == 2
    assert incident.team == world.team
    assert list(incident.services.all()) == [world.service]
    with pytest.raises(Conflict, match=f"#{incident.pk}"):
        commands.declare(world.by, alert_groups=[group])
    commands.resolve(world.by, incident)
    assert commands.declare(world.by, alert_groups=[group]).pk != incident.pk


def test_whoever_is_named_by_somebody_else_is_paged(world: Any) -> None:
    incident = commands.declare(world.by, title="x", commander=world.stranger, communications=world.viewer, drill=True)
    paged = running()
    assert [(each.subject_id, each.drill) for each in paged] == [(row.pk, True) for row in incident.roles.all()]
    assert [each.plan["steps"][0]["targets"] for each in paged]
    assert "Commander" in paged[0].title
    assert all(row.accepted_at is None for row in incident.roles.all())


def test_the_page_for_a_role_is_written_in_the_same_transaction(world: Any) -> None:
    with (
        patch("watchroom.incidents.commands.roles.start_escalation", side_effect=RuntimeError),
        pytest.raises(RuntimeError),
    ):
        commands.declare(world.by, title="x", communications=world.viewer)
    assert not Incident.objects.exists()
    incident = commands.declare(world.by, title="x")
    with (
        patch("watchroom.incidents.commands.roles.start_escalation", side_effect=RuntimeError),
        pytest.raises(RuntimeError),
    ):
        commands.assign_role(world.by, incident, "scribe", world.viewer)
    assert not RoleAssignment.objects.filter(role="scribe").exists()


def test_accepting_stops_the_paging_and_twice_is_once(world: Any) -> None:
    incident = commands.declare(world.by, title="x", communications=world.viewer)
    assignment = incident.roles.get(role="communications")
    with pytest.raises(NotAllowed):
        commands.accept_role(acting(make.person()), assignment)
    commands.accept_role(acting(world.viewer), assignment)
    assert Escalation.objects.get(subject_id=assignment.pk).end == "acknowledged"
    commands.accept_role(acting(world.viewer), assignment)
    assert LogEntry.objects.filter(type="role.accepted").count() == 1


def test_taking_over_ends_the_earlier_assignment_and_its_page(world: Any) -> None:
    incident = commands.declare(world.by, title="x", commander=world.stranger)
    first = incident.roles.get(role="commander")
    taken = commands.assign_role(world.by, incident, "commander", world.responder)
    first.refresh_from_db()
    assert first.ended_at is not None
    assert Escalation.objects.get(subject_id=first.pk).end == "cancelled"
    assert taken.accepted_at is not None
    assert running() == []
    with pytest.raises(Conflict):
        commands.accept_role(acting(world.stranger), first)


def test_assigning_twice_pages_once_and_experts_may_be_many(world: Any) -> None:
    incident = commands.declare(world.by, title="x")
    assert commands.assign_role(world.by, incident, "scribe", world.viewer) == commands.assign_role(
        world.by, incident, "scribe", world.viewer
    )
    assert len(running()) == 1
    commands.assign_role(world.by, incident, "expert", world.viewer)
    commands.assign_role(world.by, incident, "expert", world.stranger)
    assert incident.roles.filter(role="expert", ended_at__isnull=True).count() == 2
    with pytest.raises(Refused):
        commands.assign_role(world.by, incident, "king", world.viewer)
    world.viewer.is_active = False
    world.viewer.save()
    with pytest.raises(Refused):
        commands.assign_role(world.by, incident, "operations", world.viewer)


def test_resolving_ends_what_was_promised_and_who_is_being_paged(world: Any) -> None:
    incident = commands.declare(world.by, title="x", communications=world.viewer)
    commands.resolve(world.by, incident)
    assert running() == []
    assert incident.next_update_at is None
    with pytest.raises(Conflict):
        commands.assign_role(world.by, incident, "scribe", world.viewer)
    with pytest.raises(Conflict):
        commands.mitigate(world.by, incident)


def test_who_may_act(world: Any) -> None:
    incident = commands.declare(world.by, title="x", team=world.team)
    commands.log(world.by, incident, "note", "I may")
    for person in (world.viewer, world.stranger):
        for attempt in (
            lambda by: commands.log(by, incident, "note", "no"),
            lambda by: commands.resolve(by, incident),
            lambda by: commands.assign_role(by, incident, "scribe", by.person),
            lambda by: commands.publish_update(by, incident, happening="no"),
            lambda by: commands.correct_time(by, incident, "started", incident.declared_at, "no"),
        ):
            with pytest.raises(NotAllowed):
                attempt(acting(person))
    commands.assign_role(world.by, incident, "expert", world.stranger)
    assert commands.log(acting(world.stranger), incident, "note", "asked in").pk


def test_private_incidents_are_seen_by_those_concerned(world: Any) -> None:
    incident = commands.declare(world.by, title="x", team=world.team, private=True)
    other = make.person(role="responder")
    administrator = make.person(role="administrator")
    colleague = make.person()
    make.membership(world.team, colleague, "responder")
    sees = {
        each: queries.visible_to(acting(each)).filter(pk=incident.pk).exists()
        for each in (world.responder, world.manager, administrator, world.viewer, world.stranger, other, colleague)
    }
    assert [each for each, seen in sees.items() if seen] == [world.responder, world.manager, administrator]
    for person in (other, colleague):
        with pytest.raises(NotFound):
            commands.log(acting(person), incident, "note", "peek")
    assigned = commands.assign_role(world.by, incident, "expert", other)
    assert queries.visible_to(acting(other)).filter(pk=incident.pk).exists()
    commands.end_role(world.by, assigned)
    assert not queries.visible_to(acting(other)).filter(pk=incident.pk).exists()


def test_key_times_follow_the_alerts_and_corrections_are_laid_over(world: Any, clock: TravellingClock) -> None:
    group = world.group()
    seen = clock.instant
    clock.advance(timedelta(minutes=4))
    incident = commands.declare(world.by, alert_groups=[group])
    times = queries.times_of(incident)
    assert times["started"].at == seen - timedelta(minutes=2)
    assert times["detected"].at == seen
    assert times["declared"].at == clock.instant
    group.acknowledged_at = clock.advance(timedelta(minutes=1))
    group.save()
    assert queries.times_of(incident)["acknowledged"].at == clock.instant
    clock.advance(timedelta(minutes=10))
    commands.mitigate(world.by, incident)
    assert queries.times_of(incident)["mitigated"].at == clock.instant
    clock.advance(timedelta(minutes=10))
    real = seen + timedelta(minutes=8)
    corrected = commands.correct_time(world.by, incident, "mitigated", real, "The graph shows it")
    assert corrected.corrected_by == world.responder
    assert queries.times_of(incident)["mitigated"].at == real
    assert KeyTime.objects.filter(incident=incident, moment="mitigated").count() == 2
    commands.resolve(world.by, incident)
    assert list(queries.times_of(incident)) == [
        "started",
        "detected",
        "acknowledged",
        "declared",
        "mitigated",
        "resolved",
    ]
    commands.reopen(world.by, incident)
    assert "mitigated" not in queries.times_of(incident)


def test_a_correction_that_contradicts_is_refused_and_says_what_to_do(world: Any, clock: TravellingClock) -> None:
    incident = commands.declare(world.by, title="x")
    clock.advance(timedelta(minutes=5))
    with pytest.raises(Conflict):
        commands.correct_time(world.by, incident, "mitigated", clock.instant, "y")
    commands.mitigate(world.by, incident)
    for moment, at, reason in (
        ("mitigated", incident.declared_at - timedelta(hours=1), "y"),
        ("started", clock.instant + timedelta(minutes=1), "y"),
        ("mitigated", clock.instant + timedelta(hours=1), "y"),
        ("mitigated", clock.instant, " "),
        ("lunch", clock.instant, "y"),
    ):
        with pytest.raises(Refused) as refused:
            commands.correct_time(world.by, incident, moment, at, reason)
        assert refused.value.fix


def test_the_promised_update_is_reminded_of_once(world: Any, clock: TravellingClock) -> None:
    for person in (world.viewer, world.responder):
        make.contact_method(person)
    incident = commands.declare(world.by, title="x", communications=world.viewer)
    commands.publish_update(
        world.by, incident, happening="Cards fail", next_update_at=clock.instant + timedelta(minutes=30)
    )
    assert next_due() == clock.instant + timedelta(minutes=30)
    assert remind() == 0
    clock.advance(timedelta(minutes=30))
    assert remind() == 1
    assert remind() == 0
    reminder = Notification.objects.get(purpose="reminder")
    assert (reminder.person, reminder.urgency) == (world.viewer, "high")
    assert LogEntry.objects.filter(type="update.overdue").count() == 1
    assert next_due() is None
    commands.publish_update(
        world.by, incident, happening="Still on it", next_update_at=clock.instant + timedelta(minutes=15)
    )
    clock.advance(timedelta(minutes=16))
    assert remind() == 1
    assert Notification.objects.filter(purpose="reminder").count() == 2


def test_an_update_is_checked(world: Any, clock: TravellingClock) -> None:
    incident = commands.declare(world.by, title="x")
    for wrong in (
        {"happening": " "},
        {"happening": "x", "stage": "over"},
        {"happening": "x", "next_update_at": clock.instant},
    ):
        with pytest.raises(Refused):
            commands.publish_update(world.by, incident, **wrong)
    update = commands.publish_update(
        world.by, incident, happening="Over", stage="resolved", next_update_at=clock.instant + timedelta(hours=1)
    )
    assert update.next_update_at is None


def test_edits_and_severity_are_written_down(world: Any) -> None:
    incident = commands.declare(world.by, title="x")
    commands.edit(world.by, incident, summary="Release 4.18", impact="A third of card payments")
    commands.edit(world.by, incident, summary="Release 4.18")
    commands.change_severity(world.by, incident, 1, reason="everybody is hit")
    commands.change_severity(world.by, incident, 1)
    types = list(LogEntry.objects.filter(incident=incident, kind="system").values_list("type", flat=True))
    assert types.count("incident.changed") == 1
    assert types.count("incident.severity_changed") == 1
    assert (incident.severity, incident.summary) == (1, "Release 4.18")


def test_linking_alerts_later(world: Any, clock: TravellingClock) -> None:
    group = world.group()
    clock.advance(timedelta(minutes=5))
    incident = commands.declare(world.by, title="x")
    commands.link_groups(world.by, incident, [group])
    commands.link_groups(world.by, incident, [group])
    assert queries.times_of(incident)["detected"].at == group.opened_at
    assert LogEntry.objects.filter(type="alerts.linked").count() == 1
    commands.unlink_group(world.by, incident, group)
    assert not incident.alert_groups.exists()
