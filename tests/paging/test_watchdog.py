"""Watchroom says when paging itself is impaired: by API, and by not telling the outside monitor that all is well."""

from __future__ import annotations

from datetime import timedelta

import pytest

import factories as make
from paging.test_escalation import hook, reachable, start  # noqa: F401
from peers.http import Answer, HttpPeer
from watchroom.engine.loop import ping, run_due
from watchroom.engine.queries import health
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db


def test_a_channel_by_which_nothing_gets_through_is_named_and_the_outside_monitor_hears_nothing(
    clock: TravellingClock,
    hook: HttpPeer,  # noqa: F811
) -> None:
    outside = f"{hook.url}/alive"
    assert ping(outside) and hook.requests[-1].path == "/alive"
    people = [reachable(hook, name) for name in ("anna", "ben", "eve")]
    hook.answer(*[Answer(410)] * 3, Answer(200))
    for number, person in enumerate(people):
        start(make.policy((person, 3600)), subject_id=number + 1)
    run_due()
    assert health()["providers"] == {"webhook": {"attempts": 3, "failed": 3}}
    assert health()["impaired"] == ["Nothing has got through by webhook in 15 min: 3 attempts failed."]
    asked = len(hook.requests)
    assert not ping(outside) and len(hook.requests) == asked
    clock.advance(timedelta(minutes=16))
    assert health()["impaired"] == []


def test_an_engine_that_is_behind_is_impaired(clock: TravellingClock, hook: HttpPeer) -> None:  # noqa: F811
    start(make.policy((reachable(hook, "anna"), 60)))
    clock.advance(timedelta(minutes=2))
    assert health()["impaired"] == []
    clock.advance(timedelta(minutes=3))
    assert health()["impaired"] == ["The engine is 5 min behind."]
    assert not ping(f"{hook.url}/alive")
