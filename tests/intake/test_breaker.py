"""A mapping that is slow on every payload costs a second for some, not for all, and nothing is lost by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.roles import Role
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.commands import mappings, receive
from watchroom.intake.commands.mappings import put_aside, try_mappings
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.intake.queries import tray_of
from watchroom.intake.rules.breaker import LONGEST_REST, PAUSE, TOO_MANY, TRIES, Breaker
from watchroom.kernel.clock import TravellingClock
from watchroom.sources.mapping import drafts

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SAID = {"key": "payload.id", "title": "payload.what"}


@settings(max_examples=200, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1200)), max_size=60))
def test_it_rests_only_after_several_in_a_row_and_never_for_long(steps: list[tuple[bool, int]]) -> None:
    breaker, now, slow = Breaker(), NOW, 0
    for is_slow, seconds in steps:
        now += timedelta(seconds=seconds)
        if breaker.rests(now):
            assert slow >= TOO_MANY and breaker.until is not None and breaker.until - now <= LONGEST_REST
            continue
        slow = slow + 1 if is_slow else 0
        (breaker.took_too_long if is_slow else breaker.went_well)(now)
        assert breaker.rests(now) is (slow >= TOO_MANY)
        assert not (breaker.mended and breaker.rests(now))


def test_every_place_gets_its_try() -> None:
    places = [Breaker(TOO_MANY + number).place for number in range(129)]
    assert places[:5] == [0, 1, 0.5, 0.25, 0.75]
    assert sorted(places) == [number / 128 for number in range(129)]
    for in_a_row in (0, TOO_MANY - 1, 32_767):  # whatever stands in the book
        assert 0 <= Breaker(in_a_row).place <= 1


def test_the_count_never_outgrows_its_column() -> None:
    breaker = Breaker()
    for _ in range(40_000):
        breaker.took_too_long(NOW)
        assert breaker.in_a_row <= 32_767
    assert breaker.rest in (LONGEST_REST, PAUSE)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the worker is asked; payloads with ``slow`` take it too long."""
    found: list[Any] = []
    ask = drafts.worker.ask

    def slow_for_some(mapping: dict[str, Any], payload: Any, **more: Any) -> dict[str, Any]:
        found.append(payload)
        if isinstance(payload, dict) and payload.get("slow") and mapping["key"] == SAID["key"]:
            return {"field": "", "value": "", "why": "it takes too long", "slow": True}
        return ask(mapping, payload, **more)

    monkeypatch.setattr(drafts.worker, "ask", slow_for_some)
    return found


@pytest.fixture
def sender(clock: TravellingClock, db: None, asked: list[Any]) -> Integration:
    made = make.integration(source="json", slug="odd", name="Odd")
    commands.save_mapping(make.actor(), made, SAID)
    asked.clear()
    return made


def send(sender: Integration, number: int, *, slow: bool = True) -> Signal:
    body = f'{{"id": {number}, "what": "Disk {number}"' + (', "slow": 1}' if slow else "}")
    return make.signal(sender, body.encode(), "")


def test_it_rests_says_so_is_tried_again_and_reads_what_it_left(
    clock: TravellingClock, sender: Integration, asked: list[Any], client: Client
) -> None:
    for number in range(20):
        send(sender, number)
    send(sender, 20, slow=False)
    run_due()
    assert len(asked) == TOO_MANY  # the others cost nothing
    sender.refresh_from_db()
    assert sender.mapping_rests and sender.rests_until == clock() + MINUTE
    told = Alert.objects.get(labels__alertname="MappingRests")
    assert told.severity == "error" and told.state == "firing"
    assert tray_of(sender).count() == 21  # nothing is lost: the first were told as ever, the others are kept
    client.force_login(make.person("Manager", Role.MANAGER))
    assert "takes too long and rests" in client.get("/integrations/odd").content.decode()
    shown = client.get("/api/v1/integrations/odd").json()
    assert shown["mapping_rests"] and shown["mapping_tried_at"]
    clock.advance(MINUTE)
    run_due()  # the oldest that waits tries and takes too long, then the newest
    assert [each["id"] for each in asked[TOO_MANY:]] == [TOO_MANY - 1] and tray_of(sender).count() == 21
    clock.advance(PAUSE)
    run_due()  # so it works, and what waits is read from the oldest on, until five more have taken too long
    assert [each["id"] for each in asked[TOO_MANY + 1 :]] == [20, *range(TOO_MANY - 1, 2 * TOO_MANY - 1)]
    for _ in range(3):
        clock.advance(MINUTE)
        run_due()
        clock.advance(PAUSE)
        run_due()
    assert Alert.objects.filter(title="Disk 20").exists()  # after all those before it
    sender.refresh_from_db()
    assert not sender.mapping_rests and sender.rests_until is None
    assert Alert.objects.get(labels__alertname="MappingRests").state == "resolved"
    assert tray_of(sender).count() == 20  # each of the slow ones was told


