"""What is lacking, decided from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.readiness.rules import facts
from watchroom.readiness.rules.checks import Level, lacks_of, lacks_of_all
from watchroom.readiness.rules.facts import InstallationFacts, TeamFacts, Thresholds

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
MOMENTS = st.integers(0, 400).map(lambda days: NOW - timedelta(days=days))
ITEMS = st.lists(st.builds(facts.Item, st.integers(1, 50), NAMES, MOMENTS), max_size=3, unique_by=lambda each: each.pk)

TEAMS = st.builds(
    TeamFacts,
    managers=st.integers(0, 2),
    on_call=st.lists(
        st.builds(facts.OnCall, st.integers(1, 50), NAMES, st.integers(0, 3), st.integers(0, 3), st.booleans()),
        max_size=4,
        unique_by=lambda each: each.pk,
    ).map(tuple),
    defects=st.lists(
        st.builds(facts.Defect, st.integers(1, 9), NAMES, st.just("/x"), st.booleans()),
        max_size=2,
        unique_by=lambda each: each.pk,
    ).map(tuple),
    policies=st.lists(
        st.builds(facts.Policy, NAMES, NAMES, st.none() | st.frozensets(st.integers(1, 4)), st.booleans()),
        max_size=3,
        unique_by=lambda each: each.slug,
    ).map(tuple),
    services=st.lists(
        st.builds(
            facts.Service, st.integers(1, 99), NAMES, NAMES, st.integers(1, 4), *[st.booleans() for _ in range(4)]
        ),
        max_size=3,
        unique_by=lambda each: each.slug,
    ).map(tuple),
    integrations=st.lists(
        st.builds(facts.Integration, NAMES, NAMES, st.none() | MOMENTS, MOMENTS, st.integers(0, 40)),
        max_size=3,
        unique_by=lambda each: each.slug,
    ).map(tuple),
    mitigations=st.lists(
        st.builds(facts.Mitigation, NAMES, NAMES, st.sampled_from(["", "worked", "worse"]), st.none()),
        max_size=3,
        unique_by=lambda each: each.slug,
    ).map(tuple),
    practised_at=st.none() | MOMENTS,
    unread=ITEMS.map(tuple),
    overdue=ITEMS.map(tuple),
    postmortems=ITEMS.map(tuple),
)
NOTHING = Thresholds(**dict.fromkeys(vars(Thresholds()), 0))


@given(TEAMS)
def test_the_worst_comes_first_and_each_lack_has_a_name_of_its_own(team: TeamFacts) -> None:
    found = lacks_of(team, Thresholds(), NOW)
    assert [each.level for each in found.lacks] == sorted(each.level for each in found.lacks)
    assert len({each.key for each in found.lacks}) == len(found.lacks)
    assert all(each.text.strip() and each.text.endswith((".", "?", each.text)) for each in found.lacks)
    assert 0 <= found.fine <= found.looked


@given(TEAMS)
def test_what_is_not_looked_at_is_not_lacking(team: TeamFacts) -> None:
    less, all_of_it = lacks_of(team, NOTHING, NOW), lacks_of(team, Thresholds(), NOW)
    assert {each.key for each in less.lacks} <= {each.key for each in all_of_it.lacks}
    assert not {each.check for each in less.lacks} & {"silent", "practice", "process", "postmortem"}


@given(TEAMS, st.integers(0, 300))
def test_time_alone_mends_nothing(team: TeamFacts, days: int) -> None:
    before = {each.key for each in lacks_of(team, Thresholds(), NOW).lacks}
    after = {each.key for each in lacks_of(team, Thresholds(), NOW + timedelta(days=days)).lacks}
    assert before <= after


BEN = facts.OnCall(7, "Ben", ways=2, verified=2, wakes=True)


@pytest.mark.parametrize(
    ("person", "level", "says"),
    [
        (replace(BEN, ways=0, verified=0, wakes=False), Level.HURTS, "Nothing reaches Ben"),
        (replace(BEN, wakes=False), Level.HURTS, "Nothing wakes Ben"),
        (replace(BEN, verified=0), Level.HURTS, "has ever been answered"),
        (replace(BEN, ways=1, verified=1), Level.MEND, "one way only"),
        (replace(BEN, verified=1), Level.MEND, "never tried"),
    ],
)
def test_people_on_call(person: facts.OnCall, level: Level, says: str) -> None:
    (lack,) = lacks_of(TeamFacts(on_call=(person,)), Thresholds(), NOW).lacks
    assert (lack.level, lack.path) == (level, "/people/7") and says in lack.text
    assert not lacks_of(TeamFacts(on_call=(BEN,)), Thresholds(), NOW).lacks


def test_policies_that_end_with_one_person_or_with_nobody() -> None:
    policies = (
        facts.Policy("none", "None", frozenset(), used=True),
        facts.Policy("one", "One", frozenset({1}), used=True),
        facts.Policy("two", "Two", frozenset({1, 2}), used=True),
        facts.Policy("calendar", "Calendar", None, used=True),
        facts.Policy("spare", "Spare", frozenset({1, 2}), used=False),
    )
    team = TeamFacts(managers=1, policies=policies, practised_at=NOW)
    assert [(each.key, each.level) for each in lacks_of(team, Thresholds(), NOW).lacks] == [
        ("policy:none", Level.HURTS),
        ("policy:one", Level.HURTS),
        ("policy:spare", Level.NICE),
    ]
    without = lacks_of(replace(team, managers=0, policies=policies[2:3]), Thresholds(), NOW)
    assert [each.key for each in without.lacks] == ["managers:"]


def test_what_an_important_service_lacks_is_worse() -> None:
    def levels(tier: int) -> dict[str, Level]:
        service = facts.Service(5, "shop", "Shop", tier, policy=False, runbook=False, indicator=False, needs=False)
        found = lacks_of(TeamFacts(services=(service,), practised_at=NOW), Thresholds(), NOW)
        assert all(each.service == 5 for each in found.lacks)
        return {each.check: each.level for each in found.lacks}

    assert levels(1)["service.policy"] == Level.HURTS and levels(4)["service.policy"] == Level.MEND
    assert levels(2)["service.runbook"] == Level.MEND and levels(3)["service.runbook"] == Level.NICE


def test_what_the_installation_lacks() -> None:
    well = InstallationFacts(administrators=2, published=True, dead_man=True, alarm=True, mail="")
    assert not lacks_of_all(well, Thresholds()).lacks
    found = lacks_of_all(
        InstallationFacts(1, published=False, dead_man=False, alarm=False, mail="no server."), Thresholds()
    )
    assert [each.check for each in found.lacks] == ["dead-man", "mail", "administrators", "alarm", "published"]
