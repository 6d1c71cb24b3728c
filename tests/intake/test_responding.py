"""Snooze, a promise with an end, giving away, asking for help: paging goes on where it stopped, and says so."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

import factories as make
from paging.reached import paged, reachable
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.paging.queries import trace

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def three(clock: TravellingClock, hook: HttpPeer) -> list[Any]:
    return [reachable(hook, name) for name in ("anna", "ben", "eve")]


@pytest.fixture
def group(three: list[Any]) -> AlertGroup:
    made = make.group("Checkout is slow", policy=make.policy(*((person, 300) for person in three), repeats=0))
    make.alert(made, expires_at=None)
    with transaction.atomic():
        start_paging([made])
    return made


def texts(group: AlertGroup) -> str:
    return "\n".join(line["text"] for line in trace(group.escalations.get()) if not line["future"])


def test_a_snooze_ends_by_itself_and_goes_on_where_it_stopped(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.snooze(acting(three[0]), group, clock() + HOUR)
    clock.advance(HOUR - MINUTE)
    run_due()
    assert paged(hook) == ["anna"]
    clock.advance(MINUTE)
    run_due()
    assert paged(hook) == ["anna", "ben"]  # not step one again
    assert "Anna's snooze is over: goes on at step 2" in texts(group).replace("anna", "Anna")
    group.refresh_from_db()
    assert (group.state, group.snoozed, group.returns_at) == ("firing", False, None)


def test_i_am_on_it_until_three_returns_by_itself(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.acknowledge(acting(three[0]), group, until=clock() + HOUR)
    clock.advance(HOUR)
    run_due()
    assert sorted(paged(hook)[1:]) == ["anna", "ben"]  # and whoever had it hears that it is theirs no longer
    told = next(each.json() for each in hook.requests[1:] if each.path == "/anna")
    assert told["purpose"] == "update" and told["subject"].startswith("The time that you took it for is over: ")
    commands.acknowledge(acting(three[1]), group, until=clock() + HOUR)
    commands.acknowledge(acting(three[1]), group)  # now for good
    clock.advance(2 * HOUR)
    run_due()
    assert len(paged(hook)) == 3


def test_giving_it_back_goes_on_with_the_next_step_and_the_same_version(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    clock.advance(5 * MINUTE)
    run_due()
    commands.acknowledge(acting(three[1]), group)
    commands.unacknowledge(acting(three[1]), group)
    run_due()
    assert paged(hook) == ["anna", "ben", "eve"]
    assert "goes on at step 3 (version 1 of the policy), where it stopped" in texts(group)


def test_what_is_resolved_while_it_is_snoozed_stays_quiet(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.snooze(acting(three[0]), group, clock() + HOUR)
    commands.resolve(acting(three[0]), group)
    clock.advance(2 * HOUR)
    run_due()
    assert paged(hook) == ["anna"]


def test_giving_it_away_pages_them_first_and_then_goes_on(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.acknowledge(acting(three[0]), group)
    commands.reassign(acting(three[0]), group, three[2], note="I have to leave")
    group.refresh_from_db()
    assert group.state == "firing"  # nobody has it until they say so
    run_due()
    assert hook.requests[-1].json()["body"].startswith(f"{three[0]} gives it to you. I have to leave\n")
    assert paged(hook) == ["anna", "eve"]
    assert next(line["text"] for line in trace(group.escalations.get()) if line["future"]) == "Page ben"
    clock.advance(5 * MINUTE)
    run_due()
    assert paged(hook) == ["anna", "eve", "ben"]
    commands.reassign(acting(three[0]), group, three[2])  # to the same person a second time
    run_due()
    assert paged(hook)[-1] == "eve"


def test_a_helper_is_paged_until_they_answer_or_it_is_over(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.acknowledge(acting(three[0]), group)
    added = commands.add_responder(acting(three[0]), group, three[1], note="The database")
    with pytest.raises(Conflict):
        commands.add_responder(acting(three[0]), group, three[1])
    run_due()
    clock.advance(5 * MINUTE)
    run_due()
    assert paged(hook) == ["anna", "ben", "ben"]
    assert hook.requests[-1].json()["subject"].startswith(f"{three[0]} asks for help: ")
    group.refresh_from_db()
    assert group.acknowledged_by == three[0]
    commands.resolve(acting(three[0]), group)
    added.escalation.refresh_from_db()
    assert added.escalation.end == "resolved"


def test_asking_for_help_after_an_answer_pages_the_next_and_their_answer_stops_it(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup
) -> None:
    run_due()
    commands.acknowledge(acting(three[0]), group)
    commands.escalate_now(acting(three[0]), group)
    run_due()
    assert paged(hook) == ["anna", "ben"]
    commands.acknowledge(acting(three[1]), group)
    clock.advance(HOUR)
    run_due()
    assert paged(hook) == ["anna", "ben"]


@pytest.mark.parametrize("act", ["escalate_now", "unacknowledge"])
def test_whoever_asks_for_help_or_can_t_take_it_is_not_paged_again_for_it(
    clock: TravellingClock, hook: HttpPeer, three: list[Any], group: AlertGroup, act: str
) -> None:
    anna, ben, eve = three
    ben.role = 40
    ben.save()  # the last resort, and the only one
    for _ in range(4):
        run_due()
        clock.advance(5 * MINUTE)
    assert paged(hook)[:3] == ["anna", "ben", "eve"]
    before = len(paged(hook))
    commands.acknowledge(acting(ben), group)
    getattr(commands, act)(acting(ben), group)
    foretold = [line["text"] for line in trace(group.escalations.get()) if line["future"]]
    assert foretold[0].endswith("the administrators, and again whom the policy names")
    for _ in range(3):
        run_due()
        clock.advance(5 * MINUTE)
    after = paged(hook)[before:]
    assert "ben" not in after and {"anna", "eve"} <= set(after)
    assert f"again {anna}, {eve}" in texts(group)
    commands.acknowledge(acting(eve), group)
    commands.unacknowledge(acting(anna), group)  # of somebody else: Eve has not said that she can't
    before = len(paged(hook))
    run_due()
    assert "ben" in paged(hook)[before:]


def given_back(clock: TravellingClock, act: str, by: Any, *others: Any, repeats: int = 2) -> AlertGroup:
    """A group of which ``by``, who is asked first, has said that they can't take it, or has asked for help."""
    made = make.group("Checkout is slow", policy=make.policy(*((each, 300) for each in (by, *others)), repeats=repeats))
    make.alert(made, expires_at=None)
    with transaction.atomic():
        start_paging([made])
    run_due()
    commands.acknowledge(acting(by), made)
    getattr(commands, act)(acting(by), made)
    return made


