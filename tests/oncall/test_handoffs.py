"""Shift changes: a reminder before, a report at the change, a note, and somebody who says that they have read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from oncall.desk import browser
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.evidence.models import Change
from watchroom.insights.duties import duties
from watchroom.intake.models import MaintenanceWindow, Silence
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall import commands, queries, rules
from watchroom.oncall.models import Handoff, Schedule
from watchroom.paging.models import Notification

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
database = pytest.mark.django_db


def engine() -> None:
    """Let the engine do what is due at shift changes."""
    duty = next(each for each in duties if each.name == "hand-offs")
    for _ in range(20):
        due = duty.next_due()
        if due is None or due > make.clock.now():
            return
        duty.work()
    raise AssertionError("It never rests.")


def told(person: Any) -> list[str]:
    return list(Notification.objects.filter(person=person).order_by("id").values_list("subject", flat=True))


def two(**fields: Any) -> tuple[Schedule, Any, Any]:
    """Anna goes and Ben comes on Monday, 9 March, 09:00."""
    anna, ben = make.person("Anna", "responder"), make.person("Ben", "responder")
    for each in (anna, ben):
        make.contact_method(each, verified_at=make.clock.now())
    return make.schedule("Pay", people=(anna, ben), slug="pay", **fields), anna, ben


# --- The rule ----------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.integers(1, 4), max_size=3, unique=True), min_size=1, max_size=5),
    st.integers(1, 40),
    st.booleans(),
)
def test_a_change_is_exactly_where_somebody_comes_who_was_not_there(
    turns: list[list[int]], length: int, office: bool
) -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    windows = rules.restrictions_from([{"start": "09:00", "end": "17:00"}] if office else [], "restrictions")
    plan = rules.Plan(
        (rules.Layer(1, "L", 0, "hours", length, datetime(2026, 3, 2, 9), "UTC", tuple(map(tuple, turns)), windows),)  # noqa: DTZ001 - local
    )
    found = rules.handoffs(plan, start, start + 5 * DAY)
    last = {duty.person for duty in rules.on_call_at(plan, start)}
    seen_any = bool(last)
    expected = []
    for hour in range(1, 5 * 24):
        at = start + hour * HOUR
        now = {duty.person for duty in rules.on_call_at(plan, at)}
        if now and now - last:
            expected.append((at, tuple(sorted(last - now)), tuple(sorted(now - last))))
        last = now or last
        seen_any = seen_any or bool(now)
    assert [tuple(each) for each in found] == expected
    assert seen_any or not found


# --- From the schedule to the people -------------------------------------------------------------------------------


@database
def test_who_comes_is_reminded_told_and_says_so(clock: Any) -> None:
    schedule, anna, ben = two()
    service = make.service(team=schedule.team)
    engine()
    assert not Handoff.objects.exists()
    clock.advance(WEEK - 13 * HOUR)
    engine()
    row = Handoff.objects.get()
    assert row.written_at is None and told(ben) == []
    clock.advance(HOUR)
    engine()
    engine()
    assert told(ben) == ["You are on call from Mon 9 Mar 09:00: Pay"] and told(anna) == []
    make.group("Disk full", service=service)
    make.group("Disk full", service=service, firing=0, resolved_at=clock())
    make.group("Only practised", service=service, drill=True)
    make.group("Elsewhere", service=make.service())
    Silence.objects.create(
        team=schedule.team, comment="Known noise", author_name="Anna", starts_at=clock(), ends_at=clock() + 2 * DAY
    )
    MaintenanceWindow.objects.create(
        team=schedule.team, title="New switch", starts_at=clock() + 3 * DAY, ends_at=clock() + 4 * DAY
    )
    Change.objects.create(service=service, at=clock(), title="Deploy 7")
    browser(anna).post(f"/hand-offs/{row.pk}/note", {"note": "The disk of db-2 is suspect."})
    clock.advance(12 * HOUR)
    engine()
    row.refresh_from_db()
    assert row.at == datetime(2026, 3, 9, 9, tzinfo=UTC) and row.since == row.at - WEEK
    assert ([*row.outgoing.all()], [*row.incoming.all()]) == ([anna], [ben])
    counts = {section["key"]: section["count"] for section in row.report}
    assert counts == {"incidents": 0, "open": 1, "fired": 2, "silences": 1, "maintenance": 1, "changes": 1}
    assert told(ben)[1:] == ["You are on call now: Pay"]
    body = Notification.objects.get(reason__startswith=f"handoff-{row.pk}-written").body
    assert "Fired: 2." in body and "There is a note for you." in body
    page = browser(ben).get(f"/hand-offs/{row.pk}").content.decode()
    for text in ("Disk full", "2 times", "Known noise", "New switch", "Deploy 7", "db-2 is suspect", "I have read it"):
        assert text in page
    assert "Elsewhere" not in page and "Only practised" not in page
    assert f"/hand-offs/{row.pk}" in browser(ben).get("/on-call/mine").content.decode()
    assert "I have read it" not in browser(anna).get(f"/hand-offs/{row.pk}").content.decode()
    assert browser(anna).post(f"/hand-offs/{row.pk}/acknowledge").status_code == 403
    browser(ben).post(f"/hand-offs/{row.pk}/acknowledge")
    row.refresh_from_db()
    assert row.acknowledged_by == ben and row not in queries.handoffs_of(acting(ben), clock() + 2 * DAY)


@database
def test_a_change_that_moves_keeps_its_note_and_tells_who_comes_now(clock: Any) -> None:
    schedule, anna, _ = two()
    cleo = make.person("Cleo", "responder")
    make.contact_method(cleo, verified_at=clock())
    clock.advance(WEEK - 6 * HOUR)
    engine()
    row = Handoff.objects.get()
    commands.note_handoff(acting(anna), row, "Look at db-2.")
    commands.add_override(
        acting(anna), schedule, person=cleo, replaces=anna, starts_at=clock() + HOUR, ends_at=clock() + 3 * HOUR
    )
    assert Schedule.objects.get().handoff_due_at == clock()  # not only in some hours
    engine()
    row.refresh_from_db()
    assert (row.at, [*row.incoming.all()], row.note) == (clock() + HOUR, [cleo], "Look at db-2.")
    assert len(told(cleo)) == 1
    clock.advance(HOUR)
    engine()
    row.refresh_from_db()
    assert row.written_at == clock() and told(cleo)[-1] == "You are on call now: Pay"
    assert Handoff.objects.get(written_at=None).at == clock() + 2 * HOUR


@database
def test_after_hours_of_downtime_only_the_last_change_is_told(clock: Any) -> None:
    _, anna, ben = two()
    engine()
    clock.advance(3 * WEEK + HOUR)  # Ben, Anna, Ben
    engine()
    row = Handoff.objects.get(written_at__isnull=False)
    assert row.at == datetime(2026, 3, 23, 9, tzinfo=UTC) and [*row.incoming.all()] == [ben]
    assert told(anna) == [] and told(ben) == ["You are on call now: Pay"]
    said = Notification.objects.get(person=ben).body
    assert said == "Nothing has fired since the last change, and nothing is open."


@database
def test_who_could_not_be_reached_is_known_before(clock: Any) -> None:
    schedule, anna, ben = two()
    ben.contact_methods.update(enabled=False)
    boss = make.person("Boss")
    make.contact_method(boss)
    make.membership(schedule.team, boss, "manager")
    clock.advance(WEEK - 6 * HOUR)
    engine()
    row = Handoff.objects.get()
    assert [(check["person"], check["deaf"]) for check in row.checks] == [(ben.pk, True)]
    warned = "Pages would not reach Ben: Pay, from Mon 9 Mar 09:00"
    assert told(anna) == [warned] and told(boss) == [warned]
    assert "Ben has no way to be reached." in browser(anna).get(f"/hand-offs/{row.pk}").content.decode()


@database
def test_the_last_message_that_failed_is_said(clock: Any) -> None:
    _, _, ben = two()
    method = ben.contact_methods.get()
    Notification.objects.create(
        person=ben, contact_method=method, method_text="x", purpose="page", subject="s", path="/", reason="r",
        created_at=clock(), ended_at=clock(), state="failed",
    )  # fmt: skip
    clock.advance(WEEK - 6 * HOUR)
    engine()
    assert [check["deaf"] for check in Handoff.objects.get().checks] == [True]


@database
def test_who_learns_is_told_and_has_nothing_to_acknowledge(clock: Any) -> None:
    anna, ben, cleo = (make.person(name) for name in ("Anna", "Ben", "Cleo"))
    for each in (anna, ben, cleo):
        make.contact_method(each)
    commands.save_schedule(
        SYSTEM, None, team=make.team(), name="S",
        rotations=[{"name": "R", "unit": "weeks", "length": 1, "starts_at": "2026-03-02T09:00",
                    "members": [[anna.pk], [ben.pk]], "shadows": [[], [cleo.pk]]}],
    )  # fmt: skip
    engine()
    clock.advance(WEEK)
    engine()
    row = Handoff.objects.get(written_at__isnull=False)
    assert told(cleo) == ["You learn beside Ben: S"]
    with pytest.raises(NotAllowed):
        commands.acknowledge_handoff(acting(cleo), row)


@database
def test_bounds_and_permissions(clock: Any) -> None:
    _, anna, ben = two()
    clock.advance(WEEK - 6 * HOUR)
    engine()
    row = Handoff.objects.get()
    with pytest.raises(Conflict):
        commands.acknowledge_handoff(acting(ben), row)
    with pytest.raises(Refused):
        commands.note_handoff(acting(anna), row, "x" * 10_001)
    with pytest.raises(NotAllowed):
        commands.note_handoff(make.actor(role="viewer"), row, "Hello")
    assert browser(anna).get("/hand-offs/999").status_code == 404


@database
def test_the_same_over_the_api(clock: Any) -> None:
    _, anna, ben = two()
    clock.advance(WEEK - 6 * HOUR)
    engine()
    row = Handoff.objects.get()
    sent = browser(anna).put(
        f"/api/v1/hand-offs/{row.pk}/note", json.dumps({"note": "Careful"}), content_type="application/json"
    )
    assert sent.status_code == 200 and sent.json()["note_by"]["name"] == "Anna"
    clock.advance(6 * HOUR)
    engine()
    assert [each["id"] for each in browser(ben).get("/api/v1/hand-offs?mine=true").json()["items"]] == [row.pk]
    assert browser(ben).get("/api/v1/hand-offs?schedule=pay").json()["items"][0]["written_at"]
    assert browser(anna).post(f"/api/v1/hand-offs/{row.pk}/acknowledge").status_code == 403
    said = browser(ben).post(f"/api/v1/hand-offs/{row.pk}/acknowledge").json()
    assert said["acknowledged_by"]["name"] == "Ben" and {each["key"] for each in said["report"]} >= {"fired", "open"}
    late = browser(anna).put(
        f"/api/v1/hand-offs/{row.pk}/note", json.dumps({"note": "One more thing"}), content_type="application/json"
    )
    assert late.status_code == 200 and told(ben)[-1] == "A note of the last shift: Pay"


@database
def test_looking_costs_the_same_for_many_quiet_schedules(clock: Any, django_assert_max_num_queries: Any) -> None:
    people = tuple(make.person() for _ in range(2))
    for _ in range(20):
        make.schedule(people=people)
    duty = next(each for each in duties if each.name == "hand-offs")
    with django_assert_max_num_queries(12):
        assert duty.work() == 20
    clock.advance(WEEK)
    while (due := duty.next_due()) and due <= clock():
        duty.work()
    assert Handoff.objects.filter(written_at__isnull=False).count() == 20
    root = browser(make.person("Root", "administrator"))
    with django_assert_max_num_queries(22):
        assert root.get("/hand-offs").status_code == 200


@database
def test_the_reminder_comes_when_the_schedule_says_or_not_at_all(clock: Any) -> None:
    schedule, anna, ben = two()
    make.membership(schedule.team, anna, "manager")
    page, api = browser(anna), {"content_type": "application/json"}
    wrong = page.patch("/api/v1/schedules/pay", {"remind_hours": 500}, **api)
    assert wrong.status_code == 422
    assert page.patch("/api/v1/schedules/pay", {"remind_hours": 48}, **api).json()["remind_hours"] == 48
    clock.advance(5 * DAY - HOUR)
    engine()
    assert told(ben) == []
    clock.advance(HOUR)
    engine()
    assert told(ben) == ["You are on call from Mon 9 Mar 09:00: Pay"]
    page.patch("/api/v1/schedules/pay", {"remind_hours": 0}, **api)
    clock.advance(9 * DAY - HOUR)  # Anna's turn, a week later: 16 March
    engine()
    assert not any("Mon 16 Mar" in each for each in told(anna))
    assert "reminded" in page.get("/schedules/pay/edit").content.decode()
