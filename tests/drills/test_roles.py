"""Who is asked for a role in a drill: by rotation those who take part, and never somebody else who is on call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from drills.practice import World
from watchroom.accounts.actors import acting
from watchroom.cli.terminal_room import TerminalRoom
from watchroom.drills import commands
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents import duties
from watchroom.incidents.models import Incident, RoleAssignment
from watchroom.incidents.proposals import propose
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import Notification

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def rotating(world: World) -> World:
    """Zoe is on call as commander, then Otto, then Pia."""
    schedule = make.schedule("Commanders", people=(world.otto, world.pia, world.zoe), team=world.team)
    incidents.save_rotation(make.actor(), None, role="commander", schedule=schedule, slug="commanders")
    return world


def declared(world: World, **fields: Any) -> Incident:
    given = {"title": "Shop is slow", "severity": 1, "team": world.team, "drill": True}
    return incidents.declare(acting(world.max), **(given | fields))


def asked(incident: Incident) -> list[str]:
    rows = RoleAssignment.objects.filter(incident=incident, role="commander").order_by("id")
    return [str(each.person) for each in rows.select_related("person")]


def test_a_rotation_asks_those_who_take_part_and_nobody_else_who_is_on_call(
    rotating: World, clock: TravellingClock
) -> None:
    world = rotating
    world.drill(participants=[world.pia])
    run_due()
    incident = declared(world)
    assert asked(incident) == ["Pia"], "Zoe is on call, and does not take part"
    held = RoleAssignment.objects.get(incident=incident, role="commander")
    incidents.decline_role(acting(world.pia), held)
    assert asked(incident) == ["Pia"], "nobody else of the rotation takes part"
    client = Client()
    client.force_login(world.max, BACKEND)
    offered = client.get(f"/api/v1/incidents/{incident.pk}/needed").json()
    people = [each["person"]["name"] for role in offered for each in role["candidates"]]
    assert set(people) <= {"Pia"}, "nobody else is offered, either"
    assert not Notification.objects.filter(person__in=[world.otto, world.zoe]).exists()


def test_whoever_does_not_answer_in_a_drill_is_passed_over_among_those_who_take_part(
    rotating: World, clock: TravellingClock
) -> None:
    world = rotating
    drill = world.drill(participants=[world.pia, world.otto])
    run_due()
    incident = declared(world)
    assert asked(incident) == ["Otto"]
    commands.pause(acting(world.fay), drill)
    clock.advance(timedelta(minutes=6))
    duties.pass_on()
    assert asked(incident) == ["Otto"], "nobody is asked while it is paused"
    commands.resume(acting(world.fay), drill)
    clock.advance(timedelta(minutes=2))
    duties.pass_on()
    assert asked(incident) == ["Otto", "Pia"]
    clock.advance(timedelta(minutes=6))
    duties.pass_on()
    assert asked(incident) == ["Otto", "Pia"], "Zoe is in the rotation, and does not take part"
    assert not Notification.objects.filter(person=world.zoe).exists()


def test_what_is_only_marked_as_a_drill_asks_nobody_by_itself(rotating: World) -> None:
    incident = declared(rotating)
    assert asked(incident) == ["Max"], "whoever declares leads"
    assert not Notification.objects.exists()


def test_a_real_incident_asks_the_database_nothing_about_drills(rotating: World) -> None:
    rotating.drill()
    incident = declared(rotating, drill=False)
    with CaptureQueriesContext(connection) as seen:
        incidents.assemble(acting(rotating.max), incident)
    assert not [each for each in seen.captured_queries if "drills_drill" in each["sql"]]
    assert asked(incident) == ["Zoe"]


@pytest.mark.parametrize(("fields", "mark"), [({}, "[Drill] "), ({"test": True}, "[Test] "), ({"drill": False}, "")])
def test_the_terminal_room_says_first_that_it_is_a_drill(world: World, fields: dict[str, Any], mark: str) -> None:
    incident = declared(world, **fields)
    client = Client()
    client.force_login(world.max, BACKEND)

    class Server:
        def get(self, path: str, **query: Any) -> Any:
            return client.get(f"/api/v1{path}", query).json()

    room = TerminalRoom(Server(), incident.pk, lambda text: None)  # type: ignore[arg-type]
    room.read()
    assert room.state.startswith(f"#{incident.pk} {mark}SEV1")
    caught_up = client.get(f"/api/v1/incidents/{incident.pk}/catch-up").json()
    assert caught_up["state"].startswith(f"{mark}SEV1")


def test_real_alerts_are_not_proposed_for_what_is_practised_nor_the_other_way_round(world: World) -> None:
    """They were ticked when one declared from the alert of a drill, and were then part of its incident."""
    real = make.group("Shop is slow for real", service=world.service, team=world.team)
    world.drill()
    run_due()
    practised = AlertGroup.objects.get(drill=True)
    by = acting(world.pia)
    assert propose(by, "Shop is slow", [practised]).alert_groups == []
    assert propose(by, "Shop is slow").alert_groups == [real]
    assert propose(by, "Shop is slow", [real]).alert_groups == []