@pytest.mark.parametrize("act", ["escalate_now", "unacknowledge"])
@pytest.mark.parametrize("ben_is_reached", [True, False])
def test_when_all_had_been_tried_paging_begins_anew_without_whoever_has_it(
    clock: TravellingClock, hook: HttpPeer, act: str, ben_is_reached: bool
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    make.person("Root", "administrator")
    made = make.group("Checkout is slow", policy=make.policy((anna, 300), (ben, 300), repeats=0))
    make.alert(made, expires_at=None)
    with transaction.atomic():
        start_paging([made])
    for _ in range(15):
        run_due()
        clock.advance(5 * MINUTE)
    assert made.escalations.get().end == "exhausted"
    commands.acknowledge(acting(anna), made)
    before = len(paged(hook))
    hook.otherwise = lambda request: Answer(410 if request.path == "/ben" and not ben_is_reached else 200)
    getattr(commands, act)(acting(anna), made)
    run_due()
    assert paged(hook)[before:] == ["ben"] if ben_is_reached else {*paged(hook)[before:]} == {"anna", "ben"}


@pytest.mark.parametrize("act", ["escalate_now", "unacknowledge"])
def test_whoever_is_alone_on_call_is_paged_again_where_nobody_else_has_a_way_to_be_reached(
    clock: TravellingClock, hook: HttpPeer, act: str
) -> None:
    make.person("Root", "administrator")
    given_back(clock, act, reachable(hook, "anna"))
    run_due()
    assert paged(hook) == ["anna", "anna"]
    clock.advance(5 * MINUTE)
    run_due()
    assert paged(hook) == ["anna", "anna", "anna"]  # and goes on to be


@pytest.mark.parametrize("act", ["escalate_now", "unacknowledge"])
def test_whoever_is_excused_is_paged_again_as_soon_as_every_page_to_others_has_failed(
    clock: TravellingClock, hook: HttpPeer, act: str
) -> None:
    anna, ben, root = (reachable(hook, name) for name in ("anna", "ben", "root"))
    root.role = 40
    root.save()
    hook.otherwise = lambda request: Answer(200 if request.path == "/anna" else 410)
    group = given_back(clock, act, anna, ben, repeats=0)
    foretold = [line["text"] for line in trace(group.escalations.get()) if line["future"]]
    assert foretold[0].startswith("Page ben")
    run_due()
    assert paged(hook)[:2] == ["anna", "ben"] and sorted(paged(hook)[2:]) == ["anna", "ben", "root"]


def test_the_last_resort_that_reaches_nobody_asks_at_once_whoever_gave_it_back(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, root = reachable(hook, "anna"), reachable(hook, "root")
    root.role = 40
    root.save()
    hook.otherwise = lambda request: Answer(410 if request.path == "/root" else 200)
    group = given_back(clock, "unacknowledge", anna)
    run_due()
    assert paged(hook)[:2] == ["anna", "root"] and sorted(paged(hook)[2:]) == ["anna", "root"]
    assert group.escalations.get().due_at == clock() + 5 * MINUTE  # and no faster
    hook.otherwise = Answer(410)
    for _ in range(3):
        clock.advance(5 * MINUTE)
        run_due()
    assert group.escalations.get().due_at == clock() + 5 * MINUTE


def test_whoever_gave_it_back_is_paged_again_where_pages_to_others_fail_for_now(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, root = reachable(hook, "anna"), reachable(hook, "root")
    root.role = 40
    root.save()
    hook.otherwise = lambda request: Answer(503 if request.path == "/root" else 200)
    given_back(clock, "unacknowledge", anna)
    run_due()
    assert paged(hook) == ["anna", "root"]
    clock.advance(5 * MINUTE)
    run_due()
    assert paged(hook).count("anna") == 2


def test_what_was_given_to_somebody_outside_of_the_policy_comes_back_to_them_where_nobody_is_left(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    eve, anna = reachable(hook, "eve"), make.person("Anna", "responder")
    make.person("Root", "administrator")
    made = make.group("Checkout is slow", policy=make.policy((anna, 300), repeats=0))
    make.alert(made, expires_at=None)
    with transaction.atomic():
        start_paging([made])
    commands.acknowledge(acting(eve), made)
    commands.unacknowledge(acting(eve), made)
    run_due()
    assert paged(hook) == ["eve"]


def test_whoever_gave_it_back_stays_out_of_it_round_after_round_while_somebody_else_is_reached(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    make.person("Root", "administrator")
    given_back(clock, "unacknowledge", reachable(hook, "anna"), reachable(hook, "ben"))
    for _ in range(4):
        run_due()
        clock.advance(5 * MINUTE)
    assert set(paged(hook)[1:]) == {"ben"}


@pytest.mark.parametrize("root", ["reached", "gone", "down", "without a method"])
@pytest.mark.parametrize("ben", ["reached", "gone", "down", "without a method"])
def test_whatever_becomes_of_the_others_somebody_is_reached_after_it_was_given_back(
    clock: TravellingClock, hook: HttpPeer, ben: str, root: str
) -> None:
    states = {"/ben": ben, "/root": root}
    answers = {"gone": 410, "down": 503}
    hook.otherwise = lambda request: Answer(answers.get(states.get(request.path, ""), 200))
    anna = reachable(hook, "anna")
    people = [
        make.person(n, "responder") if s == "without a method" else reachable(hook, n[1:]) for n, s in states.items()
    ]
    people[1].role = 40
    people[1].save()
    given_back(clock, "unacknowledge", anna, people[0])
    for _ in range(3):
        run_due()
        clock.advance(5 * MINUTE)
    reached = {f"/{name}" for name in paged(hook)[1:] if states.get(f"/{name}", "reached") == "reached"}
    assert reached
    assert ("/anna" in reached) == (ben != "reached")


def test_what_makes_no_sense_is_refused(clock: TravellingClock, three: list[Any], group: AlertGroup) -> None:
    by = acting(three[0])
    for until in (clock(), clock() - HOUR, clock() + timedelta(days=31)):
        with pytest.raises(Refused):
            commands.snooze(by, group, until)
        with pytest.raises(Refused):
            commands.acknowledge(by, group, until=until)
    with pytest.raises(Refused):
        commands.reassign(by, group, make.person("Nobody reaches me"))
    commands.resolve(by, group)
    for act in (
        lambda: commands.snooze(by, group, clock() + HOUR),
        lambda: commands.reassign(by, group, three[1]),
        lambda: commands.add_responder(by, group, three[1]),
    ):
        with pytest.raises(Conflict):
            act()


def test_the_page_and_the_api_can_do_all_of_it(
    clock: TravellingClock, three: list[Any], group: AlertGroup, client: Any
) -> None:
    run_due()
    client.force_login(three[0])
    here = f"/alerts/{group.pk}"
    assert "For a while, or to somebody else" in client.get(here).content.decode()
    assert client.post(f"{here}/on-it", {"until": "15:00", "minutes": "60"}).status_code == 302
    group.refresh_from_db()
    assert group.returns_at is not None and f"{group.returns_at:%H:%M}" == "15:00"
    assert client.post(f"{here}/snooze", {"minutes": "30"}).status_code == 302
    page = client.get(here).content.decode()
    assert "has snoozed it until" in page and "End the snooze" in page
    assert client.post(f"{here}/responder", {"person": three[1].pk, "text": "please"}).status_code == 302
    assert "was asked to help" in client.get(here).content.decode()
    assert client.post(f"{here}/reassign", {"person": three[2].pk}).status_code == 302
    assert client.post(f"{here}/on-it", {"until": "noon"}).status_code == 422
    group.refresh_from_db()
    assert group.state == "firing"

    def api(what: str, body: dict[str, Any]) -> Any:
        answer = client.post(f"/api/v1/alert-groups/{group.pk}/{what}", json.dumps(body), "application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()

    until = (clock() + HOUR).isoformat()
    assert api("acknowledge", {"until": until})["returns_at"]
    assert api("snooze", {"until": until})["snoozed"] is True
    assert api("reassign", {"person": three[1].pk})["state"] == "firing"
    assert api("responders", {"person": three[2].email})["state"] == "firing"
