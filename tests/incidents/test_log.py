"""The running log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from watchroom.incidents import commands
from watchroom.incidents.models import LogEntry
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused


def test_one_entry_per_client_key(world: Any) -> None:
    incident = commands.declare(world.by, title="x")
    first = commands.log(world.by, incident, "symptom", "Errors went up", client_key="abc")
    assert commands.log(world.by, incident, "symptom", "Errors went up", client_key="abc") == first
    assert commands.log(world.by, incident, "note", "Errors went up", client_key="") != first
    assert LogEntry.objects.filter(incident=incident, client_key="abc").count() == 1


def test_an_entry_is_checked(world: Any, clock: TravellingClock) -> None:
    incident, other = commands.declare(world.by, title="x"), commands.declare(world.by, title="y")
    elsewhere = commands.log(world.by, other, "hypothesis", "Disk")
    for wrong in (
        {"kind": "note", "text": "  "},
        {"kind": "system", "text": "x"},
        {"kind": "note", "text": "x", "at": clock.instant + timedelta(hours=1)},
        {"kind": "note", "text": "x", "at": clock.instant.replace(tzinfo=None)},
        {"kind": "result", "text": "x", "parent": elsewhere},
        {"kind": "note", "text": "x", "client_key": "k" * 65},
    ):
        with pytest.raises(Refused):
            commands.log(world.by, incident, **wrong)


def test_an_edit_keeps_what_it_said_before(world: Any, clock: TravellingClock) -> None:
    incident = commands.declare(world.by, title="x")
    entry = commands.log(world.by, incident, "note", "3 % fail")
    clock.advance(timedelta(minutes=1))
    commands.edit_entry(world.by, entry, text="30 % fail")
    commands.edit_entry(world.by, entry, text="30 % fail")
    entry.refresh_from_db()
    assert (entry.text, entry.edited_at) == ("30 % fail", clock.instant)
    assert [each.text for each in entry.revisions.all()] == ["3 % fail"]
    with pytest.raises(Conflict):
        commands.edit_entry(world.by, LogEntry.objects.filter(kind="system").first(), text="never happened")


def test_hypotheses_stand_and_fall(world: Any) -> None:
    incident = commands.declare(world.by, title="x")
    guess = commands.log(world.by, incident, "hypothesis", "The release")
    assert guess.standing == "open"
    assert commands.set_standing(world.by, guess, "testing").tester == world.responder
    assert commands.set_standing(world.by, guess, "ruled_out").standing == "ruled_out"
    assert LogEntry.objects.filter(type="hypothesis.standing").count() == 2
    with pytest.raises(Refused):
        commands.set_standing(world.by, guess, "maybe")
    with pytest.raises(Refused):
        commands.set_standing(world.by, commands.log(world.by, incident, "note", "x"), "open")
    assert commands.pin(world.by, guess).pinned
    assert not commands.pin(world.by, guess, False).pinned
