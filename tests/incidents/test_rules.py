"""What to do next, and when things happened: pure, so any situation can be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watchroom.incidents import rules
from watchroom.incidents.rules import Facts, Row, Snapshot

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
instants = st.integers(0, 30_000_000).map(lambda seconds: NOW + timedelta(seconds=seconds - 15_000_000))
maybe = st.none() | instants
counts = st.integers(0, 3)
snapshots = st.builds(
    Snapshot,
    status=st.sampled_from(["active", "mitigated", "resolved"]),
    commander=st.booleans(),
    commander_accepted=st.booleans(),
    communications=st.booleans(),
    symptoms=counts,
    tried=counts,
    running=counts,
    worked=counts,
    alerts=counts,
    firing=counts,
    updates=counts,
    next_update_at=maybe,
    postmortem=st.none() | st.booleans(),
)


@given(snapshots)
def test_while_it_is_open_there_is_always_something_to_do(snapshot: Snapshot) -> None:
    steps = rules.next_steps(snapshot, NOW)
    assert steps or snapshot.status == "resolved"
    assert len({step.key for step in steps}) == len(steps)
    if snapshot.status != "resolved" and not snapshot.commander:
        assert steps[0].key == "command"
    if snapshot.status == "resolved":
        assert [step.key for step in steps] == (["postmortem"] if snapshot.postmortem is False else [])


def test_mitigation_comes_before_the_cause() -> None:
    led = Snapshot(commander=True, commander_accepted=True)
    assert rules.next_steps(led, NOW)[0].title == "What can stop the bleeding?"
    assert (
        rules.next_steps(Snapshot(commander=True, commander_accepted=True, tried=1, running=1), NOW)[0].key == "outcome"
    )
    assert (
        rules.next_steps(Snapshot(commander=True, commander_accepted=True, tried=1, worked=1), NOW)[0].key
        == "mitigated"
    )
    assert rules.next_steps(Snapshot(commander=True, commander_accepted=True, alerts=2), NOW)[0].key == "resolve"
    late = Snapshot(commander=True, commander_accepted=True, updates=1, next_update_at=NOW)
    assert rules.next_steps(late, NOW)[0].key == "update"
    assert rules.next_steps(late, NOW - timedelta(seconds=1))[0].key == "mitigate"


@given(
    st.builds(
        Facts,
        declared_at=instants,
        phase=st.sampled_from(["active", "mitigated", "resolved", "closed"]),
        alert_started=maybe,
        alert_seen=maybe,
        acknowledged=maybe,
        role_accepted=maybe,
    )
)
def test_computed_times_never_contradict_each_other(facts: Facts) -> None:
    times = {moment: row.at for moment, row in rules.computed(facts).items()}
    assert times["started"] <= times["detected"] <= times["declared"]
    for moment, at in times.items():
        assert rules.out_of_order(times, moment, at) is None


rows = st.lists(
    st.builds(Row, st.sampled_from(rules.MOMENTS), instants, st.just("x"), st.sampled_from(["", "known from the log"])),
    max_size=12,
)


@given(
    st.builds(Facts, declared_at=instants, phase=st.sampled_from(["active", "mitigated", "resolved", "closed"])), rows
)
def test_a_correction_is_laid_over_and_an_open_incident_is_not_resolved(facts: Facts, stored: list[Row]) -> None:
    times = rules.key_times(facts, stored)
    assert list(times) == [moment for moment in rules.MOMENTS if moment in times]
    for moment in ("started", "detected", "acknowledged", "declared"):
        corrections = [row for row in stored if row.moment == moment and row.corrected]
        if corrections:
            assert times[moment] == corrections[-1]
    over = {"resolved": {"resolved", "closed"}, "closed": {"closed"}}
    for moment, phases in over.items():
        assert (moment in times) == (facts.phase in phases and any(row.moment == moment for row in stored))
    assert facts.phase != "active" or "mitigated" not in times


def test_the_second_mitigation_outranks_the_correction_of_the_first() -> None:
    stored = [
        Row("mitigated", NOW, "first"),
        Row("mitigated", NOW - timedelta(minutes=5), "by Ana", "graph"),
        Row("mitigated", NOW + timedelta(hours=1), "second"),
    ]
    assert rules.key_times(Facts(NOW, "mitigated"), stored)["mitigated"].provenance == "second"


def test_out_of_order_names_what_is_in_the_way() -> None:
    times = {"started": NOW, "mitigated": NOW + timedelta(hours=1)}
    assert rules.out_of_order(times, "mitigated", NOW - timedelta(minutes=1)) == ("started", "before")
    assert rules.out_of_order(times, "started", NOW + timedelta(hours=2)) == ("mitigated", "after")
    assert rules.out_of_order(times, "started", NOW) is None


@given(st.lists(st.text(min_size=1, max_size=300), max_size=5))
def test_a_proposed_title_fits(titles: list[str]) -> None:
    assert len(rules.proposed_title(titles)) <= 200


def test_proposed_severity_is_that_of_the_worst() -> None:
    assert rules.proposed_severity([]) == 3
    assert rules.proposed_severity(["info", "critical", "warning"]) == 2
