"""In a real browser: a time is chosen in the picture of a schedule, and turns are given and moved in its form."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import factories
from browsing import at_rest, signed_in
from oncall.desk import two
from peers.chromium import PHONE, axe
from watchroom.oncall.models import Override, Schedule

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]


def middle(page: Any, slot: str) -> tuple[float, float]:
    """Where the slot that begins so is drawn."""
    box = page.locator(f".slots [aria-label^='{slot}']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + 20


def saved(page: Any) -> Override:
    """The form is filled in; Ben takes over."""
    page.select_option("#id_person", label="Ben")
    expect(page.locator("#override-draft")).to_contain_text("Ben instead of Anna")  # it moves the button down
    page.get_by_role("button", name="Save override").click()
    page.get_by_text("Ben takes over.").wait_for()
    return Override.objects.get()


def test_a_time_is_dragged_over_and_the_form_opens_with_it(
    client: Any, live_server: Any, chromium: Chromium, clock: Any
) -> None:
    _, anna, ben = two()
    page = signed_in(client, chromium, live_server, anna)
    page.goto("/schedules/pay?view=week")
    page.locator("#slots-help:visible").wait_for()
    at_rest(page)  # what comes later moves the picture down
    assert axe(page) == []
    page.mouse.move(*middle(page, "Tue 3 Mar, 12:00"))
    page.mouse.down()
    page.mouse.move(*middle(page, "Tue 3 Mar, 18:00"), steps=4)
    assert page.locator(".slots [aria-selected=true]").first.get_attribute("aria-label").endswith(", Anna")
    page.mouse.up()
    page.wait_for_url("**begins=**")
    expect(page.locator("#id_starts_at")).to_have_value("2026-03-03T12:00")
    ends = page.input_value("#id_ends_at")
    assert "2026-03-03T18:00" < ends <= "2026-03-04T00:00"
    expect(page.locator("#id_replaces")).to_have_value(str(anna.pk))  # it is hers: she looks for somebody
    expect(page.locator(".slots [aria-selected=true]").first).to_be_visible()  # and it stays marked in the picture
    row = saved(page)
    assert (row.person, row.replaces, row.starts_at.isoformat()) == (ben, anna, "2026-03-03T12:00:00+00:00")
    assert row.ends_at == datetime.fromisoformat(f"{ends}+00:00")
    # A press without dragging, and a drag that is given up, choose nothing.
    page.goto("/schedules/pay?view=week")
    page.locator("#slots-help:visible").wait_for()
    at_rest(page)  # what comes later moves the picture down
    page.mouse.click(*middle(page, "Wed 4 Mar, 12:00"))
    page.mouse.down()
    page.mouse.move(*middle(page, "Wed 4 Mar, 18:00"), steps=4)
    expect(page.locator(".slots [aria-selected=true]")).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".slots [aria-selected=true]")).to_have_count(0)
    page.mouse.up()
    assert "begins" not in page.url and chromium.take_problems() == []


def test_a_time_is_chosen_with_the_keyboard(client: Any, live_server: Any, chromium: Chromium, clock: Any) -> None:
    _, _anna, ben = two()
    page = signed_in(client, chromium, live_server, ben)
    page.goto("/schedules/pay")
    page.get_by_role("listbox", name="Choose a time that somebody takes over").focus()
    here = page.locator(".slots .at")
    expect(here).to_have_attribute("aria-label", re.compile("^Mon 2 Mar, 09:00"))  # now
    page.keyboard.press("ArrowDown")  # a day on
    expect(here).to_have_attribute("aria-label", re.compile("^Tue 3 Mar, 06:00"))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".slots [aria-selected=true]")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator(".slots [aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".slots [aria-selected=true]")).to_have_count(2)
    assert axe(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**begins=**")
    expect(page.locator("#id_person")).to_have_value(str(ben.pk))  # it is not his: he offers to take it
    expect(page.locator("#id_person")).to_be_focused()
    expect(page.locator("#id_starts_at")).to_have_value("2026-03-03T12:00")
    expect(page.locator("#id_ends_at")).to_have_value("2026-03-04T00:00")
    row = saved(page)
    assert row.person == ben and row.replaces is None and chromium.take_problems() == []


def test_on_a_phone_one_holds_and_then_drags(client: Any, live_server: Any, chromium: Chromium, clock: Any) -> None:
    _, anna, _ = two()
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/schedules/pay")
    page.locator("#slots-help:visible").wait_for()
    at_rest(page)  # what comes later moves the picture down
    assert axe(page) == []
    page.locator("#slots-help").scroll_into_view_if_needed()
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    (x, y), (until, _) = middle(page, "Wed 4 Mar, 12:00"), middle(page, "Thu 5 Mar, 12:00")
    send("touchStart", (x, y))
    page.locator(".lanes.dragging").wait_for()
    send("touchMove", ((x + until) / 2, y))
    send("touchMove", (until, y))
    expect(page.locator(".slots [aria-selected=true]").last).to_have_attribute(
        "aria-label", re.compile("^Thu 5 Mar, 12:00")
    )
    send("touchEnd")
    page.wait_for_url("**begins=**")
    expect(page.locator("#id_starts_at")).to_have_value("2026-03-04T12:00")
    expect(page.locator("#id_ends_at")).to_have_value("2026-03-06T00:00")
    assert chromium.take_problems() == []


def turns(page: Any) -> list[str]:
    return [line.replace("×", "").strip() for line in page.locator("[data-turns=rotations-0-members] .picked li").all_inner_texts()]  # fmt: skip


def test_turns_are_looked_for_and_moved_with_the_keyboard(client: Any, live_server: Any, chromium: Chromium) -> None:
    anna = factories.person("Anna", role="administrator")
    team = factories.team("Shop")
    for number in range(110):  # more than a list holds
        factories.person(f"Person {number:03}", email=f"p{number:03}@example.org")
    page = signed_in(client, chromium, live_server, anna, viewport=PHONE)
    page.goto("/schedules/new")
    assert page.locator("[data-turns] option").count() == 0
    page.fill("#id_name", "Shop")
    for number, who in enumerate(("077", "105", "033")):
        box = page.get_by_role("combobox", name=f"Turn {number + 1}", exact=True)
        box.click()
        page.keyboard.type(who)
        expect(page.locator(".pick [role=option]:visible")).to_have_text([re.compile(f"Person {who}")])
        page.keyboard.press("Enter")
        expect(box).to_have_attribute("placeholder", "+ together with")
    assert turns(page) == ["Person 077", "Person 105", "Person 033"]
    up = page.get_by_role("button", name="Move turn 3 earlier")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move turn 2 earlier")).to_be_focused()
    page.keyboard.press("Enter")
    assert turns(page) == ["Person 033", "Person 077", "Person 105"]
    expect(page.get_by_role("button", name="Move turn 1 later")).to_be_focused()  # there is nothing further up
    expect(page.locator("#draft")).to_contain_text(
        "Person 033, then Person 077, then Person 105, then Person 033 again"
    )
    assert axe(page) == []
    page.get_by_role("button", name="Save schedule").click()
    page.wait_for_url("**/schedules/shop")
    rotation = Schedule.objects.get(team=team).rotations.get()
    assert [place.person.name for place in rotation.members.order_by("turn")] == ["Person 033", "Person 077", "Person 105"]  # fmt: skip
    assert chromium.take_problems() == []


def test_the_calendar_hears_of_a_change_while_it_is_drawn(client: Any, live_server: Any, chromium: Chromium) -> None:
    """It was replaced by the answer, and with it went the question for what had been changed meanwhile."""
    anna = factories.person("Anna", role="administrator")
    factories.team("Shop")
    factories.person("Ben")
    page = signed_in(client, chromium, live_server, anna)
    page.goto("/schedules/new")
    page.fill("#id_name", "Shop")
    drawn: list[Any] = []

    def draw(route: Any) -> None:
        if "hx-request" not in route.request.headers:
            route.continue_()
            return
        drawn.append(route.fetch())
        if len(drawn) == 1:  # with Anna alone
            add("Ben", 2)
            page.wait_for_timeout(600)  # longer than changes are gathered
        route.fulfill(response=drawn[-1])

    def add(name: str, turn: int) -> None:
        page.get_by_label(f"Turn {turn}, person 1", exact=True).select_option(label=name)

    page.route("**/schedules/new", draw)
    add("Anna", 1)
    expect(page.locator("#draft")).to_contain_text("Anna, then Ben, then Anna again")
    assert len(drawn) == 2 and chromium.take_problems() == []
