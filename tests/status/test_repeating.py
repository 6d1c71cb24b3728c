"""Scheduled maintenance that comes again and again, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from watchroom.accounts.actors import Actor
from watchroom.engine.loop import run_due
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.status import commands, queries
from watchroom.status.duties import duties
from watchroom.status.models import Announcement, Maintenance, StatusPage

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FIRST = datetime(2026, 3, 3, 21, tzinfo=UTC)  # a Tuesday, 22:00 in Berlin, whose clocks change on 29 March
TUESDAYS = {"repeats": "FREQ=WEEKLY;BYDAY=TU", "timezone": "Europe/Berlin"}


def plan(by: Actor, page: StatusPage, **fields: Any) -> Maintenance:
    given = {
        "title": "New disks",
        "starts_at": FIRST,
        "ends_at": FIRST + timedelta(hours=1),
        "components": ["Checkout"],
    }
    return commands.schedule(by, page, **(given | TUESDAYS | fields))


def test_each_occurrence_begins_and_ends_by_the_clock_on_the_wall(
    by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    plan(by, page, hold_alerts=True)
    for week in range(6):
        row = page.maintenance.exclude(repeats="").get()
        assert row.starts_at == FIRST.replace(hour=21 if week < 4 else 20) + timedelta(weeks=week)
        assert row.window is not None and (row.window.starts_at, row.window.ends_at) == (row.starts_at, row.ends_at)
        clock.to(row.starts_at + timedelta(minutes=1))
        run_due(duties)
        row.refresh_from_db()
        assert row.stage == "in_progress"
        assert queries.view(page, clocks.now()).components[0].state == "under_maintenance"
        clock.to(row.ends_at + timedelta(minutes=1))
        run_due(duties)
    assert page.maintenance.filter(stage="completed").count() == 6 and page.maintenance.count() == 7


def test_subscribers_are_told_once_that_it_is_planned_and_then_of_each_beginning_and_end(
    by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    row = plan(by, page)
    for at in (row.starts_at, row.ends_at):
        clock.to(at + timedelta(minutes=1))
        run_due(duties)
    told = Announcement.objects.filter(page=page).order_by("id").values_list("note__stage", flat=True)
    assert list(told) == ["scheduled", "in_progress", "completed"]
    following = page.maintenance.get(stage="scheduled")
    assert [note.stage for note in following.notes.all()] == ["scheduled"], "readers see it"


def test_one_occurrence_is_called_off_or_all_that_would_follow(by: Actor, page: StatusPage) -> None:
    commands.end(by, plan(by, page))
    row = page.maintenance.get(stage="scheduled")
    assert row.starts_at == FIRST + timedelta(weeks=1)
    commands.end(by, row)
    commands.end(by, row)  # twice is once
    commands.end(by, page.maintenance.get(stage="scheduled"), for_good=True)
    assert not page.maintenance.filter(stage="scheduled").exists() and page.maintenance.count() == 3


def test_it_ends_with_its_rule(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    plan(by, page, repeats="FREQ=WEEKLY;BYDAY=TU;UNTIL=20260310")
    clock.to(datetime(2026, 3, 20, tzinfo=UTC))
    run_due(duties)
    run_due(duties)
    assert page.maintenance.get().stage == "completed", "what nobody was told of in time is not told of afterwards"


def test_after_weeks_without_an_engine_only_what_is_to_come_is_made(
    by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    plan(by, page)
    clock.to(datetime(2026, 6, 1, tzinfo=UTC))
    run_due(duties)
    run_due(duties)
    assert page.maintenance.get(stage="scheduled").starts_at == datetime(2026, 6, 2, 20, tzinfo=UTC)
    assert page.maintenance.count() == 2


def test_changing_it_keeps_the_occurrence_unless_the_rule_changes(by: Actor, page: StatusPage) -> None:
    commands.end(by, plan(by, page))
    row = page.maintenance.get(stage="scheduled")
    assert row.first_at == FIRST
    plan(by, page, maintenance=row, title="Newer disks")
    row.refresh_from_db()
    assert (row.title, row.starts_at) == ("Newer disks", FIRST + timedelta(weeks=1))
    plan(
        by, page, maintenance=row, repeats="", starts_at=FIRST + timedelta(days=20), ends_at=FIRST + timedelta(days=21)
    )
    row.refresh_from_db()
    assert (row.repeats, row.starts_at) == ("", FIRST + timedelta(days=20))


@pytest.mark.parametrize(
    ("rule", "zone", "field"),
    [("FREQ=HOURLY", "UTC", "repeats"), ("FREQ=DAILY", "Nowhere", "timezone"), ("x", "", "repeats")],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: str, zone: str, field: str, by: Actor, page: StatusPage) -> None:
    with pytest.raises(Refused) as refused:
        plan(by, page, repeats=rule, timezone=zone)
    assert refused.value.field == field


def test_it_stands_on_pages_calendar_form_and_api(by: Actor, page: StatusPage) -> None:
    row = plan(by, page)
    client = Client()
    client.force_login(by.person, backend=BACKEND)  # type: ignore[arg-type]
    shown = client.get(f"/status-pages/{page.slug}/maintenance/{row.pk}").content.decode()
    assert "Every week on Tuesday" in shown and "End it for good" in shown
    assert "every week on Tuesday" in client.get(f"/status-pages/{page.slug}").content.decode()
    assert "Danach wieder:" in client.get(f"/status/{page.slug}?lang=de").content.decode()
    events = Calendar.from_ical(client.get(f"/status/{page.slug}/maintenance.ics").content).walk("VEVENT")
    assert [event.start for event in events][:2] == [FIRST, FIRST + timedelta(weeks=1)]
    assert len({str(event["uid"]) for event in events}) == len(events) == 5
    said = {
        "title": "Disks",
        "starts_at": "2026-03-04T22:00",
        "ends_at": "2026-03-04T23:00",
        "again": "week",
        "until": "2026-04-01",
    }
    early = client.post(f"/status-pages/{page.slug}/maintenance/new", said | {"ends_at": "2026-03-04T21:00"})
    assert (
        early.status_code == 422 and "can't end then" in early.context["form"].errors["ends_at"][0]
    )  # beside its field
    assert client.post(f"/status-pages/{page.slug}/maintenance/new", said).status_code == 302
    assert page.maintenance.get(title="Disks").in_words == "every week on Wednesday until 2026-04-01"
    answer = client.post(f"/status-pages/{page.slug}/maintenance/{row.pk}/end", {"for_good": "yes"})
    assert answer.status_code == 302 and not page.maintenance.filter(title="New disks", stage="scheduled").exists()


def turned(page: StatusPage, clock: TravellingClock, at: datetime) -> None:
    clock.to(at + timedelta(minutes=1))
    run_due(duties)


def test_the_next_occurrence_comes_although_no_component_has_a_service_any_more(
    by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    row = plan(by, page, hold_alerts=True)
    turned(page, clock, row.starts_at)
    page.components.update(service=None)
    turned(page, clock, row.ends_at)
    row.refresh_from_db()
    following = page.maintenance.get(stage="scheduled")
    assert (row.stage, following.window) == ("completed", None)
    assert following.starts_at == FIRST + timedelta(weeks=1)


def test_one_that_can_not_be_turned_stops_no_other(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    row, other = plan(by, page), plan(by, page, title="New network")
    turned(page, clock, row.starts_at)
    Maintenance.objects.filter(pk=row.pk).update(timezone="Nowhere/Gone")
    turned(page, clock, row.ends_at)
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.stage, other.stage) == ("in_progress", "completed")
    assert row.due_at is not None and row.due_at > clocks.now(), "tried again later"
    assert row.notes.count() == 2, "nothing of it is left half done"
    Maintenance.objects.filter(pk=row.pk).update(timezone="Europe/Berlin")
    turned(page, clock, row.due_at)
    row.refresh_from_db()
    assert (row.stage, row.ended_at) == ("completed", row.ends_at)


def test_ended_twice_from_two_windows_is_once(by: Actor, page: StatusPage, clock: TravellingClock) -> None:
    row = plan(by, page)
    turned(page, clock, row.starts_at)
    first, second = Maintenance.objects.get(pk=row.pk), Maintenance.objects.get(pk=row.pk)
    commands.end(by, first)
    commands.end(by, second)
    assert page.maintenance.count() == 2 and second.is_over
    assert Announcement.objects.filter(note__stage="completed").count() == 1


def test_what_the_engine_did_meanwhile_is_not_undone_by_a_change(
    by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    row = plan(by, page)
    turned(page, clock, row.starts_at)
    changed = plan(by, page, maintenance=row, title="Newer disks")  # as it was read before it began
    assert (changed.stage, changed.due_at) == ("in_progress", changed.ends_at)
    stale = Maintenance.objects.get(pk=row.pk)
    turned(page, clock, row.ends_at)
    with pytest.raises(Conflict):
        plan(by, page, maintenance=stale, title="Newest disks")
    row.refresh_from_db()
    assert (row.stage, row.repeats, row.title) == ("completed", "", "Newer disks")
    assert page.maintenance.exclude(repeats="").count() == 1


def test_whoever_changes_it_keeps_the_clocks_by_which_it_repeats(by: Actor, page: StatusPage) -> None:
    row = plan(
        by, page, starts_at=FIRST.replace(hour=1, second=7), ends_at=FIRST.replace(hour=2, second=7)
    )  # 02:00 in Berlin: for New York it is still Monday
    client = Client()
    client.force_login(by.person, backend=BACKEND)  # type: ignore[arg-type]
    by.person.timezone = "America/New_York"  # type: ignore[union-attr]
    by.person.save()  # type: ignore[union-attr]
    address = f"/status-pages/{page.slug}/maintenance/{row.pk}"
    shown = client.get(address).content.decode()
    assert 'value="2026-03-03T02:00"' in shown and "By the clocks of Europe/Berlin" in shown
    said = {"title": "Newer disks", "starts_at": "2026-03-03T02:00", "ends_at": "2026-03-03T03:00"}
    assert client.post(address, said | {"again": "own", "rule": row.repeats}).status_code == 302
    before = (row.repeats, row.timezone, row.first_at, row.first_end_at, row.starts_at)
    row.refresh_from_db()
    assert row.title == "Newer disks"
    assert (row.repeats, row.timezone, row.first_at, row.first_end_at, row.starts_at) == before
    client.post(address, said | {"starts_at": "2026-03-03T01:00", "again": "week"})
    row.refresh_from_db()
    assert (row.in_words, row.timezone) == ("every week on Tuesday", "Europe/Berlin")
    assert row.first_at == datetime(2026, 3, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"repeats": "FREQ=WEEKLY;BYDAY=TH"},
        {"timezone": "Pacific/Auckland"},
        {"repeats": "", "starts_at": FIRST + timedelta(days=1), "ends_at": FIRST + timedelta(days=2)},
    ],
)
def test_what_runs_can_not_be_moved_to_a_later_time(
    fields: dict[str, Any], by: Actor, page: StatusPage, clock: TravellingClock
) -> None:
    row = plan(by, page)
    turned(page, clock, row.starts_at)
    with pytest.raises(Refused) as refused:
        plan(by, page, maintenance=row, **fields)
    assert (refused.value.field, "End" in refused.value.fix) == ("starts_at", True)
    row.refresh_from_db()
    assert (row.stage, row.starts_at, row.repeats) == ("in_progress", FIRST, TUESDAYS["repeats"])
    commands.end(by, row)
    following = plan(by, page, maintenance=page.maintenance.get(stage="scheduled"), **fields)
    assert following.starts_at > clocks.now()