def test_tries_that_take_too_long_make_the_rest_longer(
    clock: TravellingClock, sender: Integration, asked: list[Any]
) -> None:
    for number in range(8):
        send(sender, number)
    run_due()
    for minutes in (1, 2, 4, 8, 15, 15):
        sender.refresh_from_db()
        assert sender.rests_until == clock() + minutes * MINUTE
        before = len(asked)
        clock.advance(minutes * MINUTE)
        for number in range(TRIES):  # others are read between them
            run_due()
            assert len(asked) == before + number + 1
            clock.advance(PAUSE)
        clock.advance(-PAUSE)
    assert Alert.objects.get(labels__alertname="MappingRests").state == "firing"
    assert tray_of(sender).count() == 8


STATED = {**SAID, "state": "payload.state"}


def test_what_ends_an_alert_is_read_after_what_began_it(
    clock: TravellingClock, sender: Integration, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mappings, "AGAIN_AT_ONCE", 2)

    def say(number: int, state: str) -> None:
        make.signal(sender, f'{{"id": {number}, "what": "Disk {number}", "state": "{state}"}}'.encode(), "")

    commands.save_mapping(make.actor(), sender, STATED)
    for number in range(TOO_MANY):
        send(sender, number)
    for number in range(10, 15):
        say(number, "firing")
    for number in range(10, 13):
        say(number, "ok")
    read_signals(100)
    sender.refresh_from_db()
    assert sender.mapping_rests
    asked.clear()
    clock.advance(MINUTE)
    say(13, "ok")  # it comes while older ones are waiting to be tried
    read_signals(100)
    assert not asked
    commands.save_mapping(make.actor(), sender, {**STATED, "key": "string(payload.id)"})
    asked.clear()
    for turn in range(30):
        try_mappings()
        if turn == 3:
            say(14, "ok")  # between what is read again
        read_signals(100)
    sender.refresh_from_db()
    assert (sender.slow_in_a_row, sender.rests_until) == (0, None)
    assert [each["id"] for each in asked[1:]] == [TOO_MANY - 1, *range(10, 15), *range(10, 15)]  # after the one try
    alerts = Alert.objects.filter(title__in=[f"Disk {number}" for number in range(10, 15)])
    assert [alert.state for alert in alerts] == ["resolved"] * 5
    say(15, "firing")  # all is well again
    read_signals(100)
    assert asked[-1]["id"] == 15 and put_aside(sender).count() == 0


