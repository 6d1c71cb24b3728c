"""Many pages at once to one person, limits, quiet hours, and people who are away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import transaction
from django.test import Client

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.channels.phones import twilio
from watchroom.engine.loop import run_due
from watchroom.intake.commands import acknowledge
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.oncall.commands import add_absence
from watchroom.paging import commands
from watchroom.paging.commands import results
from watchroom.paging.conditions import Facts
from watchroom.paging.models import Attempt, Escalation, Notification
from watchroom.paging.queries import dry_run, trace
from watchroom.paging.quiet import outside

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"
HOME = "https://watch.example.org"


@pytest.fixture
def hook(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8", WATCHROOM_URL=HOME)
    return http_peer


def reachable(hook: HttpPeer, name: str, **fields: Any) -> Any:
    person = make.person(name, "responder", **fields)
    settings = {"url": f"{hook.url}/{name}", "secret": "a secret of sixteen letters"}
    make.contact_method(person, settings=settings)
    return person


def storm(policy: Any, count: int, severity: str = "warning") -> list[Any]:
    found = []
    for number in range(count):
        level = "critical" if number == count - 1 else severity
        group = make.group(f"Problem {number}", service=make.service(team=policy.team), policy=policy, severity=level)
        start_paging([group])
        found.append(group)
    return found


def test_a_storm_is_one_message_with_one_answer_and_each_in_the_book(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    groups = storm(make.policy((anna, 3600)), 12)
    run_due()
    (request,) = hook.requests
    said = request.json()
    assert said["subject"].startswith("12 alert groups, worst: ") and said["subject"].endswith("Problem 11")
    assert said["actions"][0]["label"] == "Acknowledge all 12" and len(said["facts"]["escalations"]) == 12
    rows = list(Notification.objects.order_by("id"))
    assert len(rows) == 12 and {row.state for row in rows} == {"sent"}
    assert len({row.bundle_id for row in rows}) == 1 and all("11 more pages" in row.note for row in rows)
    assert Attempt.objects.filter(outcome="ok").count() == 12
    path = urlsplit(said["actions"][0]["url"]).path
    page = Client().get(path).content.decode()
    assert "Acknowledge all 12" in page and "Problem 3" in page
    assert Client().post(path).status_code == 302
    for group in groups:
        group.refresh_from_db()
        assert group.acknowledged_by == anna
    assert not Escalation.objects.filter(ended_at=None).exists()
    assert "Acknowledge all" not in Client().get(path).content.decode()


def test_the_message_says_where_the_alerts_of_all_groups_differ(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    policy = make.policy((anna, 3600))
    services = [make.service(name, slug=name, team=policy.team) for name in ("pay", "search")]
    for number in range(4):
        group = make.group(f"Problem {number}", service=services[number == 3], policy=policy)
        make.alert(group, labels={"zone": "a", "instance": f"i{number}"})
        start_paging([group])
    run_due()
    (request,) = hook.requests
    said = request.json()
    lines = ["service: pay (3), search (1)", "instance: 4 different, such as i0, i1, i2"]
    assert said["body"].splitlines()[:3] == [*lines, f"- {said['subject'].partition('worst: ')[2]}"]
    page = Client().get(urlsplit(said["actions"][0]["url"]).path).content.decode()
    assert all(line in page for line in lines)


def test_two_pages_are_two_messages(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    storm(make.policy((anna, 3600)), 2)
    run_due()
    assert len(hook.requests) == 2


def test_bundles_can_be_switched_off(clock: TravellingClock, hook: HttpPeer, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_BUNDLE_PAGES="false", WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    anna = reachable(hook, "anna")
    storm(make.policy((anna, 3600)), 5)
    run_due()
    assert len(hook.requests) == 5


def test_pages_that_go_one_by_one_keep_to_the_seats(
    clock: TravellingClock, hook: HttpPeer, configured: Callable[..., None]
) -> None:
    """More than asked for is taken only where it goes as one message."""
    anna = reachable(hook, "anna")
    make.contact_method(anna, "browser", {"person": anna.pk})
    words = {"url": f"{hook.url}/am", "secret": "a secret of sixteen letters", "format": "alertmanager"}
    alike = make.contact_method(anna, settings=words)
    storm(make.policy((anna, 3600)), 5)
    commands.take_turn(5)
    with transaction.atomic():
        claimed = commands.claim(3)  # one by each way
        assert len(claimed) == 3 and {row.contact_method_id for (row, _), *_ in claimed} >= {alike.pk}
        assert sum(len(message) for message in claimed) == 7  # the five by webhook are one message
        transaction.set_rollback(True)
    configured(WATCHROOM_BUNDLE_PAGES="false")
    assert [len(message) for message in commands.claim(2)] == [1, 1]


def test_a_storm_without_end_keeps_nobody_waiting_for_it(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    commands.set_limit(acting(anna), anna.contact_methods.get(), count=None, seconds=None, collect_seconds=30)
    policy = make.policy((anna, 3600))
    storm(policy, 2)
    run_due()
    storm(policy, 1)
    run_due()  # three within a minute: it is a storm
    (late,) = storm(policy, 1)
    run_due()
    row = Notification.objects.get(escalation__subject_id=late.pk)
    assert row.due_at == clock() + timedelta(seconds=30)
    Notification.objects.filter(state="sent").update(ended_at=clock() + timedelta(seconds=25))  # and it goes on
    clock.advance(timedelta(seconds=30))
    run_due()
    row.refresh_from_db()
    assert row.state == "sent"


def test_a_message_that_is_being_sent_is_not_hurried(clock: TravellingClock, hook: HttpPeer) -> None:
    """It was taken for sending just after its forerunner had failed: its lease stays as it is."""
    anna = reachable(hook, "anna")
    first = anna.contact_methods.get()
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": "a secret of sixteen letters"})
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 900)])
    storm(make.policy((anna, 3600)), 1)
    commands.take_turn(1)
    lease = clock() + timedelta(seconds=60)
    following = Notification.objects.filter(contact_method=second)

    def taken(*given: Any) -> Any:
        following.update(state="sending", tries=1, due_at=lease)
        return outside(*given)

    hook.answer(Answer(410))
    with patch.object(results, "outside", taken):
        run_due()
    assert following.get().due_at == lease and len(hook.requests) == 1


def test_what_was_answered_in_between_is_left_out_of_the_next_try(clock: TravellingClock, hook: HttpPeer) -> None:
    """A bundle that fails is tried again as one, without what has been answered; its parts never pull each other down."""
    anna = reachable(hook, "anna")
    groups = storm(make.policy((anna, 3600)), 4)
    hook.answer(Answer(503))
    run_due()
    assert Notification.objects.filter(state="waiting").count() == 4
    assert Notification.objects.values("due_at").distinct().count() == 1
    acknowledge(acting(anna), groups[3])
    clock.advance(timedelta(minutes=1))
    run_due()
    said = hook.requests[-1].json()
    assert said["subject"].startswith("3 alert groups") and "Problem 3" not in said["body"]
    assert Notification.objects.filter(state="sent").count() == 3


def test_a_bundle_that_nobody_takes_lets_each_next_way_go(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    first = anna.contact_methods.get()
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": "a secret of sixteen letters"})
    commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 900)])
    storm(make.policy((anna, 3600)), 3)
    hook.answer(Answer(410))
    run_due()
    run_due()
    assert [request.path for request in hook.requests] == ["/anna", "/second"]
    assert hook.requests[1].json()["subject"].startswith("3 alert groups")


def test_one_reply_by_text_answers_all(
    clock: TravellingClock, http_peer: HttpPeer, configured: Callable[..., None]
) -> None:
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_URL=HOME,
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{host}?from=+4930111222",
    )
    http_peer.otherwise = Answer(201, b'{"sid": "X1"}')
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "sms", {"number": NUMBER})
    groups = storm(make.policy((anna, 3600)), 5)
    run_due()
    (request,) = http_peer.requests
    form = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert form["Body"].startswith("5 alert groups, worst: ")

    def tell(url: str, **said: str) -> Any:
        path = url if url.startswith("/") else urlsplit(url).path
        signed = twilio.signature("tok", f"{HOME}{path}", {name: [value] for name, value in said.items()})
        return Client(HTTP_X_TWILIO_SIGNATURE=signed).post(path, said)

    tell(form["StatusCallback"], MessageStatus="delivered")
    assert set(Notification.objects.values_list("state", flat=True)) == {"delivered"}
    assert "5 are yours" in tell("/phone/text", From=NUMBER, Body="1").content.decode()
    for group in groups:
        group.refresh_from_db()
        assert group.acknowledged_by == anna


def test_a_limit_holds_repeats_and_never_the_first_word(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    method = anna.contact_methods.get()
    commands.set_limit(acting(anna), method, count=2, seconds=3600)
    policy = make.policy((anna, 60), repeats=5)
    storm(policy, 1)
    run_due()
    clock.advance(timedelta(seconds=60))
    run_due()
    assert len(hook.requests) == 2  # the limit is reached
    clock.advance(timedelta(seconds=60))
    run_due()
    assert len(hook.requests) == 2
    held = Notification.objects.get(state="waiting")
    assert "limit of Webhook: 2 messages in 60 min" in held.note and held.due_at is not None
    assert held.due_at <= clock() + timedelta(hours=1)
    second = make.group("Another problem", service=make.service(team=policy.team), policy=policy)
    start_paging([second])
    run_due()
    assert len(hook.requests) == 3 and hook.requests[-1].json()["subject"].endswith("Another problem")


def test_a_limit_is_said_with_both_numbers(hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    method = anna.contact_methods.get()
    for given in ({"count": 0, "seconds": 60}, {"count": 5, "seconds": None}, {"count": 5, "seconds": 7200}):
        with pytest.raises(Refused):
            commands.set_limit(acting(anna), method, **given)  # type: ignore[arg-type]


def test_quiet_hours_hold_what_can_wait_and_nothing_else(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna", timezone="Europe/Berlin")
    commands.set_quiet_hours(acting(anna), anna, time(22), time(7))
    clock.to(clock().replace(hour=22, minute=30))  # 23:30 in Berlin
    low = make.policy((anna, 300), (anna, 300))
    group = make.group("Disk half full", service=make.service(team=low.team), policy=low, severity="warning")
    start_paging([group])
    Escalation.objects.update(urgency="low")
    run_due()
    row = Notification.objects.get()
    assert row.state == "waiting" and "end of quiet hours at 07:00" in row.note
    escalation = Escalation.objects.get()
    assert row.due_at is not None and escalation.due_at is not None
    assert (row.due_at.hour, row.due_at.minute) == (6, 0)
    assert escalation.due_at == row.due_at + timedelta(minutes=5)  # nobody is passed over for sleeping
    assert any("Anna" in line["text"] or "anna" in line["text"] for line in trace(escalation) if line["future"])
    (urgent,) = storm(make.policy((anna, 3600)), 1)
    run_due()
    assert len(hook.requests) == 1 and hook.requests[0].json()["urgent"] is True
    acknowledge(acting(anna), urgent)
    clock.to(row.due_at)
    run_due()
    assert len(hook.requests) == 2
    # The preview says the same as the engine did.
    lines = dry_run(low, row.due_at.replace(hour=1), facts=Facts(urgency="low"))
    assert "quiet hours" in lines[0]["text"] and lines[1]["at"].hour == 6


def away(person: Any, clock: TravellingClock, days: int = 7) -> None:
    add_absence(
        acting(person), person, starts_at=clock(), ends_at=clock() + timedelta(days=days), reason="Sea", paged=False
    )


def test_whoever_is_away_is_passed_over_at_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    policy = make.policy((anna, 900), (ben, 900))
    away(anna, clock)
    assert "not anna, who is away" in dry_run(policy)[0]["text"]
    assert dry_run(policy)[1]["at"] == clock()
    storm(policy, 1)
    run_due()
    run_due()
    assert [request.path for request in hook.requests] == ["/ben"]
    texts = [line["text"] for line in trace(Escalation.objects.get())]
    assert any("not anna, away until 2026-03-09 09:00\u202fUTC" in text for text in texts)
    clock.advance(timedelta(days=7))
    storm(policy, 1)
    run_due()
    assert hook.requests[-1].path == "/anna"


def test_absence_alone_does_not_silence(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    add_absence(acting(anna), anna, starts_at=clock(), ends_at=clock() + timedelta(days=1), reason="Dentist")
    storm(make.policy((anna, 900)), 1)
    run_due()
    assert len(hook.requests) == 1


def test_if_everybody_is_away_somebody_is_paged_all_the_same(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    root = make.person("root", "administrator")
    make.contact_method(root, settings={"url": f"{hook.url}/root", "secret": "a secret of sixteen letters"})
    away(anna, clock)
    away(root, clock)
    storm(make.policy((anna, 900), repeats=0), 1)
    for _ in range(4):
        run_due()
    assert [request.path for request in hook.requests] == ["/root"]


def test_nobody_who_is_away_is_paged_directly(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    away(anna, clock)
    with pytest.raises(Refused, match="away"):
        commands.page(acting(ben), people=[anna], title="Help")
    commands.page(acting(ben), people=[anna, ben], title="Help")
    run_due()
    assert [request.path for request in hook.requests] == ["/ben"]


def test_nobody_is_paged_twice_for_what_they_have_acknowledged(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    second = make.contact_method(anna, settings={"url": f"{hook.url}/second", "secret": "a secret of sixteen letters"})
    commands.set_rules(acting(anna), anna, "high", [(anna.contact_methods.first().pk, 0), (second.pk, 60)])
    (group,) = storm(make.policy((anna, 60), (anna, 60), repeats=3), 1)
    run_due()
    acknowledge(acting(anna), group)
    clock.advance(timedelta(hours=3))
    run_due()
    assert [request.path for request in hook.requests] == ["/anna"]
