"""Follow the sun: regions that each have it by day become the rotations of an ordinary schedule."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from playwright.sync_api import expect

import factories
from browsing import at_rest, signed_in
from peers.chromium import PHONE, axe
from watchroom.oncall import queries, rules
from watchroom.oncall.commands import draft_layers
from watchroom.oncall.models import Schedule
from watchroom.oncall.rules.words import rotation_words

if TYPE_CHECKING:
    from peers.chromium import Chromium

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN = rules.Region("Europe/Berlin", time(9), time(17), ((1,), (2,)))
NEW_YORK = rules.Region("America/New_York", time(9), time(17), ((3,),))
SINGAPORE = rules.Region("Asia/Singapore", time(9), time(17), ((4,),))
AUCKLAND = rules.Region("Pacific/Auckland", time(9), time(17), ((5,),))
AROUND = [BERLIN, NEW_YORK, SINGAPORE]


def plan_of(regions: list[rules.Region], zone: str, now: datetime = MONDAY, unit: str = "weeks") -> rules.Plan:
    return rules.Plan(draft_layers(zone, rules.rotations_of(regions, zone, now, unit)), (), frozenset())


def on_call(plan: rules.Plan, *moment: int) -> set[int]:
    return {duty.person for duty in rules.on_call_at(plan, datetime(*moment, tzinfo=UTC))}  # type: ignore[arg-type]


# --- The rules -------------------------------------------------------------------------------------------------------


def test_each_region_has_it_at_its_hours_by_the_clock_of_the_schedule() -> None:
    made = rules.rotations_of(AROUND, "Europe/Berlin", MONDAY, "weeks")
    assert [(each["name"], each["restrictions"], each["starts_at"]) for each in made] == [
        ("Berlin", [{"start": "09:00", "end": "17:00"}], "2026-03-02T09:00"),
        ("New York", [{"start": "15:00", "end": "23:00"}], "2026-02-23T15:00"),  # it is not yet Monday morning there
        ("Singapore", [{"start": "02:00", "end": "10:00"}], "2026-03-02T02:00"),
    ]
    plan = plan_of(AROUND, "Europe/Berlin")
    assert on_call(plan, 2026, 3, 2, 13) == {1} and on_call(plan, 2026, 3, 2, 20) == {3}
    assert on_call(plan, 2026, 3, 3, 4) == {4} and on_call(plan, 2026, 3, 3, 0) == set()
    assert on_call(plan, 2026, 3, 2, 14) == {1, 3}  # where hours meet, both


def test_turns_change_on_monday_or_every_day_when_the_region_begins() -> None:
    weekly, daily = plan_of([BERLIN, AUCKLAND], "Europe/Berlin"), plan_of([BERLIN], "Europe/Berlin", unit="days")
    assert [on_call(weekly, 2026, 3, day, 10) for day in (2, 8, 9, 15, 16)] == [{1}, {1}, {2}, {2}, {1}]
    assert [on_call(daily, 2026, 3, day, 10) for day in (2, 3, 4)] == [{1}, {2}, {1}]
    far = rules.rotations_of([BERLIN, AUCKLAND], "Europe/Berlin", MONDAY, "weeks")[1]
    assert far["starts_at"] == "2026-03-01T21:00"  # Monday morning there is Sunday evening here
    assert far["restrictions"] == [{"start": "21:00", "end": "05:00"}]


def test_closed_regions_leave_no_gap_in_any_year_whatever_the_clocks_do() -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Singapore", "Australia/Lord_Howe", "UTC"):
        for regions in (AROUND, [BERLIN, AUCKLAND], [NEW_YORK, SINGAPORE], [BERLIN, NEW_YORK]):
            closed = rules.closed(regions, MONDAY)
            plan = plan_of(closed, zone)
            assert rules.gaps(plan, MONDAY, MONDAY + timedelta(days=400)) == []
            shifts = rules.final_shifts(plan, MONDAY, MONDAY + timedelta(days=20))
            assert all(one.ends_at <= other.starts_at for one, other in pairwise(shifts))


def test_closing_moves_only_the_ends() -> None:
    closed = rules.closed(AROUND, MONDAY)
    assert [(each.start, each.end) for each in closed] == [
        (time(9), time(15)),
        (time(9), time(20)),
        (time(9), time(16)),
    ]
    assert [each.turns for each in closed] == [each.turns for each in AROUND]


def test_it_is_said_when_a_region_has_it_at_other_hours_of_its_own_clocks() -> None:
    said = [
        (each.region.name, f"{each.first:%d %b}", f"{each.last:%d %b}", each.start, each.end)
        for each in rules.moved_hours(AROUND, "Europe/Berlin", MONDAY)
    ]
    assert said == [
        ("New York", "08 Mar", "28 Mar", time(10), time(18)),
        ("Singapore", "30 Mar", "24 Oct", time(8), time(16)),
        ("New York", "25 Oct", "31 Oct", time(10), time(18)),
    ]
    assert rules.moved_hours([BERLIN, SINGAPORE], "Asia/Singapore", MONDAY)[0].region == BERLIN
    assert rules.moved_hours([BERLIN, rules.Region("Europe/Paris", time(9), time(17))], "Europe/Paris", MONDAY) == []


def test_what_is_said_is_what_the_schedule_does() -> None:
    plan = plan_of(AROUND, "Europe/Berlin")
    assert on_call(plan, 2026, 3, 10, 13, 30) == {2}  # 09:30 in New York, in the weeks in which it begins at 10
    assert on_call(plan, 2026, 3, 10, 14, 30) == {2, 3}
    assert on_call(plan, 2026, 7, 1, 0, 30) == {4}  # 08:30 in Singapore, by Berlin's summer


def test_where_hours_do_not_meet_nobody_is_said_to_be_on_call_together() -> None:
    apart = plan_of(rules.closed(AROUND, MONDAY), "Europe/Berlin").layers
    names = dict.fromkeys(range(9), "Somebody")
    assert not any("together" in line for layer in apart for line in rotation_words(layer, names, apart))
    meet = plan_of(AROUND, "Europe/Berlin").layers
    assert "On call together with New York and Singapore." in rotation_words(meet[0], names, meet)


def test_it_begins_with_regions_that_are_far_apart() -> None:
    assert rules.other_regions("Europe/Paris", MONDAY) == ["Europe/Paris", "America/New_York", "Asia/Singapore"]
    assert rules.other_regions("Asia/Tokyo", MONDAY) == ["Asia/Tokyo", "Europe/Berlin", "America/New_York"]


# --- The form --------------------------------------------------------------------------------------------------------


@pytest.fixture
def mia(clock: Any, db: None) -> Any:
    """She manages Platform; Ada, Ben and Cleo are in it."""
    team = factories.team("Platform")
    for name in ("Ada", "Ben", "Cleo"):
        factories.membership(team, factories.person(name))
    person = factories.person("Mia", timezone="Europe/Berlin")
    factories.membership(team, person, "manager")
    return person


def entered(*people: Any, **fields: str) -> dict[str, Any]:
    zones = ("Europe/Berlin", "America/New_York", "Asia/Singapore")
    team = factories.Team.objects.get(name="Platform")
    data: dict[str, Any] = {"name": "Platform", "team": team.pk, "unit": "weeks"}
    data |= {"regions-TOTAL_FORMS": "3", "regions-INITIAL_FORMS": "3"}
    for number, zone in enumerate(zones):
        data |= {f"regions-{number}-{name}": value for name, value in (("zone", zone), ("start", "09:00"))}
        data[f"regions-{number}-end"] = "17:00"
        data[f"regions-{number}-members-0"] = people[number] if number < len(people) else ""
    return data | fields


def numbers() -> list[int]:
    return [factories.Person.objects.get(name=name).pk for name in ("Ada", "Ben", "Cleo")]


def test_what_is_saved_is_an_ordinary_schedule(mia: Any, client: Client) -> None:
    client.force_login(mia, backend=BACKEND)
    assert "Follow the sun" in client.get("/schedules/new").content.decode()
    begun = client.get("/schedules/new/follow-the-sun")
    assert [each["zone"].value() for each in begun.context["regions"]] == [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Singapore",
    ]
    seen = client.post("/schedules/new/follow-the-sun", entered(*numbers(), preview="1")).content.decode()
    assert not Schedule.objects.exists() and "Nobody is on call" in seen
    assert "<strong>Singapore</strong> has it from 08:00 to 16:00 by its own clocks" in seen
    closed = client.post("/schedules/new/follow-the-sun", entered(*numbers(), close="1"))
    assert not Schedule.objects.exists() and "Somebody is on call at all times" in closed.content.decode()
    ends = {
        f"regions-{at}-end": f"{each['end'].value():%H:%M}" for at, each in enumerate(closed.context["regions"].forms)
    }
    assert ends == {"regions-0-end": "15:00", "regions-1-end": "20:00", "regions-2-end": "16:00"}
    assert client.post("/schedules/new/follow-the-sun", entered(*numbers(), **ends)).status_code == 302
    made = Schedule.objects.get()
    assert (made.timezone, [each.name for each in made.rotations.all()]) == (
        "Europe/Berlin",
        ["Berlin", "New York", "Singapore"],
    )
    assert queries.shifts_and_gaps(made, MONDAY, MONDAY + timedelta(days=60))[1] == []
    edit = client.get(f"/schedules/{made.slug}/edit")
    assert [each["name"].value() for each in edit.context["rotations"]] == ["Berlin", "New York", "Singapore"]


def test_two_regions_are_enough_and_one_is_not(mia: Any, client: Client) -> None:
    client.force_login(mia, backend=BACKEND)
    one = client.post("/schedules/new/follow-the-sun", entered(numbers()[0]))
    assert one.status_code == 422 and "Choose at least one person." in one.content.decode()
    same = {"regions-1-zone": "Europe/Berlin"}
    twice = client.post("/schedules/new/follow-the-sun", entered(*numbers()[:2], **same))
    assert twice.status_code == 422 and "Give each region a time zone of its own." in twice.content.decode()
    wrong = client.post("/schedules/new/follow-the-sun", entered(*numbers(), **{"regions-0-start": "nine"}))
    assert wrong.status_code == 422 and not Schedule.objects.exists()
    assert client.post("/schedules/new/follow-the-sun", entered(*numbers()[:2])).status_code == 302
    assert [each.name for each in Schedule.objects.get().rotations.all()] == ["Berlin", "New York"]


def test_who_manages_nothing_is_refused(mia: Any, client: Client) -> None:
    client.force_login(factories.Person.objects.get(name="Ada"), backend=BACKEND)
    assert client.get("/schedules/new/follow-the-sun").status_code == 403
    assert client.post("/schedules/new/follow-the-sun", entered(*numbers())).status_code == 403


@pytest.mark.browser
@pytest.mark.browser_once
@pytest.mark.django_db(transaction=True)
def test_on_a_phone_three_regions_become_a_schedule_without_gaps(
    mia: Any, client: Client, live_server: Any, chromium: Chromium
) -> None:
    page = signed_in(client, chromium, live_server, mia, viewport=PHONE)
    page.goto("/schedules/new/follow-the-sun")
    page.fill("#id_name", "Platform")
    for number, name in enumerate(("Ada", "Ben", "Cleo")):
        page.locator(f"[name=regions-{number}-members-0]").first.select_option(label=name)
    expect(page.locator("#draft")).to_contain_text("Singapore has it from 08:00 to 16:00 by its own clocks")
    at_rest(page)
    assert axe(page) == []
    assert "Nobody is on call" in page.inner_text("#draft")
    page.focus("#id_name")
    page.fill("#id_name", "Platform by day")  # a change that is told when the press below leaves the field
    button = page.get_by_role("button", name="Let each region go on until the next begins")
    button.hover()
    with page.expect_response("**/schedules/new/follow-the-sun"):
        page.mouse.down()
    at_rest(page)  # the calendar is drawn anew while it is held down
    page.mouse.up()
    expect(page.locator("#draft")).to_contain_text("Somebody is on call at all times of the next 60 days")
    expect(page.locator("#id_regions-1-end")).to_have_value("20:00")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("heading", name="Platform by day", level=1)).to_be_visible()
    assert Schedule.objects.get().rotations.count() == 3