def test_what_waits_keeps_its_place_when_the_mapping_rests_again_meanwhile(
    clock: TravellingClock, sender: Integration, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mappings, "AGAIN_AT_ONCE", 10)
    for number in range(TOO_MANY):
        send(sender, number)
    for number in range(5, 20):
        send(sender, number, slow=not 11 <= number < 16)
    for state in ("firing", "ok"):
        make.signal(sender, f'{{"id": 20, "what": "Disk 20", "state": "{state}"}}'.encode(), "")
    commands.save_mapping(make.actor(), sender, {**STATED, "key": SAID["key"]})
    read_signals(100)
    manager = acting(make.person("Manager", Role.MANAGER))
    commands.replay_tray(manager, sender)  # by hand, while it rests: everything waits on where it stood
    read_signals(100)
    waiting = list(put_aside(sender).values_list("body", flat=True))
    assert [
        f'"id": {number},' in bytes(body).decode() for number, body in zip([*range(21), 20], waiting, strict=True)
    ] == [True] * 22
    asked.clear()
    for _ in range(12):
        clock.advance(MINUTE)
        run_due()
        send(sender, 99, slow=False)
        run_due()
    read = [each["id"] for each in asked]
    firsts = sorted((read.index(number) for number in range(1, 20)), key=int)
    assert firsts == [
        read.index(number) for number in range(1, 20)
    ]  # in the order in which they came, whatever was between
    alerts = {alert.title: alert.state for alert in Alert.objects.filter(title__startswith="Disk")}
    assert alerts.pop("Disk 20") == "resolved" and alerts.pop("Disk 99") == "firing"
    assert set(alerts) == {f"Disk {number}" for number in range(11, 16)}
    sender.refresh_from_db()
    assert (sender.slow_in_a_row, sender.rests_until) == (0, None) and not put_aside(sender).exists()


def test_what_is_put_aside_while_the_last_of_it_is_read_is_not_forgotten(
    clock: TravellingClock, sender: Integration, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Integration.objects.filter(pk=sender.pk).update(rests_until=clock())  # it has been mended
    send(sender, 1, slow=False)
    parsed = receive._parsed

    def parse_while_the_other_finishes(*given: Any) -> Any:
        found = parsed(*given)
        Integration.objects.filter(pk=sender.pk).update(rests_until=None)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(receive, "_parsed", parse_while_the_other_finishes)
        read_signals(1)
    assert not asked and put_aside(sender).count() == 1
    run_due()
    sender.refresh_from_db()
    assert sender.rests_until is None and Alert.objects.filter(title="Disk 1").exists()


def test_a_better_mapping_reads_everything_that_was_kept_at_once(
    clock: TravellingClock, sender: Integration, asked: list[Any]
) -> None:
    for number in range(12):
        send(sender, number)
    run_due()
    sender.refresh_from_db()
    commands.save_mapping(make.actor(), sender, {**SAID, "key": "string(payload.id)"})
    for _ in range(3):
        run_due()
    sender.refresh_from_db()
    assert (sender.slow_in_a_row, sender.rests_until) == (0, None)
    assert Alert.objects.get(labels__alertname="MappingRests").state == "resolved"
    read = set(Alert.objects.filter(title__startswith="Disk").values_list("title", flat=True))
    assert read == {f"Disk {number}" for number in range(TOO_MANY - 1, 12)}
    left = [signal.problems[0]["fix"] for signal in tray_of(sender)]
    assert len(left) == TOO_MANY - 1 and all("too long" in fix for fix in left)  # told before it rested: by a button


def test_some_that_are_slow_among_others_change_nothing(
    clock: TravellingClock, sender: Integration, asked: list[Any]
) -> None:
    for number in range(20):
        send(sender, number, slow=number % TOO_MANY != 0)
    run_due()
    sender.refresh_from_db()
    assert len(asked) == 20 and not sender.mapping_rests and sender.rests_until is None


def test_without_anything_kept_the_next_payload_tries(
    clock: TravellingClock, sender: Integration, asked: list[Any]
) -> None:
    for number in range(TOO_MANY):
        send(sender, number)
    run_due()
    manager = acting(make.person("Manager", Role.MANAGER))
    commands.replay_tray(manager, sender)  # by hand, while it rests: it stays where it was
    run_due()
    assert len(asked) == TOO_MANY and tray_of(sender).count() == TOO_MANY
    Signal.objects.all().delete()
    clock.advance(MINUTE)
    run_due()
    sender.refresh_from_db()
    assert sender.mapping_rests and sender.rests_until is None
    send(sender, 99, slow=False)
    run_due()
    sender.refresh_from_db()
    assert not sender.mapping_rests and Alert.objects.filter(title="Disk 99").exists()
