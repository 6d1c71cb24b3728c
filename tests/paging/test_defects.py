"""Defects of paging: what reached nobody is written down, and what will reach nobody is said weeks ahead."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from paging.reached import paged, reachable, start
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed
from watchroom.paging import commands
from watchroom.paging.conditions import DAYS, Hours
from watchroom.paging.models import EscalationPolicy, Notification, PagingDefect
from watchroom.paging.outlook import warnings_of
from watchroom.paging.rules import Span, common, uncovered

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def look_now() -> None:
    EscalationPolicy.objects.update(look_at=kernel_clock.now())
    commands.look_ahead(50)


@pytest.mark.django_db
def test_a_step_that_paged_nobody_is_a_defect_that_stays_until_it_is_resolved(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    manager = make.person("Mia")
    policy = make.policy((make.schedule("Empty"), 60), (reachable(hook, "anna"), 60), repeats=1, name="Shop")
    make.membership(policy.team, manager, "manager")
    start(policy)
    run_due()
    clock.advance(timedelta(seconds=60))
    run_due()
    defect = PagingDefect.objects.get(kind="nobody")
    assert defect.text.startswith("Step 1 of Shop had nobody to page: nobody is on call.")
    assert (defect.count, defect.team, defect.path) == (2, policy.team, f"/policies/{policy.slug}")
    with pytest.raises(NotAllowed):
        commands.resolve_defect(acting(make.person("Val", "responder")), defect)
    commands.resolve_defect(acting(manager), defect, note="Ben is in it now")
    start(policy, subject_id=2)
    run_due()
    assert PagingDefect.objects.filter(kind="nobody").count() == 2


@pytest.mark.django_db
def test_a_drill_is_no_defect_and_a_page_that_nobody_answered_is_one(clock: TravellingClock, hook: HttpPeer) -> None:
    policy = make.policy((make.schedule("Empty"), 60), repeats=0)
    start(policy, drill=True)
    start(make.policy((reachable(hook, "anna"), 60), repeats=0), subject_id=2)
    for _ in range(16):
        run_due()
        clock.advance(timedelta(minutes=5))
    kinds = sorted(PagingDefect.objects.exclude(kind="ahead").values_list("kind", flat=True))
    assert kinds == ["nobody", "ran_out"]  # the second: its last resort had nobody either


@pytest.mark.django_db
def test_a_step_with_nobody_in_it_is_said_weeks_ahead_to_its_owners(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben, mia = reachable(hook, "anna"), reachable(hook, "ben"), reachable(hook, "mia")
    schedule = make.schedule("Payments", people=(anna, ben), starts_at="2026-03-02T09:00")
    policy = make.policy((schedule, 300), name="Shop")
    make.membership(policy.team, mia, "manager")
    look_now()
    assert not PagingDefect.objects.exists()
    ben.contact_methods.update(enabled=False)  # a person who can't be reached is nobody
    look_now()
    defect = PagingDefect.objects.get()
    assert defect.starts_at == NOW + timedelta(days=7)
    assert "from Mon 09 Mar 09:00 to Mon 16 Mar 09:00 UTC, and 1 more times" in defect.text
    assert "only the last resort" in defect.text
    look_now()
    run_due()
    assert paged(hook) == ["mia"] and Notification.objects.get().urgency == "low"
    ben.contact_methods.update(enabled=True)
    look_now()
    defect.refresh_from_db()
    assert (defect.resolved_at, defect.note) == (clock(), "It is mended.")


@pytest.mark.django_db
def test_a_gap_that_somebody_knows_of_stays_quiet_and_hours_as_a_condition_are_no_gap(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna")
    schedule = make.schedule("Office hours", people=(anna,), starts_at="2026-03-02T09:00")
    hours = [{"start_day": day, "start": "09:00", "end_day": day, "end": "17:00"} for day in DAYS[:5]]
    schedule.rotations.update(restrictions=hours)
    policy = make.policy((schedule, 300), (anna, 300))
    look_now()
    defect = PagingDefect.objects.get()
    assert "Step 1" in defect.text and "last resort" not in defect.text
    commands.resolve_defect(make.actor(), defect, note="Known")
    clock.advance(timedelta(hours=2))
    look_now()
    assert not PagingDefect.objects.filter(resolved_at=None).exists()
    policy.steps.filter(position=0).update(
        conditions={
            "hours": {"zone": "UTC", "start": "09:00", "end": "17:00", "days": list(DAYS[:5]), "outside": False}
        }
    )
    assert warnings_of([EscalationPolicy.objects.get()], clock())[policy.pk] == []


@pytest.mark.django_db
def test_one_broken_schedule_is_a_warning_and_stops_no_other_look(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    bad, good = make.schedule("Bad", people=(anna,)), make.schedule("Good", people=(anna,))
    type(bad).objects.filter(pk=bad.pk).update(timezone="Mars/Olympus")
    broken, fine = make.policy((bad, 60)), make.policy((good, 60))
    found = warnings_of(EscalationPolicy.objects.all(), clock())
    assert [len(found[each.pk]) for each in (broken, fine)] == [1, 0]
    assert found[broken.pk][0].nobody_at_all


@pytest.mark.django_db
def test_looking_ahead_asks_no_more_for_more_policies(clock: TravellingClock, hook: HttpPeer) -> None:
    def asked(count: int) -> int:
        for _ in range(count):
            make.policy((make.schedule(people=(reachable(hook, "x"),), starts_at="2026-03-02T09:00"), 60))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = warnings_of(EscalationPolicy.objects.prefetch_related("steps__targets"), clock())
        assert not any(found.values())
        return len(queries)

    assert asked(1) == asked(4)


@pytest.mark.django_db
def test_defects_are_seen_and_resolved_by_page_api_and_home(client: Any, clock: TravellingClock) -> None:
    mia, val = make.person("Mia"), make.person("Val", "viewer")
    policy = make.policy((make.schedule("Empty"), 60), name="Shop")
    make.membership(policy.team, mia, "manager")
    look_now()
    defect = PagingDefect.objects.get()
    client.force_login(val)
    assert "Step 1 of Shop" in client.get("/paging-defects").content.decode()
    assert "Step 1 of Shop" not in client.get("/").content.decode()
    assert client.post(f"/paging-defects/{defect.pk}/resolve").status_code == 403
    assert client.post(f"/api/v1/paging-defects/{defect.pk}/resolve", "{}", "application/json").status_code == 403
    client.force_login(mia)
    assert "Step 1 of Shop" in client.get("/").content.decode()
    assert "Step 1 of Shop has nobody" in client.get(f"/policies/{policy.slug}").content.decode()
    listed = client.get("/api/v1/paging-defects").json()["items"]
    assert [(each["kind"], each["policy"]) for each in listed] == [("ahead", policy.slug)]
    assert client.get(f"/api/v1/policies/{policy.slug}/warnings").json()[0]["nobody_at_all"] is True
    assert client.post(f"/paging-defects/{defect.pk}/resolve", {"note": "Known"}).status_code == 302
    assert "Known" in client.get("/paging-defects").content.decode()
    assert client.get("/api/v1/paging-defects").json()["items"] == []


points = st.integers(0, 300).map(lambda minutes: NOW + timedelta(minutes=minutes))
pieces = st.lists(st.tuples(points, points).map(lambda pair: (min(pair), max(pair))), max_size=5)


def holds(spans: list[Span], at: datetime) -> bool:
    return any(a <= at < b for a, b in spans)


@given(pieces, pieces, points)
def test_what_is_left_uncovered_and_what_is_common_say_the_same_at_every_instant(
    left: list[Span], right: list[Span], at: datetime
) -> None:
    start, end = NOW, NOW + timedelta(minutes=300)
    a, b = uncovered(left, start, end), uncovered(right, start, end)
    if at < end:
        assert holds(a, at) == (not holds(left, at))
        assert holds(common(a, b), at) == (holds(a, at) and holds(b, at))


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.times().map(lambda at: time(at.hour, at.minute)),
    st.times().map(lambda at: time(at.hour, at.minute)),
    st.sets(st.sampled_from(DAYS)).map(tuple),
    st.booleans(),
    st.integers(0, 40 * 24 * 60),
)
def test_the_spans_of_hours_say_what_the_hours_say(
    zone: str, start: time, end: time, days: tuple[str, ...], outside: bool, minutes: int
) -> None:
    hours, at = Hours(zone, start, end, days, outside), NOW + timedelta(minutes=minutes)
    spans = hours.spans(NOW, NOW + timedelta(days=41))
    local = at.astimezone(ZoneInfo(zone))
    if local.date() not in {datetime(2026, 3, 8).date(), datetime(2026, 3, 29).date()}:  # noqa: DTZ001 - local days
        assert holds(spans, at) == hours.hold(at)


@pytest.mark.django_db
def test_what_is_no_alert_is_not_named_to_everybody(clock: TravellingClock) -> None:
    nobody = make.person("Nora")  # who has no way to be reached
    commands.start_escalation(
        kind="direct",
        subject_id=1,
        title="A leak at Customer X",
        body="",
        path="/incidents/1",
        team=None,
        people=[nobody],
    )
    run_due()
    texts = list(PagingDefect.objects.values_list("text", flat=True))
    assert texts and all("It was about a page to somebody." in text and "Customer X" not in text for text in texts)
