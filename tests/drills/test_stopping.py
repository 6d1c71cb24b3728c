"""Whom a drill pages, and that nothing of it pages anybody once it has ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

import factories as make
from drills.practice import World
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import save_team
from watchroom.drills import commands, queries
from watchroom.drills.models import Drill
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident
from watchroom.intake import commands as intake
from watchroom.intake.models import AlertGroup, Integration
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed
from watchroom.paging import commands as paging
from watchroom.paging.models import Escalation, Notification

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
MINUTE = timedelta(minutes=1)


def paged() -> set[str]:
    return set(Notification.objects.filter(purpose="page").values_list("person__name", flat=True))


@pytest.mark.parametrize("pages", ["participants", "policy"])
def test_what_was_sent_and_not_read_when_it_ends_pages_nobody(world: World, pages: str) -> None:
    drill = world.drill(pages=pages)
    assert commands.carry_on(), "sent, not read yet"
    commands.end(acting(world.fay), drill)
    run_due()
    assert paged() == set()
    assert not AlertGroup.objects.filter(resolved_at=None).exists()
    assert not Escalation.objects.filter(ended_at=None).exists()


def test_what_was_sent_and_not_read_pages_nobody_of_the_next_drill(world: World, clock: TravellingClock) -> None:
    first = world.drill()
    assert commands.carry_on()
    first = commands.end(acting(world.fay), first)
    clock.advance(MINUTE)
    second = world.drill(first.scenario)
    run_due()
    assert AlertGroup.objects.count() == 1 and queries.groups_of(second).count() == 1
    assert not queries.groups_of(first).exists()


def test_real_work_that_ends_it_finds_nothing_left_behind(world: World) -> None:
    world.drill()
    assert commands.carry_on()
    incidents.declare(acting(world.max), title="real", severity=1, team=world.team)
    assert commands.look_after()
    run_due()
    assert not Notification.objects.filter(purpose="page", drill=True).exists()
    assert not AlertGroup.objects.filter(resolved_at=None).exists()


def test_nobody_beyond_those_who_take_part_is_asked_when_they_do_not_answer(
    world: World, clock: TravellingClock
) -> None:
    make.contact_method(world.max)
    world.drill()
    for _ in range(20):
        run_due()
        clock.advance(5 * MINUTE)
    assert paged() == {"Pia"}
    page = Escalation.objects.get(kind="alert_group")
    assert page.ended_at is not None and page.end == "exhausted"
    assert not page.events.filter(kind="last_resort").exists()


def test_nobody_beyond_who_was_asked_is_asked_for_a_role(world: World, clock: TravellingClock) -> None:
    make.contact_method(world.max)
    drill = world.drill()
    run_due()
    incident = incidents.declare(acting(world.pia), title="Slow", severity=2, team=world.team, drill=True)
    incidents.assign_role(acting(world.pia), incident, "communications", world.otto)
    for _ in range(8):
        run_due()
        clock.advance(5 * MINUTE)
    assert not Notification.objects.filter(person=world.max, purpose__in=("page", "role")).exists()
    assert drill.pk


def test_it_does_not_begin_when_all_who_take_part_have_left(world: World) -> None:
    drill = world.drill(begin=False)
    world.pia.is_active = False
    world.pia.save()
    with pytest.raises(Conflict) as refused:
        commands.start(acting(world.fay), drill)
    assert refused.value.field == "participants"


def test_nobody_is_paged_instead_of_who_has_left_meanwhile(world: World) -> None:
    drill = world.drill()
    world.pia.is_active = False
    world.pia.save()
    run_due()
    assert paged() == set() and AlertGroup.objects.get().events.filter(text__contains="Nobody is paged").exists()
    commands.end(acting(world.fay), drill)
    assert AlertGroup.objects.get().resolved_at is not None


def test_every_incident_of_it_and_every_page_about_them_ends(world: World) -> None:
    drill = world.drill()
    run_due()
    elsewhere = make.team("Other drill", slug="other-drill")
    make.membership(elsewhere, world.zoe, "manager")
    first = incidents.declare(acting(world.pia), title="One", severity=2, team=world.team, drill=True)
    second = incidents.declare(acting(world.otto), title="Two", severity=2, team=world.team, drill=True)
    nobodys = incidents.declare(acting(world.pia), title="Without a team", severity=3, drill=True)
    incidents.assign_role(acting(world.otto), second, "communications", world.fay)
    about = make.actor("Ada")
    page = paging.page(about, people=[world.max], title="Come", path=f"/incidents/{second.pk}", drill=True)
    theirs = paging.page(about, people=[world.zoe], title="Come", path=f"/incidents/{first.pk}0", drill=True)
    strangers = incidents.declare(acting(world.zoe), title="Theirs", severity=3, team=elsewhere, drill=True)
    commands.end(acting(world.fay), drill)
    assert not Incident.objects.filter(pk__in=[first.pk, second.pk, nobodys.pk]).exclude(status="resolved").exists()
    assert not Escalation.objects.filter(kind="role", ended_at=None).exists()
    page.refresh_from_db()
    theirs.refresh_from_db()
    strangers.refresh_from_db()
    assert page.ended_at is not None and theirs.ended_at is None and strangers.status == "active"
    drill.refresh_from_db()
    assert drill.incident == first


def test_a_real_page_to_whoever_was_paged_by_the_policy_ends_it(world: World, clock: TravellingClock) -> None:
    drill = world.drill(pages="policy", participants=[])
    run_due()
    assert paged() == {"Otto"}
    paging.page(make.actor("Ada"), people=[world.otto], title="Really")
    clock.advance(timedelta(seconds=6))
    run_due()
    drill.refresh_from_db()
    assert drill.state == "ended" and "Otto was paged" in drill.ended_why


# --- One drill beside another ----------------------------------------------------------------------------------------


def test_drills_of_teams_whose_names_begin_alike_are_apart(world: World) -> None:
    one, two = (make.team(name, slug="a" * 60 + name) for name in ("one", "two"))
    assert intake.drill_integration(one).team == one and intake.drill_integration(two).team == two
    before = intake.drill_integration(world.team)
    save_team(make.actor("Ada"), world.team, name="Shop team", slug="kiosk")
    other = make.team("New shop", slug="shop")
    world.team.refresh_from_db()
    assert intake.drill_integration(world.team) == before
    assert intake.drill_integration(other).team == other
    assert Integration.objects.filter(practises="scenarios").count() == 4


def test_two_teams_practise_with_the_same_service(world: World) -> None:
    mine = world.drill()
    run_due()
    team, yuri, lea = make.team("Second"), make.person("Yuri"), make.person("Lea")
    for person in (yuri, lea):
        make.membership(team, person)
        make.contact_method(person)
    scenario = commands.save_scenario(acting(lea), None, team=team, name="Theirs", injects=mine.plan["injects"])
    theirs = commands.start(acting(lea), commands.plan(acting(lea), scenario, participants=[yuri]))
    run_due()
    assert paged() == {"Pia", "Yuri"} and AlertGroup.objects.filter(resolved_at=None).count() == 2
    commands.end(acting(lea), theirs)
    assert queries.groups_of(mine).filter(resolved_at=None).count() == 1


def test_a_drill_through_the_routes_is_none_of_a_scenario(world: World) -> None:
    drill = world.drill()
    run_due()
    intake.send_drill(acting(world.max), {"service": "shop", "alertname": "Slow"})
    run_due()
    assert paged() == {"Pia", "Otto"} and AlertGroup.objects.count() == 2
    commands.end(acting(world.fay), drill)
    assert AlertGroup.objects.filter(resolved_at=None).count() == 1
    assert Drill.objects.get().state == "ended"


def test_by_the_policy_it_pages_only_where_one_responds(world: World) -> None:
    team, policy = make.team("Strangers"), make.policy(world.zoe)
    service = make.service("Bank", team=team, slug="bank", policy=policy)
    intake.save_route(make.actor("Ada"), None, name="Bank", parent=None, team=team, matchers=["service=bank"], service=service)  # fmt: skip
    leads_away = [{"kind": "alert", "minutes": 0, "title": "Bank is slow", "labels": {"service": "bank"}}]
    scenario = world.scenario(injects=leads_away)
    with pytest.raises(NotAllowed):
        commands.plan(acting(world.fay), scenario, participants=[world.pia], pages="policy")
    drill = commands.plan(acting(world.fay), scenario, participants=[world.pia])
    with pytest.raises(NotAllowed):
        commands.change_plan(acting(world.fay), drill, pages="policy")
    own = world.scenario(name="Ours")
    later = commands.plan(acting(world.fay), own, participants=[world.pia], pages="policy")
    commands.save_scenario(acting(world.max), own, team=world.team, name="Ours", injects=leads_away)
    with pytest.raises(NotAllowed):
        commands.start(acting(world.fay), later)
    commands.start(acting(world.fay), drill)
    run_due()
    assert paged() == {"Pia"}


# --- A pause ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pages", ["participants", "policy"])
def test_a_pause_pages_nobody_and_then_it_goes_on_where_it_stopped(
    world: World, clock: TravellingClock, pages: str
) -> None:
    drill = world.drill(pages=pages)
    run_due()
    told = Notification.objects.filter(purpose="page").count()
    assert told
    commands.pause(acting(world.fay), drill)
    for _ in range(4):
        clock.advance(5 * MINUTE)
        run_due()
    assert Notification.objects.filter(purpose="page").count() == told
    assert not Escalation.objects.filter(ended_at=None).exists()
    commands.resume(acting(world.fay), drill)
    run_due()
    assert Notification.objects.filter(purpose="page").count() > told
    intake.acknowledge(acting(world.pia), AlertGroup.objects.get())
    commands.pause(acting(world.fay), drill)
    clock.advance(MINUTE)
    commands.resume(acting(world.fay), drill)
    assert not Escalation.objects.filter(ended_at=None).exists(), "somebody has it"


def test_what_opens_or_is_asked_during_a_pause_waits_for_its_end(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    assert commands.carry_on(), "sent, not read yet"
    commands.pause(acting(world.fay), drill)
    run_due()
    assert paged() == set() and AlertGroup.objects.count() == 1
    clock.advance(MINUTE)
    commands.resume(acting(world.fay), drill)
    run_due()
    assert paged() == {"Pia"}


def test_a_pause_that_nobody_ends_ends_the_drill(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    commands.pause(acting(world.fay), drill)
    clock.advance(59 * MINUTE)
    run_due()
    assert Drill.objects.get().state == "paused"
    clock.advance(2 * MINUTE)
    run_due()
    ended = Drill.objects.get()
    assert ended.state == "ended" and ended.ended_why == "It was paused for an hour"
    assert not AlertGroup.objects.filter(resolved_at=None).exists()


def test_alerts_last_as_much_longer_as_it_rested(world: World, clock: TravellingClock) -> None:
    drill = world.drill(world.scenario(minutes=5, injects=[
        {"kind": "alert", "minutes": 0, "title": "One", "labels": {"service": "shop", "alertname": "One"}},
        {"kind": "alert", "minutes": 4, "title": "Two", "labels": {"service": "shop", "alertname": "Two"}},
    ]))  # fmt: skip
    run_due()
    for _ in range(2):
        commands.pause(acting(world.fay), drill)
        clock.advance(50 * MINUTE)
        run_due()
        commands.resume(acting(world.fay), drill)
        run_due()
    clock.advance(5 * MINUTE)
    run_due()
    assert Drill.objects.get().state == "running"
    assert list(AlertGroup.objects.order_by("pk").values_list("title", "firing")) == [("One", 1), ("Two", 1)]


def test_an_inject_is_not_lost_when_the_database_is_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from watchroom.drills.commands import injecting

    real, busy = injecting._DO["alert"], [OperationalError("database is locked")]

    def once(row: Any, each: Any) -> bool:
        if busy:
            raise busy.pop()
        return real(row, each)

    monkeypatch.setitem(injecting._DO, "alert", once)
    drill = world.drill()
    with pytest.raises(OperationalError):
        commands.carry_on()
    assert drill.injects.get(number=1).state == "waiting"
    run_due()
    assert drill.injects.get(number=1).state == "delivered" and AlertGroup.objects.count() == 1


@pytest.mark.postgres_only
def test_all_that_ends_is_locked_in_the_order_of_everybody(world: World) -> None:
    drill = world.drill()
    run_due()
    incident = incidents.declare(acting(world.pia), title="One", severity=2, team=world.team, drill=True)
    incidents.assign_role(acting(world.pia), incident, "communications", world.otto)
    with CaptureQueriesContext(connection) as asked:
        commands.end(acting(world.fay), drill)
    locks = [each["sql"] for each in asked if "FOR UPDATE" in each["sql"] or "FOR NO KEY" in each["sql"]]
    kinds = ("drills_drill", "intake_integration", "incidents_incident", "intake_alertgroup", "intake_alert", "paging_escalation", "paging_notification")  # fmt: skip
    first = [next(n for n, sql in enumerate(locks) if f'OF "{kind}"' in sql) for kind in kinds]
    assert first == sorted(first)
