"""Where an incident meets, what its channel is called, and what is said there."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from watchroom.venues.rules import Facts, Plan, channel_name, heard, is_told, plan_for, topic

PLANS = st.builds(
    Plan,
    id=st.integers(1, 50),
    team=st.sampled_from([None, 1, 2]),
    least_severity=st.integers(0, 5),
    types=st.sampled_from([(), ("leak",)]),
    private=st.booleans(),
    drills=st.booleans(),
    chat=st.booleans(),
    call=st.booleans(),
)
FACTS = st.builds(
    Facts,
    team=st.sampled_from([None, 1]),
    severity=st.integers(1, 5),
    type=st.sampled_from(["", "leak"]),
    private=st.booleans(),
    drill=st.booleans(),
)


@given(st.lists(PLANS, unique_by=lambda each: each.id, max_size=5), FACTS, st.sampled_from(["chat", "call"]))
def test_what_is_made_by_itself_is_meant_for_it(plans: list[Plan], facts: Facts, kind: str) -> None:
    found = {each.id: each for each in plans}
    by_itself = plan_for(plans, facts, kind, by_itself=True)
    asked = plan_for(plans, facts, kind, by_itself=False)
    if by_itself is not None:
        plan = found[by_itself]
        assert facts.severity <= plan.least_severity and plan.private >= facts.private and plan.drills >= facts.drill
        assert asked is not None, "what is made by itself can be asked for"
    if asked is not None:
        plan = found[asked]
        assert plan.team in {None, facts.team} and (plan.chat if kind == "chat" else plan.call)
        assert plan.team is not None or not any(
            each.team is not None and each.team == facts.team and (each.chat if kind == "chat" else each.call)
            and (not each.types or facts.type in each.types)
            for each in plans
        ), "the team's own comes first"  # fmt: skip


@given(st.integers(1, 10**9), st.text(max_size=300), st.booleans())
def test_every_product_takes_the_name(number: int, title: str, drill: bool) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,60}", channel_name(number, title, drill=drill))


def test_the_link_is_never_cut_off() -> None:
    said = topic(1, "Active", "", "https://watchroom.example.org/incidents/12", "x" * 400, drill=False)
    assert len(said) <= 240 and said.startswith("https://watchroom.example.org/incidents/12 · SEV1 · Active")


def test_lines_for_the_log_and_lines_that_are_told() -> None:
    assert heard("log the pool is full") == ("note", "the pool is full")
    assert heard("Decision: we fail over") == ("decision", "we fail over")
    assert heard("log") is None and heard("list") is None and heard("") is None
    assert is_told("decision", "", pinned=False, client_key="")
    assert not is_told("note", "", pinned=False, client_key="")
    assert is_told("note", "", pinned=True, client_key="")
    assert not is_told("decision", "", pinned=True, client_key="chat-1")
    assert is_told("system", "incident.resolved", pinned=False, client_key="")
    assert not is_told("system", "task.added", pinned=False, client_key="")
