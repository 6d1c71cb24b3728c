"""Steps in full: whom and what they reach, when they apply, whose turn it is, how many answers they wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

import factories as make
from paging.reached import paged, reachable
from paging.stepping import fire, policy
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.intake import commands as intake
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.oncall.commands import add_absence
from watchroom.oncall.models import Override
from watchroom.paging import commands
from watchroom.paging.commands.policies import plan_of
from watchroom.paging.conditions import Facts
from watchroom.paging.looking import look_at
from watchroom.paging.models import Escalation, EscalationPolicy
from watchroom.paging.queries import dry_run, trace, versions_of
from watchroom.paging.views.respond import next_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("wait_seconds", "most"), [(60, 22), (40_000, 34)])
def test_a_look_ahead_reads_together_what_each_moment_would_say_alone(
    clock: TravellingClock,
    hook: HttpPeer,
    wait_seconds: int,
    most: int,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    people = anna, ben, eve = tuple(reachable(hook, name) for name in ("anna", "ben", "eve"))
    schedule = make.schedule(people=people, starts_at="2026-03-02T09:00")
    team = make.team("Web")
    make.membership(team, eve, "responder")
    whom = [{"schedule": schedule.pk}, {"team": team.pk}, {"schedule": schedule.pk, "who": "all"}]
    made = policy(*({"wait_seconds": wait_seconds, "targets": [each]} for each in whom * 4))
    wait = timedelta(seconds=wait_seconds)
    Override.objects.create(schedule=schedule, person=ben, starts_at=clock() + 2 * wait, ends_at=clock() + 4 * wait)
    begins = clock() + 5 * wait
    add_absence(acting(anna), anna, starts_at=begins, ends_at=begins + 9 * wait, reason="Sea", paged=False)
    with django_assert_max_num_queries(most):
        lines = dry_run(made)
    steps = plan_of(made).steps
    alone = [
        [person.pk for person in look_at(step, line["at"], Facts())[1]] for step, line in zip(steps, lines, strict=True)
    ]
    assert [line["people"] for line in lines] == alone
    assert alone[0] == [anna.pk] and alone[3] == [ben.pk] and anna.pk not in alone[6] and alone[1] == [eve.pk]


def test_a_step_means_who_is_on_call_who_is_next_or_everybody(clock: TravellingClock, hook: HttpPeer) -> None:
    people = tuple(reachable(hook, name) for name in ("anna", "ben", "eve"))
    schedule = make.schedule(people=people, starts_at="2026-03-02T09:00")
    made = policy(
        {"wait_seconds": 60, "targets": [{"schedule": schedule.pk}]},
        {"wait_seconds": 60, "targets": [{"schedule": schedule.pk, "who": "next"}]},
        {"wait_seconds": 60, "targets": [{"schedule": schedule.pk, "who": "all"}]},
    )
    foretold = [line["people"] for line in dry_run(made)[:3]]
    fire(made)
    for _ in range(3):
        run_due()
        clock.advance(timedelta(seconds=60))
    assert paged(hook)[:2] == ["anna", "ben"]
    assert sorted(paged(hook)[2:]) == ["anna", "ben", "eve"]
    anna, ben, eve = (person.pk for person in people)
    assert foretold == [[anna], [ben], [anna, ben, eve]]


def test_a_step_whose_condition_does_not_hold_is_left_out_and_says_why(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    made = policy(
        {"targets": [{"person": anna.pk}], "conditions": {"severities": ["info"]}},
        {"targets": [{"person": ben.pk}], "conditions": {"labels": {"env": "prod"}, "urgency": "high"}},
    )
    group = fire(made, severity="critical")
    run_due()
    assert paged(hook) == ["ben"]
    texts = [line["text"] for line in trace(group.escalations.get()) if not line["future"]]
    assert "Step 1 left out: severity is critical, not info" in texts
    lines = dry_run(made, facts=Facts("high", "critical", ({"env": "prod"},)))
    assert [(line["kind"], line["people"]) for line in lines] == [
        ("skipped", []),
        ("step", [ben.pk]),
        ("last_resort", []),
    ]
    assert lines[0]["at"] == lines[1]["at"]


def test_when_every_step_is_left_out_the_last_resort_is_asked_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, settings={"url": f"{hook.url}/root", "secret": "a secret of sixteen letters"})
    fire(policy({"targets": [{"person": reachable(hook, "anna").pk}], "conditions": {"urgency": "low"}}, repeats=3))
    run_due()
    assert paged(hook) == ["root"]


def test_a_storm_of_alerts_is_a_condition(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    made = policy(
        {"wait_seconds": 60, "targets": [{"person": ben.pk}], "conditions": {"alerts": 3, "minutes": 10}},
        {"wait_seconds": 60, "targets": [{"person": anna.pk}]},
    )
    fire(made, count=2)
    run_due()
    assert paged(hook) == ["anna"]
    fire(made, count=3)
    run_due()
    assert paged(hook) == ["anna", "ben"]


def test_two_escalations_never_get_the_same_next_person(clock: TravellingClock, hook: HttpPeer) -> None:
    people = [reachable(hook, name) for name in ("anna", "ben", "eve")]
    step = {"round_robin": True, "targets": [{"person": person.pk} for person in people]}
    made = policy(step)
    assert [line["people"] for line in dry_run(made)[:1]] == [[people[0].pk]]
    for _ in range(4):
        fire(made)
    run_due()
    assert paged(hook) == ["anna", "ben", "eve", "anna"]
    assert dry_run(made)[0]["people"] == [people[1].pk]
    people[1].is_active = False
    people[1].save()
    fire(made)
    run_due()
    assert paged(hook)[-1] == "eve"


@pytest.mark.django_db(transaction=True)
def test_two_engines_at_once_hand_out_a_round_robin_without_doubles(clock: TravellingClock) -> None:
    people = [make.person(f"P{number}", "responder") for number in range(4)]
    for person in people:
        make.contact_method(person, "browser", settings={"person": person.pk})
    made = policy({"round_robin": True, "targets": [{"person": person.pk} for person in people]})
    for _ in range(4):
        fire(made)

    def engine() -> None:
        try:
            commands.take_turn(10)
        finally:
            connection.close()

    engines = [threading.Thread(target=engine) for _ in range(2)]
    for each in engines:
        each.start()
    for each in engines:
        each.join()
    chosen = [event.people.get().pk for each in Escalation.objects.all() for event in each.events.filter(kind="step")]
    assert sorted(chosen) == [person.pk for person in people]


def test_it_goes_on_until_as_many_people_have_answered_as_were_asked_for(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    both = {"wait_seconds": 60, "targets": [{"person": anna.pk}, {"person": ben.pk}]}
    made = policy(both, repeats=5, answers=2)
    group = fire(made)
    run_due()
    intake.acknowledge(acting(anna), group)
    intake.acknowledge(acting(anna), group)  # twice the same person is one answer
    clock.advance(timedelta(seconds=60))
    run_due()
    assert sorted(paged(hook)) == ["anna", "ben", "ben"]
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    intake.acknowledge(acting(ben), group)
    assert group.escalations.get().end == "acknowledged"
    clock.advance(timedelta(minutes=3))
    run_due()
    assert len(hook.requests) == 3
    assert group.events.filter(kind="acknowledged").count() == 2


def test_the_trace_names_what_machines_did_who_is_next_and_how_many_have_to_answer(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    made = policy(
        {"wait_seconds": 60, "targets": [{"person": anna.pk}]},
        {"wait_seconds": 60, "pause": True},
        {"wait_seconds": 60, "targets": [{"role": "commander"}]},
        {"wait_seconds": 60, "targets": [{"webhook": f"{hook.url}/step"}]},
        {"wait_seconds": 60, "targets": [{"webhook": f"{hook.url}/step"}, {"person": ben.pk}]},
        answers=2,
    )
    group = fire(made)
    run_due()
    running = group.escalations.get()
    first = next_of(trace(running))
    assert first is not None and first["unless"] == "2 people answer"
    assert first["text"] == f"Call webhook {hook.url}/…"  # not the wait, nor a role that nobody has
    intake.acknowledge(acting(anna), group)
    assert {line["unless"] for line in trace(running) if line["future"]} == {"one more answers"}
    for _ in range(4):
        clock.advance(timedelta(seconds=60))
        run_due()
    running.refresh_from_db()
    said = [line["text"] for line in trace(running) if not line["future"]]
    assert "Step 3: paged nobody" in said and "Nobody to page here: nobody has that role" in said
    assert f"Step 4: called webhook {hook.url}/…" in said
    assert f"Step 5: paged ben, called webhook {hook.url}/…" in said


def test_a_step_may_have_an_urgency_of_its_own(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    commands.set_rules(acting(anna), anna, "low", [(anna.contact_methods.get().pk, 600)])
    fire(policy({"urgency": "low", "wait_seconds": 3600, "targets": [{"person": anna.pk}]}))
    run_due()
    assert paged(hook) == []
    clock.advance(timedelta(seconds=600))
    run_due()
    assert paged(hook) == ["anna"]


@pytest.mark.parametrize(
    "step",
    [
        {"targets": [{"person": 1, "team": 1}]},
        {"targets": [{"webhook": "ftp://example.org"}]},
        {"targets": [{"webhook": "http://169.254.169.254/"}]},
        {"targets": [{"incident": 9}]},
        {"targets": [{"incident": 1}], "urgency": "panic"},
        {"targets": [{"incident": 1}], "conditions": {"moon": "full"}},
        {"targets": [{"incident": 1}], "conditions": {"alerts": 3}},
        {"targets": [{"incident": 1}], "conditions": {"hours": {"zone": "Mars", "start": "9:00", "end": "10:00"}}},
        {"targets": [{"incident": 1}], "conditions": {"hours": {"zone": "UTC", "start": "soon", "end": "10:00"}}},
        {
            "targets": [{"incident": 1}],
            "conditions": {"hours": {"start": "09:00", "end": "10:00", "days": ["caturday"]}},
        },
    ],
)
def test_what_cannot_be_carried_out_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        policy(step)
    assert str(refused.value.field).startswith("steps[0]")


def test_a_policy_says_all_of_it_in_the_form_the_api_and_the_page(client: Any, hook: HttpPeer) -> None:
    manager = make.person("Mia", "manager")
    client.force_login(manager)
    team, anna = make.team("Shop"), make.person("Anna")
    schedule = make.schedule("Days", people=(anna,))
    given = {
        "team": team.slug,
        "name": "Full",
        "repeats": "1",
        "answers": "2",
        "rows": "1",
        "targets-0": [f"schedule/next:{schedule.pk}", f"person:{anna.pk}"],
        "minutes-0": "2.5",
        "round_robin-0": "on",
        "webhook-0": "https://hooks.example.org/a\nhttps://hooks.example.org/b",
        "incident-0": "2",
        "step_urgency-0": "high",
        "if_urgency-0": "low",
        "severities-0": ["critical", "error"],
        "labels-0": "env=prod, app=shop",
        "alerts-0": "3",
        "in_minutes-0": "10",
        "hours-0": "outside",
        "start-0": "09:00",
        "end-0": "17:00",
        "zone-0": "Europe/Berlin",
        "days-0": ["monday", "friday"],
    }
    assert client.post("/policies/new", given).status_code == 302
    made = EscalationPolicy.objects.get()
    plan = commands.plan_of(made)
    page = client.get("/policies/full").content.decode()
    assert "hooks.example.org" in page and "outside Mon, Fri 09:00–17:00 Europe/Berlin" in page
    assert made.webhook_key in page
    told = str(AuditRecord.objects.get(action="policy.created").data)
    assert "https://hooks.example.org/…" in told and "org/a" not in told, "programs outside are told the same"
    form = client.get("/policies/full/edit")
    row = form.context["steps"][0]
    # What the form shows, saved again, is the same policy.
    again = {key: value for key, value in given.items() if not key.endswith("-0")}
    again |= {f"{name}-0": value for name, value in row.items() if isinstance(value, str)}
    again |= {
        "targets-0": [value for value, _ in row["chosen"]],
        "severities-0": sorted(row["severities"]),
        "days-0": sorted(row["days"]),
        "round_robin-0": "on",
    }
    assert client.post("/policies/full/edit", again).status_code == 302
    assert commands.plan_of(made).steps[0].conditions == plan.steps[0].conditions
    assert commands.plan_of(made).steps[0].targets == plan.steps[0].targets, (
        "in the same order: it is that of the turns"
    )
    answer = client.get("/policies/full?severity=info&urgency=low&in=2")
    assert "severity is info" in answer.content.decode()


def test_the_key_of_webhooks_is_shown_to_managers_only_and_can_be_renewed(client: Any) -> None:
    made = policy({"targets": [{"webhook": "https://hooks.example.org/a"}]})
    before = made.webhook_key
    client.force_login(make.person("Val", "viewer"))
    assert before not in client.get(f"/policies/{made.slug}").content.decode()
    assert client.post(f"/policies/{made.slug}/webhook-key").status_code == 403
    client.force_login(make.person("Mia", "manager"))
    assert client.post(f"/policies/{made.slug}/webhook-key").status_code == 302
    made.refresh_from_db()
    assert made.webhook_key != before


def test_a_step_that_only_waits_gives_the_machines_time_before_anybody_is_paged(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna")
    made = policy({"wait_seconds": 120, "pause": True}, {"wait_seconds": 60, "targets": [{"person": anna.pk}]})
    assert [(line["text"], line["at"] - clock()) for line in dry_run(made)[:2]] == [
        ("Wait", timedelta(0)),
        ("Page anna", timedelta(seconds=120)),
    ]
    group = fire(made)
    run_due()
    assert paged(hook) == []
    clock.advance(timedelta(seconds=120))
    run_due()
    assert paged(hook) == ["anna"]
    assert any(line["text"] == "Step 1: waited" for line in trace(group.escalations.get()))
    for wrong in ([{"pause": True}], [{"pause": True, "targets": [{"person": anna.pk}]}]):
        with pytest.raises(Refused):
            policy(*wrong, name="Wrong")


def test_a_step_pages_whoever_has_a_role_in_the_incident(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    made = policy(
        {"wait_seconds": 60, "targets": [{"role": "commander"}]}, {"wait_seconds": 60, "targets": [{"person": ben.pk}]}
    )
    fire(made)
    run_due()
    assert paged(hook) == ["ben"]  # there is no incident yet: the next step follows at once
    group = fire(made)
    incident = incidents.declare(acting(anna), title="Down", severity=2, team=group.team, alert_groups=[group])
    incidents.assign_role(acting(anna), incident, role="commander", person=anna)
    run_due()
    assert paged(hook)[1:] == ["anna"]
    assert any("paged anna" in line["text"] for line in trace(group.escalations.get()))


def test_what_is_empty_is_not_said_to_be_whoever_else_the_step_names(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    empty, full = make.schedule("Empty"), make.schedule("Payments", people=(anna,))
    ben_too = {"person": ben.pk}
    made = policy(
        {"wait_seconds": 60, "targets": [ben_too, {"role": "commander"}]},
        {"wait_seconds": 60, "targets": [ben_too, {"schedule": empty.pk}, {"schedule": full.pk}]},
        {"wait_seconds": 60, "targets": [ben_too, {"team": make.team("Web").pk}]},
    )
    first, second, third, *_ = dry_run(made)
    assert first["text"] == "Page ben (nobody is the incident's commander yet)"
    assert second["text"] == "Page ben, anna (nobody is on call in Empty, whoever is on call in Payments)"
    assert third["text"] == "Page ben (nobody in Web)"
    group = fire(made)
    incident = incidents.declare(acting(anna), title="Down", severity=2, team=group.team, alert_groups=[group])
    incidents.assign_role(acting(anna), incident, role="commander", person=anna)
    assert any(line["text"] == "Page ben, anna (the incident's commander)" for line in trace(group.escalations.get()))


def test_versions_are_kept_and_what_runs_says_which_it_follows(clock: TravellingClock, client: Any) -> None:
    anna, ben = make.person("Anna"), make.person("Ben")
    made = policy({"targets": [{"person": anna.pk}]})
    group = fire(made)
    commands.save_policy(make.actor(), made, team=made.team, name=made.name, steps=[{"targets": [{"person": ben.pk}]}])
    assert [(each["version"], each["running"], each["steps"]) for each in versions_of(made)] == [
        (2, 0, ["Ben; then wait 5 min"]),
        (1, 1, ["Anna; then wait 5 min"]),
    ]
    client.force_login(make.person("Val", "viewer"))
    assert "Version 1" in client.get(f"/policies/{made.slug}").content.decode()
    escalation = group.escalations.get()
    client.force_login(make.person("Root", "administrator"))
    page = client.get(f"/escalations/{escalation.pk}").content.decode()
    assert "follows version 1" in page and "now at version 2" in page
    old = make.policy((anna, 60))  # as one that was saved before versions were kept
    commands.save_policy(make.actor(), old, team=old.team, name=old.name, steps=[{"targets": [{"person": ben.pk}]}])
    assert [each["version"] for each in versions_of(old)] == [2, 1]


def test_a_policys_page_asks_no_more_for_what_it_said_before(client: Any, django_assert_max_num_queries: Any) -> None:
    anna, team = make.person("Anna"), make.team("Web")
    schedules = [make.schedule(name=f"Rota {n}", people=(anna,)) for n in range(4)]
    made = policy({"targets": [{"person": anna.pk}]})
    for n in range(8):
        steps = [{"targets": [{"schedule": each.pk}, {"team": team.pk}]} for each in schedules[n % 4 :]]
        commands.save_policy(make.actor(), made, team=made.team, name=made.name, steps=steps)
    with django_assert_max_num_queries(5):
        assert versions_of(made)[0]["steps"] == ["whoever is on call in Rota 3, everybody in Web; then wait 5 min"]
    client.force_login(make.person("Val", "viewer"))
    with django_assert_max_num_queries(40):
        page = client.get(f"/policies/{made.slug}").content.decode()
    assert all(f"Version {n}" in page for n in range(1, 10))
