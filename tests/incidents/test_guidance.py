"""The guards against the traps: each rule, their manners, and what they do in a live incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.incidents import commands
from watchroom.incidents.guidance import (
    Fired,
    Given,
    Held,
    History,
    Line,
    Mentions,
    Shown,
    Situation,
    Told,
    Tried,
    Tuning,
    all_rules,
    due,
    replay,
    tuned,
)
from watchroom.incidents.models import Incident, Nudge
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands as mitigations
from watchroom.paging.models import Notification

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def line(minute: float, kind: str = "note", text: str = "x", id: int = 1, **fields: Any) -> Line:
    return Line(id, after(minute), kind, text=text, **{"author": 1} | fields)


LED = Held("commander", 1, START, START)
HISTORY = History(severity=1, declared_at=START, roles=(LED,))
TALK = tuple(line(minute, id=100 + minute, author=minute % 3) for minute in range(0, 300, 5))
BUSY = replace(
    HISTORY, lines=TALK, updates=(Told(after(1)),), tried=(Tried("Roll back", after(2)),), customers=True,
    roles=(LED, Held("communications", 2, START, START)),
)  # fmt: skip

AFTERWARDS = {"still_firing", "page_left_open"}

# rule, the history in which it speaks, from which minute on, and how it falls silent
TRAPS: dict[str, tuple[History, int, History]] = {
    "no_commander": (replace(BUSY, roles=BUSY.roles[1:]), 5, BUSY),
    "no_communications": (replace(BUSY, roles=(LED,)), 10, replace(BUSY, roles=(LED,), mitigated_at=after(3))),
    "silent_role": (replace(BUSY, roles=(*BUSY.roles, Held("scribe", 3, START))), 10, BUSY),
    "analysis_paralysis": (replace(BUSY, tried=()), 15, BUSY),
    "untested_idea": (
        replace(BUSY, lines=(*TALK, line(0, "hypothesis", "The cache", 7, standing="open"))), 20,
        replace(BUSY, lines=(*TALK, line(0, "hypothesis", "The cache", 7, standing="open"), line(9, "action", id=8, parent=7))),
    ),
    "tried_again": (
        replace(BUSY, tried=(Tried("Roll back", after(2), after(4), False), Tried(" roll  BACK", after(9)))), 9,
        replace(BUSY, tried=(Tried("Roll back", after(2), after(4), True), Tried("Roll back", after(9)))),
    ),
    "hero": (replace(BUSY, roles=(LED, Held("communications", 1, START, START))), 30, BUSY),
    "no_relief": (BUSY, 240, replace(BUSY, roles=(Held("commander", 3, after(200), after(200)), Held("communications", 4, after(200), after(200))))),
    "nobody_told": (replace(BUSY, updates=()), 15, BUSY),
    "quiet": (replace(BUSY, lines=TALK[:4]), 35, BUSY),
    "unverified": (
        replace(BUSY, mitigated_at=after(20), alerts=(Fired(START),)), 30,
        replace(BUSY, mitigated_at=after(20), alerts=(Fired(START),), lines=(*TALK, line(25, "result", id=9))),
    ),
    "idle_role": (
        replace(BUSY, roles=(*BUSY.roles, Held("scribe", 9, START, START))), 30,
        replace(BUSY, roles=(*BUSY.roles, Held("scribe", 9, START, START)), lines=(*TALK, line(20, author=9, id=900))),
    ),
    "scope_creep": (
        replace(BUSY, elsewhere=tuple(Mentions(after(minute), frozenset({"search"})) for minute in (1, 2, 3, 4))), 4,
        replace(BUSY, elsewhere=tuple(Mentions(after(minute), frozenset({"search"})) for minute in (1, 2, 3))),
    ),
    "severity_misfit": (
        replace(BUSY, impact="No customers are affected"), 15, replace(BUSY, impact="Customers can't pay"),
    ),
    "page_silent": (
        replace(BUSY, pages=("Shop",)), 15, replace(BUSY, pages=("Shop",), shown=(Shown("Shop", after(9), "investigating"),)),
    ),
    "contradiction": (
        replace(BUSY, updates=(Told(after(1), stage="resolved"),)), 11,
        replace(BUSY, updates=(Told(after(1), stage="monitoring"),)),
    ),
    "page_left_open": (
        replace(BUSY, resolved_at=after(20), shown=(Shown("Shop", after(9), "monitoring"),)), 25,
        replace(BUSY, resolved_at=after(20), shown=(Shown("Shop", after(9), "monitoring"), Shown("Shop", after(21), "resolved"))),
    ),
    "still_firing": (
        replace(BUSY, resolved_at=after(20), alerts=(Fired(START),)), 25,
        replace(BUSY, resolved_at=after(20), alerts=(Fired(START, after(21)),)),
    ),
}  # fmt: skip


def test_every_rule_has_a_trap_here() -> None:
    assert {rule.name for rule in all_rules()} == set(TRAPS)


@pytest.mark.parametrize("name", TRAPS)
def test_a_rule_speaks_from_its_minute_on_and_falls_silent(name: str) -> None:
    rule = next(each for each in all_rules() if each.name == name)
    history, minute, better = TRAPS[name]
    assert rule.reason(Situation(history, after(minute - 1))) == ""
    assert rule.reason(Situation(history, after(minute))) != ""
    assert rule.reason(Situation(better, after(minute))) == ""
    assert rule.reason(Situation(replace(history, severity=5), after(minute))) == ""  # not watched
    assert rule.advice.endswith((".", "?")) and rule.to in {"commander", "communications", "everybody"}


@pytest.mark.parametrize("name", [name for name in TRAPS if name not in AFTERWARDS])
def test_nothing_is_said_once_it_is_over(name: str) -> None:
    rule = next(each for each in all_rules() if each.name == name)
    history, minute, _ = TRAPS[name]
    assert rule.reason(Situation(replace(history, resolved_at=after(minute)), after(minute))) == ""


histories = st.builds(
    History,
    severity=st.integers(1, 5),
    declared_at=st.just(START),
    mitigated_at=st.none() | st.integers(0, 200).map(after),
    resolved_at=st.none() | st.integers(50, 250).map(after),
    customers=st.booleans(),
    lines=st.lists(
        st.builds(line, st.integers(0, 250), st.sampled_from(["note", "hypothesis", "action", "result"]), id=st.integers(1, 50)),
        max_size=10,
    ).map(tuple),
    roles=st.lists(
        st.builds(Held, st.sampled_from(["commander", "scribe"]), st.integers(1, 3), st.integers(0, 99).map(after),
                  st.none() | st.integers(0, 99).map(after)),
        max_size=4,
    ).map(tuple),
    updates=st.lists(
        st.builds(Told, st.integers(0, 200).map(after), stage=st.sampled_from(["", "monitoring", "resolved"])), max_size=2
    ).map(tuple),
    impact=st.sampled_from(["", "nobody", "all customers"]),
    pages=st.sampled_from([(), ("Shop",)]),
    shown=st.lists(st.builds(Shown, st.just("Shop"), st.integers(0, 250).map(after), st.just("monitoring")), max_size=2).map(tuple),
    elsewhere=st.lists(
        st.builds(Mentions, st.integers(0, 250).map(after), st.just(frozenset({"search"}))), max_size=9
    ).map(tuple),
    alerts=st.lists(st.builds(Fired, st.integers(0, 99).map(after)), max_size=2).map(tuple),
)  # fmt: skip


@given(histories)
def test_whatever_happens_it_speaks_rarely(history: History) -> None:
    said = replay(history, after(240))
    for each in said:
        near = [other for other in said if timedelta(0) <= other.at - each.at < timedelta(minutes=10)]
        assert len(near) <= 2
        same = [other for other in said if other.rule == each.rule and other is not each]
        assert all(abs(other.at - each.at) >= timedelta(minutes=30) for other in same)
        if history.resolved_at is not None and each.at >= history.resolved_at:
            assert each.rule in AFTERWARDS


def test_answers_are_respected() -> None:
    history, minute, _ = TRAPS["analysis_paralysis"]
    at = after(minute + 120)
    rules = [rule for rule in all_rules() if rule.name == "analysis_paralysis"]

    def said(*given: Given) -> int:
        return len(due(Situation(history, at), given, rules))

    assert said() == 1
    assert said(Given("analysis_paralysis", at - timedelta(minutes=29))) == 0
    assert said(Given("analysis_paralysis", at - timedelta(minutes=30))) == 1
    assert said(Given("analysis_paralysis", START, "off")) == 0
    assert said(Given("analysis_paralysis", START, "snoozed", at + timedelta(seconds=1))) == 0
    assert said(Given("analysis_paralysis", START, "snoozed", at)) == 1
    assert said(Given("a", at), Given("b", at)) == 0  # enough has been said just now


@pytest.mark.django_db
def test_a_live_incident_is_guarded(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    method = make.contact_method(anna, "browser", {"person": anna.pk})
    by = acting(anna)
    incident = commands.declare(by, title="Checkout is down", severity=1)
    commands.end_role(by, incident.roles.get())  # who declares it leads it at first
    run_due()
    assert not Nudge.objects.exists()
    clock.advance(timedelta(minutes=5))
    run_due()
    nudge = Nudge.objects.get()
    assert (nudge.rule, nudge.told) == ("no_commander", anna)
    assert incident.log.filter(type="nudge.given", text__startswith="Nobody has taken the lead in 5 min").exists()
    assert Notification.objects.filter(contact_method=method, path=f"/incidents/{incident.pk}#nudges").count() == 1
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Nobody has taken the lead" in browser.get(f"/incidents/{incident.pk}").content.decode()
    assert browser.post(f"/incidents/{incident.pk}/nudges/{nudge.pk}", {"answer": "off"}).status_code == 302
    assert 'id="nudges"' not in browser.get(f"/incidents/{incident.pk}?part=top").content.decode()
    clock.advance(timedelta(minutes=40))
    run_due()
    assert Nudge.objects.filter(rule="no_commander").count() == 1
    assert Nudge.objects.filter(rule="analysis_paralysis").count() == 1
    listed = browser.get(f"/api/v1/incidents/{incident.pk}/nudges").json()
    assert [(each["answer"], each["answered_by"]) for each in listed if each["rule"] == "no_commander"] == [
        ("off", {"id": anna.pk, "name": "Anna"})
    ]
    assert [each["answered_at"] is None for each in listed] == [not each["answer"] for each in listed]
    replayed = browser.get(f"/api/v1/incidents/{incident.pk}/guidance").json()
    assert replayed[0]["rule"] == "no_commander" and replayed[0]["at"].startswith("2026-03-02T09:05")


@pytest.mark.django_db
def test_what_was_tried_is_read_from_the_log(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, commander=anna)
    for _ in range(2):
        run = mitigations.start(acting(anna), incident, kind="roll_back", title="Roll back")
        clock.advance(timedelta(minutes=1))
        run_due()
        if not Nudge.objects.filter(rule="tried_again").exists():
            mitigations.finish(acting(anna), run, outcome="no_effect")
    assert "tried before" in Nudge.objects.get(rule="tried_again").reason
    assert not Nudge.objects.filter(rule="analysis_paralysis").exists()


@pytest.mark.django_db
def test_an_incident_that_is_over_is_left_alone(clock: TravellingClock) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=1, commander=anna)
    commands.resolve(acting(anna), incident)
    clock.advance(timedelta(minutes=50))
    run_due()
    assert Incident.objects.get().guide_at is None
    assert not Nudge.objects.exists()
    commands.reopen(acting(anna), incident)
    assert Incident.objects.get().guide_at is not None


@pytest.mark.django_db
def test_its_cost_does_not_grow_with_the_log(clock: TravellingClock, django_assert_max_num_queries: Any) -> None:
    anna = make.person("Anna", "responder")
    incident = commands.declare(acting(anna), title="Down", severity=3)
    for number in range(30):
        commands.log(acting(anna), incident, "note", f"line {number}")
    clock.advance(timedelta(minutes=1))
    with django_assert_max_num_queries(24):
        assert commands.look_at_one()


# --- What else the rules see ---


def says(name: str, history: History, minute: float) -> str:
    rule = next(each for each in all_rules() if each.name == name)
    return rule.reason(Situation(history, after(minute)))


@pytest.mark.parametrize(
    ("severity", "impact", "speaks"),
    [
        (1, "none", True), (2, "Customers don't notice", True), (1, "no customer impact so far", True),
        (1, "All customers get errors", False), (3, "Nobody can pay", True), (3, "customers cannot log in", True),
        (4, "Data loss in two tenants", True), (3, "No data loss; no customers affected", False),
        (3, "A few customers see old prices", False), (3, "", False), (1, "", False),
    ],
)  # fmt: skip
def test_the_severity_is_held_against_the_impact(severity: int, impact: str, speaks: bool) -> None:
    assert bool(says("severity_misfit", replace(BUSY, severity=severity, impact=impact), 30)) is speaks


def test_many_alerts_make_a_low_severity_doubtful() -> None:
    history = replace(BUSY, severity=3, alerts=tuple(Fired(after(minute)) for minute in range(4)))
    assert "4 of its alerts fire" in says("severity_misfit", history, 12)
    assert says("severity_misfit", replace(history, severities=((START, 3), (after(11), 4))), 12) == ""  # just decided


def test_contradictions_between_channels() -> None:
    told = replace(BUSY, updates=(Told(after(1), stage="identified", impact="No customers are affected"),))
    assert "no customer is affected" in says("contradiction", told, 12)
    pages = replace(
        BUSY,
        updates=(Told(after(9), stage="monitoring"),),
        pages=("Shop",),
        shown=(Shown("Shop", after(2), "investigating"),),
    )
    assert says("contradiction", pages, 18) == ""  # the update is young: the page may follow
    assert "says investigating, the last update says monitoring" in says("contradiction", pages, 19)


def test_an_idea_that_was_ruled_out_comes_back() -> None:
    old = line(1, "hypothesis", "The cache", 7, standing="ruled_out", settled_at=after(5))
    assert "ruled out before" in says(
        "tried_again", replace(BUSY, lines=(old, line(9, "hypothesis", "the  cache", 8, standing="open"))), 9
    )
    assert (
        says("tried_again", replace(BUSY, lines=(old, line(9, "hypothesis", "The queue", 8, standing="open"))), 9) == ""
    )


def test_mitigated_and_silent_is_not_checked() -> None:
    history = replace(BUSY, mitigated_at=after(20))
    assert says("unverified", history, 39) == "" and "how that was checked" in says("unverified", history, 40)
    seen = (*TALK, Line(9, after(21), "system", "mitigation.effect", "The error rate fell"))
    assert says("unverified", replace(history, lines=seen), 40) == ""


def test_one_person_runs_everything() -> None:
    runs = tuple(Line(n, after(n), "system", "mitigation.started", "x", author=1) for n in range(4))
    assert "run 4 of the 4 mitigations" in says("hero", replace(BUSY, lines=(*TALK, *runs)), 30)


def test_roles_of_one_person_count_from_when_they_had_two() -> None:
    history = replace(
        BUSY, roles=(LED, Held("communications", 1, after(20), after(25)), Held("scribe", 1, after(50), after(50)))
    )
    assert says("hero", history, 45) == ""
    assert says("hero", history, 60) == "One person has held 3 roles for 35 min."


def test_thresholds_are_those_of_the_severity_at_that_time() -> None:
    history = replace(HISTORY, severity=1, roles=(), severities=((START, 5), (after(60), 1)))
    assert says("no_commander", history, 59) == "" and says("no_commander", history, 60) != ""


def test_an_installation_has_its_own_thresholds() -> None:
    rules = {rule.name: rule for rule in tuned({"hero": Tuning(enabled=False), "quiet": Tuning(after_minutes={5: 3})})}
    assert "hero" not in rules and len(rules) == len(all_rules()) - 1
    assert rules["quiet"].reason(Situation(replace(BUSY, severity=1, lines=()), after(600))) == ""
    assert rules["quiet"].reason(Situation(replace(BUSY, severity=5, lines=()), after(3))) != ""
    assert rules["no_commander"].after_minutes == {1: 5, 2: 10, 3: 20}
    assert all(rule.title and not rule.title.endswith(".") for rule in all_rules())
