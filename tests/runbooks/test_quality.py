"""What a runbook lacks, and what would mend it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed
from watchroom.runbooks import commands, queries, rules
from watchroom.runbooks.models import RunbookRun
from watchroom.runbooks.rules import Known, Step

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = tuple(Step(part, "do", part, f"Do {part}", expect="It works") for part in rules.PARTS)
WHOLE = Known(
    steps=GOOD, created_at=NOW - timedelta(days=100), summary="x", review_days=30, reviewed_at=NOW, ran_at=NOW - timedelta(days=1)
)  # fmt: skip


def codes(known: Known) -> list[str]:
    found = rules.lacks(known, NOW)
    assert all(each.text and each.fix and each.code in rules.CODES for each in found)
    return [each.code for each in found]


def test_a_whole_one_lacks_nothing() -> None:
    assert codes(WHOLE) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"steps": ()}, "steps"),
        ({"summary": ""}, "summary"),
        ({"fits": False}, "fits"),
        ({"gone": [("mitigate", "x is gone")]}, "gone"),
        ({"dead": ["https://example.org/x"]}, "dead"),
        ({"review_days": None}, "reviews"),
        ({"reviewed_at": NOW - timedelta(days=30)}, "review"),
        ({"reviewed_at": None}, "review"),
        ({"ran_at": None}, "run"),
        ({"ran_at": NOW - timedelta(days=91)}, "run"),
        ({"steps": (*GOOD, replace(GOOD[0], key="b", expect=""))}, "expect"),
        ({"steps": (*GOOD, replace(GOOD[0], key="b", text="word " * 200))}, "long"),
        ({"steps": (*GOOD, replace(GOOD[0], key="b", text="\n".join("x" * 19)))}, "long"),
    ],
)
def test_each_is_found_alone(changed: dict[str, Any], code: str) -> None:
    found = codes(replace(WHOLE, **changed))
    assert code in found
    assert set(found) <= {code, "run"}


def test_what_is_to_be_copied_is_never_too_long() -> None:
    code = "```sh\n" + "kubectl get pods\n" * 100 + "```"
    assert codes(replace(WHOLE, steps=(*GOOD, replace(GOOD[0], key="b", text=f"Run:\n\n{code}")))) == []


def test_whoever_is_called_in_another_part_counts() -> None:
    call = Step("x", "call", "mitigate", "Call them", target="team:shop")
    assert codes(replace(WHOLE, steps=(*GOOD[:4], call))) == []


@given(st.sets(st.sampled_from(rules.PARTS)), st.sets(st.integers(0, 4)))
def test_exactly_the_parts_that_are_missing_are_named(missing: set[str], blind: set[int]) -> None:
    steps = tuple(
        replace(s, expect="" if n in blind else s.expect) for n, s in enumerate(GOOD) if s.part not in missing
    )
    found = codes(replace(WHOLE, steps=steps))
    if not steps:
        assert found == ["steps"]
    else:
        assert [code for code in found if code in rules.PARTS] == [part for part in rules.PARTS if part in missing]
        assert ("expect" in found) == any(not step.expect for step in steps)


def test_links_are_found_where_a_reader_would_follow_them() -> None:
    steps = (
        replace(GOOD[0], text="See (https://example.org/a_(b)). And [this](https://example.org/c?x=1), **https://example.org/d**."),
        Step("b", "look", "diagnose", "x", url="https://example.org/e", text="```\ncurl https://example.org/no\n```\n`https://example.org/neither`"),
        replace(GOOD[1], text="again https://example.org/e\n~~~\nhttps://example.org/not-closed"),
    )  # fmt: skip
    found = rules.links_in(steps, "<https://example.org/f>")
    assert [url.removeprefix("https://example.org/") for url in found] == ["f", "a_(b)", "c?x=1", "d", "e"]


@pytest.mark.django_db
def test_links_are_asked_and_what_came_of_it_is_kept(http_peer: HttpPeer, configured: Any) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    status = {"/there": 200, "/gone": 404, "/door": 401, "/moved": 301}
    http_peer.otherwise = lambda request: Answer(status[request.path])
    text = (
        " ".join(f"{http_peer.url}{path}" for path in status)
        + " http://127.0.0.1:1/nobody http://10.0.0.1/private ftp://x"
    )
    row = commands.save_runbook(
        make.actor(), None, team=make.team(), name="Links", steps=[{"part": "confirm", "title": "Look", "text": text}]
    )
    row = commands.check_links(make.actor(role="responder"), row)
    found = {each["url"].rpartition("/")[2]: each["ok"] for each in row.links}
    assert found == {"there": True, "gone": False, "door": True, "moved": True, "nobody": False, "private": None}
    dead = {each.text for each in queries.lacks(row) if each.code == "dead"}
    assert dead == {f"A link is dead: {http_peer.url}/gone", "A link is dead: http://127.0.0.1:1/nobody"}
    with pytest.raises(NotAllowed):
        commands.check_links(acting(make.person()), row)


@pytest.mark.django_db
def test_whoever_has_gone_through_it_is_found(clock: TravellingClock) -> None:
    row = commands.save_runbook(
        make.actor(), None, team=make.team(), name="Tried", steps=[{"part": "confirm", "title": "Look"}]
    )
    assert "run" in {each.code for each in queries.lacks(row)}
    over = {"started_at": clock(), "ended_at": clock(), "helped": "helped", "version": 1, "steps": []}
    RunbookRun.objects.create(runbook=row, name=row.name, **over)
    RunbookRun.objects.create(name="Another", **over)
    assert queries.last_run_of([row]) == {row.pk: clock()}
    assert "run" not in {each.code for each in queries.lacks(row)}
    clock.advance(timedelta(days=91))
    assert "run" in {each.code for each in queries.lacks(row)}
