"""A drill from its plan to its debrief, through the real routes and the real room; and that real work goes first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import factories as make
from drills.practice import World
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.drills import commands, library, queries
from watchroom.drills.models import Drill, DrillInject, Scenario
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident, LogEntry, RoleAssignment
from watchroom.intake import commands as intake
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Escalation, Notification

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def paged() -> set[str]:
    return set(Notification.objects.filter(purpose="page").values_list("person__name", flat=True))


def declare(world: World, group: AlertGroup | None = None) -> Incident:
    return incidents.declare(acting(world.pia), title="Shop is slow", severity=2, alert_groups=[group] if group else [], team=world.team, drill=True)  # fmt: skip


def test_an_alert_goes_the_way_of_a_real_one_and_only_who_takes_part_is_paged(world: World) -> None:
    drill = world.drill()
    run_due()
    group = AlertGroup.objects.get()
    assert group.drill and group.service == world.service and group.title == "Shop is slow"
    assert paged() == {"Pia"} and all(Notification.objects.filter(purpose="page").values_list("drill", flat=True))
    drill.refresh_from_db()
    assert drill.began_at is not None
    assert drill.injects.get(number=1).state == "delivered"
    assert [each.state for each in drill.injects.exclude(number=1)] == ["waiting"] * 4


def test_by_the_policy_whoever_is_on_call_is_paged(world: World) -> None:
    world.drill(pages="policy")
    run_due()
    assert paged() == {"Otto"}
    assert Escalation.objects.get().policy is not None and Escalation.objects.get().drill


def test_injects_come_once_at_their_time(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    declare(world, AlertGroup.objects.get())
    clock.advance(2 * MINUTE)
    run_due()
    assert drill.injects.get(number=2).state == "waiting"
    clock.advance(MINUTE)
    assert run_due() and not commands.carry_on()
    lines = LogEntry.objects.filter(text__startswith="Customers call")
    line = lines.get()
    assert line.data["source"]["name"] == "Support" and line.author is None
    clock.advance(10 * MINUTE)
    run_due()
    assert lines.count() == 1


def test_what_is_said_before_there_is_a_room_is_written_to_them_and_follows_into_the_room(
    world: World, clock: TravellingClock
) -> None:
    drill = world.drill()
    clock.advance(3 * MINUTE)
    run_due()
    assert Notification.objects.filter(person=world.pia, subject="Support writes", drill=True).count() == 1
    declare(world, AlertGroup.objects.get())
    clock.advance(timedelta(seconds=6))
    run_due()
    drill.refresh_from_db()
    assert drill.incident is not None and drill.incident.drill
    assert LogEntry.objects.filter(incident=drill.incident, text__startswith="Customers call").count() == 1
    clock.advance(timedelta(seconds=6))
    run_due()
    assert LogEntry.objects.filter(text__startswith="Customers call").count() == 1


def test_who_is_called_away_hands_over_or_is_gone(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    incident = declare(world, AlertGroup.objects.get())
    held = RoleAssignment.objects.get(role="commander")
    assert held.person == world.pia and held.accepted_at
    clock.advance(10 * MINUTE)
    run_due()
    assert LogEntry.objects.filter(incident=incident, type="drill.role_leaves").count() == 1
    held.refresh_from_db()
    assert held.ended_at is None
    clock.advance(5 * MINUTE)
    run_due()
    held.refresh_from_db()
    assert held.ended_at is not None
    leaves = drill.injects.get(content__kind="role_leaves")
    assert leaves.state == "delivered" and "gone" in leaves.outcome


def test_who_has_handed_over_in_writing_has_kept_what_was_expected(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    intake.acknowledge(acting(world.pia), AlertGroup.objects.get())
    incident = declare(world, AlertGroup.objects.get())
    clock.advance(10 * MINUTE)
    run_due()
    offered = incidents.offer_handoff(acting(world.pia), RoleAssignment.objects.get(role="commander"), world.otto, knows="It is slow")  # fmt: skip
    incidents.answer_handoff(acting(world.otto), offered, accept=True)
    clock.advance(5 * MINUTE)
    run_due()
    incidents.resolve(acting(world.otto), incident)
    clock.advance(MINUTE)
    commands.end(acting(world.fay), drill)
    drill.refresh_from_db()
    score = queries.score_of(drill)
    assert score is not None and score.percent == 100 == drill.percent
    assert {each.outcome for each in score.results} == {"kept"}


def test_whoever_facilitates_decides_what_comes(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    declare(world, AlertGroup.objects.get())
    fay = acting(world.fay)
    by_number = {each.content["kind"]: each for each in drill.injects.all()}
    commands.deliver_now(fay, by_number["fact"])
    assert LogEntry.objects.get(kind="result").text == "Deploys: One, ten minutes ago"
    with pytest.raises(Conflict):
        commands.deliver_now(fay, by_number["fact"])
    commands.delay(fay, by_number["message"], 10)
    commands.skip(fay, by_number["role_leaves"])
    commands.hint(fay, drill, "Look at what was changed")
    assert LogEntry.objects.filter(text="Hint: Look at what was changed").exists()
    clock.advance(12 * MINUTE)
    run_due()
    assert drill.injects.get(content__kind="message").state == "waiting"
    clock.advance(MINUTE)
    run_due()
    assert drill.injects.get(content__kind="message").state == "delivered"
    commands.deliver_now(fay, by_number["alert_ends"])
    run_due()
    assert AlertGroup.objects.get().resolved_at is not None
    for wrong in (0, 121):
        with pytest.raises(Refused):
            commands.delay(fay, by_number["message"], wrong)
    with pytest.raises(Refused):
        commands.hint(fay, drill, " ")


def test_a_pause_moves_all_that_is_to_come_and_costs_nothing(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    commands.pause(acting(world.fay), drill)
    clock.advance(20 * MINUTE)
    run_due()
    assert drill.injects.filter(state="delivered").count() == 1
    commands.resume(acting(world.fay), drill)
    run_due()
    assert drill.injects.filter(state="delivered").count() == 1
    clock.advance(4 * MINUTE)
    run_due()
    assert drill.injects.filter(state="delivered").count() == 2
    intake.acknowledge(acting(world.pia), AlertGroup.objects.get())
    score = queries.score_of(Drill.objects.get())
    assert score is not None and score.results[0].outcome == "kept" and score.results[0].took == 4 * MINUTE


def test_stopping_ends_everything_at_once(world: World) -> None:
    drill = world.drill()
    run_due()
    incident = declare(world, AlertGroup.objects.get())
    incidents.assign_role(acting(world.pia), incident, "communications", world.otto)
    assert Escalation.objects.filter(ended_at__isnull=True).count() >= 2
    commands.end(acting(world.pia), drill)  # who takes part may, too
    drill.refresh_from_db()
    incident.refresh_from_db()
    assert drill.state == "ended" and incident.status == "resolved"
    score = queries.score_of(drill)
    assert score is not None and score.results[-1].outcome == "not_reached", "its end is no resolution of theirs"
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()
    assert not AlertGroup.objects.filter(resolved_at__isnull=True).exists()
    assert not drill.injects.filter(state="waiting").exists()
    assert not Notification.objects.filter(purpose__in=("page", "role"), ended_at__isnull=True).exists()
    assert commands.end(acting(world.fay), drill).state == "ended", "twice is once"


@pytest.mark.parametrize("what", ["incident", "page"])
def test_real_work_goes_before_practice(world: World, clock: TravellingClock, what: str) -> None:
    drill = world.drill()
    run_due()
    if what == "incident":
        incidents.declare(make.actor("Ada"), title="Real", severity=2, team=world.team)
    else:
        from watchroom.paging.commands import page

        page(make.actor("Ada"), people=[world.pia], title="Really")
    clock.advance(timedelta(seconds=6))
    run_due()
    drill.refresh_from_db()
    assert drill.state == "ended" and ("SEV2" if what == "incident" else "Pia was paged") in drill.ended_why
    assert not Escalation.objects.filter(drill=True, ended_at__isnull=True).exists()
    assert Incident.objects.filter(drill=False, status="active").count() == (1 if what == "incident" else 0)


def test_no_drill_begins_while_something_real_is_going_on(world: World) -> None:
    drill = world.drill(begin=False)
    real = incidents.declare(make.actor("Ada"), title="Real", severity=1, team=world.team)
    with pytest.raises(Conflict):
        commands.start(acting(world.fay), drill)
    incidents.resolve(SYSTEM, real)
    commands.start(acting(world.fay), drill)
    with pytest.raises(Conflict):
        commands.start(acting(world.fay), drill)
    other = world.drill(drill.scenario, begin=False)
    with pytest.raises(Conflict):
        commands.start(acting(world.fay), other)


def test_one_that_nobody_ends_ends_by_itself(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    clock.advance(timedelta(minutes=45 + 61))
    run_due()
    drill.refresh_from_db()
    assert drill.state == "ended" and "Nobody ended it" in drill.ended_why


def test_it_never_counts_and_nothing_is_carried_out(world: World) -> None:
    from watchroom.incidents.queries import that_count

    world.drill()
    run_due()
    incident = declare(world, AlertGroup.objects.get())
    assert incident.drill and not that_count(Incident.objects.all()).exists()


def test_a_broken_inject_stops_no_other(world: World, clock: TravellingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    from watchroom.drills.commands import injecting

    drill = world.drill()

    def broken(row: Any, each: Any) -> bool:
        raise RuntimeError("broken")

    monkeypatch.setitem(injecting._DO, "alert", broken)
    clock.advance(3 * MINUTE)
    run_due()
    first, second = drill.injects.order_by("number")[:2]
    assert first.state == "delivered" and "error in Watchroom" in first.outcome
    assert second.state == "delivered" and second.outcome.startswith("There is no room yet")


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_what_is_planned_and_what_is_refused(world: World, clock: TravellingClock) -> None:
    scenario, fay = world.scenario(), acting(world.fay)
    for fields, field in (
        ({"participants": []}, "participants"),
        ({"participants": [world.fay]}, "participants"),
        ({"participants": [make.person("Gone", is_active=False)]}, "participants"),
        ({"planned_for": START - timedelta(days=1)}, "planned_for"),
        ({"planned_for": START + timedelta(days=400)}, "planned_for"),
        ({"pages": "everybody"}, "pages"),
    ):
        with pytest.raises(Refused) as refused:
            commands.plan(fay, scenario, **{"facilitator": world.fay, "participants": [world.pia], **fields})
        assert refused.value.field == field and refused.value.fix
    with pytest.raises(NotAllowed):
        commands.plan(fay, scenario, participants=[world.pia], surprise=True)
    drill = commands.plan(acting(world.max), scenario, facilitator=world.fay, participants=[world.pia], planned_for=START + timedelta(days=2))  # fmt: skip
    told = Notification.objects.filter(person=world.pia)
    assert told.count() == 1 and "Slow shop" not in told.get().subject + told.get().body, "not what it is about"
    commands.change_plan(fay, drill, planned_for=START + timedelta(days=3))
    assert Notification.objects.filter(person=world.pia).count() == 2
    commands.call_off(fay, drill)
    with pytest.raises(Conflict):
        commands.start(fay, drill)


def test_a_surprise_is_known_only_to_who_has_to_know(world: World, clock: TravellingClock) -> None:
    drill = world.drill(begin=False, surprise=True, planned_for=START + timedelta(days=1))
    assert not Notification.objects.filter(person=world.pia).exists()
    for person, sees in ((world.fay, True), (world.max, True), (world.pia, False), (world.otto, False), (world.zoe, False)):  # fmt: skip
        assert queries.visible_to(acting(person)).filter(pk=drill.pk).exists() is sees, person
    commands.start(acting(world.fay), drill)
    assert queries.drill_for(acting(world.pia), drill.pk), "now it is no secret"


def test_who_practises_does_not_read_the_story(world: World) -> None:
    drill = world.drill(begin=False)
    scenario = drill.scenario
    assert queries.reads_inside(acting(world.fay), scenario) and queries.reads_inside(acting(world.otto), scenario)
    assert not queries.reads_inside(acting(world.pia), scenario)
    assert not queries.reads_inside(acting(world.zoe), scenario)
    assert queries.name_for(acting(world.pia), drill) == "Drill of Shop team"
    with pytest.raises(NotFound):
        commands.save_scenario(acting(world.pia), scenario, team=world.team, name="x")
    commands.start(acting(world.fay), drill)
    commands.end(acting(world.fay), drill)
    assert queries.reads_inside(acting(world.pia), scenario), "afterwards everybody may"


def test_strangers_decide_nothing(world: World) -> None:
    drill = world.drill()
    run_due()
    zoe, waiting = acting(world.zoe), drill.injects.get(number=2)
    for does in (
        lambda: commands.pause(zoe, drill),
        lambda: commands.resume(zoe, drill),
        lambda: commands.end(zoe, drill),
        lambda: commands.hint(zoe, drill, "x"),
        lambda: commands.deliver_now(zoe, waiting),
        lambda: commands.skip(zoe, waiting),
        lambda: commands.delay(zoe, waiting, 5),
        lambda: commands.plan(zoe, drill.scenario, participants=[world.pia]),
        lambda: commands.save_scenario(zoe, None, team=world.team, name="x"),
        lambda: commands.save_scenario(zoe, drill.scenario, team=world.team, name="x"),
        lambda: commands.delete_scenario(zoe, drill.scenario),
        lambda: commands.from_library(zoe, "dns", team=world.team),
    ):
        with pytest.raises((NotAllowed, NotFound)):
            does()  # type: ignore[no-untyped-call]
    pia = acting(world.pia)
    for does in (lambda: commands.pause(pia, drill), lambda: commands.deliver_now(pia, waiting)):
        with pytest.raises((NotAllowed, NotFound)):
            does()  # type: ignore[no-untyped-call]
    with pytest.raises(NotFound):
        queries.inject_for(pia, waiting.pk)
    assert DrillInject.objects.get(pk=waiting.pk).state == "waiting" and Drill.objects.get().state == "running"


# --- Afterwards ------------------------------------------------------------------------------------------------------


def test_the_debrief(world: World, clock: TravellingClock) -> None:
    drill = world.drill()
    run_due()
    with pytest.raises(Conflict):
        commands.add_note(acting(world.pia), drill, "well", "x")
    intake.acknowledge(acting(world.pia), AlertGroup.objects.get())
    declare(world, AlertGroup.objects.get())
    clock.advance(5 * MINUTE)
    commands.end(acting(world.fay), drill)
    drill.refresh_from_db()
    commands.add_note(acting(world.pia), drill, "well", "We were quick")
    mend = commands.add_note(acting(world.fay), drill, "mend", "Nobody told the customers")
    for kind, text in (("blame", "x"), ("well", "")):
        with pytest.raises(Refused):
            commands.add_note(acting(world.pia), drill, kind, text)
    item = commands.action_from_note(acting(world.pia), mend, title="Write a template for customers", owner=world.pia, due_on=date(2026, 3, 20))  # fmt: skip
    assert item.team == world.team and item.owner == world.pia
    with pytest.raises(Conflict):
        commands.action_from_note(acting(world.pia), mend, title="Write it again", owner=world.pia, due_on=date(2026, 3, 20))  # fmt: skip
    with pytest.raises((NotAllowed, NotFound)):
        commands.add_note(acting(world.zoe), drill, "well", "x")
    commands.share(acting(world.pia), drill)
    assert Notification.objects.filter(person=world.otto, subject__startswith="Debrief", drill=True).count() == 1
    told = queries.timeline(drill, acting(world.fay))
    assert any(each.came for each in told) and any("Acknowledged" in each.text and each.who == "Pia" for each in told)
    assert queries.last_practised_by_team()[world.team.pk] == drill.ended_at
    by_name = {each.person.name: each for each in queries.practised_in(world.team)}
    assert by_name["Pia"].times == 1 and by_name["Pia"].never == ["Communications lead"]
    assert by_name["Otto"].times == 0 and "Commander" in by_name["Otto"].never
    commands.remove_note(acting(world.pia), drill.notes.get(kind="well"))
    assert drill.notes.count() == 1


def test_a_scenario_of_the_library_becomes_the_teams_own(world: World) -> None:
    for story in library.stories():
        made = commands.from_library(acting(world.fay), story.key, team=world.team, services=[world.service])
        assert made.made_of == story.key and "{" not in made.name
    again = commands.from_library(acting(world.fay), "dns", team=world.team, services=[world.service])
    assert again.slug == "shop-dns-2" and Scenario.objects.count() == 9
    with pytest.raises(NotFound):
        commands.from_library(acting(world.fay), "nothing", team=world.team)
    drill = world.drill(again)
    run_due()
    assert AlertGroup.objects.get().service == world.service and drill.pk


def test_what_was_practised_keeps_its_scenario(world: World) -> None:
    drill = world.drill(begin=False)
    with pytest.raises(Conflict):
        commands.delete_scenario(acting(world.fay), drill.scenario)
    commands.call_off(acting(world.fay), drill)
    commands.delete_scenario(acting(world.fay), drill.scenario)
    assert not Scenario.objects.exists() and not Drill.objects.exists()
