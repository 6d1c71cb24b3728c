"""What has to be done, as a pure function."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watchroom.config.difference import State, plan

fields = st.dictionaries(st.sampled_from(["name", "team", "tier"]), st.integers(0, 3), min_size=1, max_size=3)
states = st.dictionaries(
    st.sampled_from(["teams", "services"]), st.dictionaries(st.sampled_from("abc"), fields, max_size=3), max_size=2
)


def applied(current: State, wanted: State, prune: bool) -> State:
    """A small model of carrying a plan out."""
    after: State = {kind: {key: dict(thing) for key, thing in things.items()} for kind, things in current.items()}
    for step in plan(current, wanted, prune=prune):
        things: dict[str, dict[str, Any]] = after.setdefault(step.kind, {})
        if step.verb == "delete":
            del things[step.key]
        else:
            things.setdefault(step.key, {}).update({name: value for name, (_, value) in step.changes.items()})
    return after


@given(states)
def test_what_is_there_already_needs_nothing(state: State) -> None:
    assert plan(state, state, prune=True) == []


@given(states, states, st.booleans())
def test_twice_is_the_same_as_once(current: State, wanted: State, prune: bool) -> None:
    assert plan(applied(current, wanted, prune), wanted, prune=prune) == []


@given(states, states)
def test_nothing_goes_unless_asked_and_only_of_the_kinds_named(current: State, wanted: State) -> None:
    assert not [step for step in plan(current, wanted) if step.verb == "delete"]
    assert {step.kind for step in plan(current, wanted, prune=True)} <= set(wanted)
