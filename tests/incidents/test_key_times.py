"""When everybody needed was there, and when the first mitigation was tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.incidents import commands, queries, rules
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations import commands as mitigations

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROLES = st.sampled_from(["commander", "communications", "operations", "scribe"])


@given(st.sets(ROLES), st.dictionaries(ROLES, st.integers(0, 600).map(lambda each: START + timedelta(seconds=each))))
def test_everybody_is_there_when_the_last_needed_role_has_somebody(
    needed: set[str], said_yes: dict[str, datetime]
) -> None:
    at = rules.assembled_at(needed, said_yes)
    if not needed or needed - said_yes.keys():
        assert at is None
    else:
        assert at is not None and all(said_yes[role] <= at for role in needed) and at in said_yes.values()


@pytest.mark.parametrize(
    ("phase", "last", "stage"),
    [
        ("active", None, "investigating"),
        ("active", "identified", "identified"),
        ("active", "monitoring", "monitoring"),
        ("active", "resolved", "investigating"),
        ("mitigated", "investigating", "monitoring"),
        ("mitigated", None, "monitoring"),
        ("resolved", "monitoring", "resolved"),
        ("closed", None, "resolved"),
    ],
)
def test_an_update_is_proposed_at_the_stage_that_the_incident_has_reached(
    phase: str, last: str | None, stage: str
) -> None:
    assert rules.stage_now(phase, last) == stage


@pytest.mark.django_db
def test_assembled_and_first_mitigation_are_recorded_once(clock: TravellingClock) -> None:
    ada, kim = make.actor("Ada"), make.person("Kim", "responder")
    incident = commands.declare(ada, title="Checkout is slow", severity=1)
    commands.assign_role(ada, incident, "commander", ada.person)
    assert "assembled" not in queries.times_of(incident) and "tried" not in queries.times_of(incident)
    clock.advance(timedelta(minutes=4))
    mitigations.start(ada, incident, title="Roll back checkout")
    clock.advance(timedelta(minutes=2))
    asked = commands.assign_role(ada, incident, "communications", kim)
    assert "assembled" not in queries.times_of(incident), "asked is not there yet"
    commands.accept_role(acting(kim), asked)
    clock.advance(timedelta(minutes=9))
    mitigations.start(ada, incident, title="Scale up")
    commands.end_role(ada, asked)
    times = queries.times_of(incident)
    assert times["tried"].at - incident.declared_at == timedelta(minutes=4)
    assert times["tried"].provenance.endswith("Roll back checkout")
    assert times["assembled"].at - incident.declared_at == timedelta(minutes=6)
    assert list(times)[-2:] == ["assembled", "tried"]
    commands.correct_time(ada, incident, "tried", incident.declared_at + timedelta(minutes=1), "By hand, before")
    assert queries.times_of(incident)["tried"].at - incident.declared_at == timedelta(minutes=1)
