"""Which events are wanted, when a delivery is tried again, and when a webhook is switched off."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import watchroom
from watchroom.outgoing import rules
from watchroom.outgoing.catalog import TYPES as CATALOG

TYPES = st.from_regex(r"[a-z_]{1,10}\.[a-z_]{1,10}", fullmatch=True)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@given(TYPES)
def test_an_event_is_wanted_by_its_name_its_family_and_everything(type: str) -> None:
    noun = type.partition(".")[0]
    assert all(rules.wants([each], type) and rules.is_pattern(each) for each in (type, f"{noun}.*", "*"))
    assert not rules.wants([f"{noun}x.*", f"{type}x", noun, ""], type)
    assert not rules.wants([], type)


def test_what_is_no_name_of_events_is_no_pattern() -> None:
    for text in ("", "incident", "incident.", ".x", "Incident.x", "a.b.c", "**", "incident*", "a b.c", "ä.b"):
        assert not rules.is_pattern(text), text


@given(st.integers(1, 20))
def test_pauses_grow_and_end(tries: int) -> None:
    here, later = rules.again_after(tries), rules.again_after(tries + 1)
    assert (here is None) == (tries >= rules.MOST_TRIES)
    if here is not None and later is not None:
        assert later > here
    if here is not None:
        asked = timedelta(days=2)
        assert rules.again_after(tries, asked) == asked
    assert rules.rest_after(tries) <= rules.rest_after(tries + 1) <= timedelta(minutes=30)


def test_after_three_days_enough_is_enough() -> None:
    assert not rules.is_given_up(None, NOW)
    assert not rules.is_given_up(NOW - timedelta(days=2, hours=23), NOW)
    assert rules.is_given_up(NOW - timedelta(days=3), NOW)


@given(
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_team_hears_of_its_own_and_private_needs_leave(
    team: int | None, other: int | None, private: bool, drill: bool, sees_private: bool, sees_drills: bool
) -> None:
    heard = rules.concerns(
        team, other, private=private, drill=drill, sees_private=sees_private, sees_drills=sees_drills
    )
    assert heard == ((team is None or team == other) and private <= sees_private and drill <= sees_drills)


def _changes() -> Iterator[str]:
    """The names of all changes that the code makes, as far as they are written out."""
    for path in Path(watchroom.__file__).parent.rglob("commands/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in {"change", "changing", "acting_in"}:
                continue
            name = node.args[1]
            for each in (name.body, name.orelse) if isinstance(name, ast.IfExp) else (name,):
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and "." in each.value:
                    yield each.value


def test_whatever_is_changed_stands_in_the_catalogue() -> None:
    found = set(_changes())
    assert len(found) > 100
    assert sorted(found - set(CATALOG)) == []
