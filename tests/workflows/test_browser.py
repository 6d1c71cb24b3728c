"""The form of a workflow in a real browser: its list of actions moves without leaving the page, and Enter saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import factories as make
from browsing import signed_in
from watchroom.workflows.models import Workflow

if TYPE_CHECKING:
    from peers.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.browser_once, pytest.mark.django_db(transaction=True)]


def test_who_writes_on_while_the_list_is_drawn_anew_loses_nothing(
    client: Any, live_server: Any, chromium: Chromium
) -> None:
    """The answer to a press replaced the form as it was before, with all that was written since."""
    page = signed_in(client, chromium, live_server, make.person("Ada", "administrator", email="ada@example.org"))
    page.goto("/workflows/new")
    page.select_option("#kind", "tasks")
    held: list[Any] = []

    def answer(route: Any) -> None:
        held.append(route.fetch())
        if len(held) == 1:
            page.fill("#name", "SEV1 declared")
        route.fulfill(response=held[-1])

    page.route("**/workflows/new", answer)
    page.click("#add")
    page.wait_for_selector("#lines-0")
    assert page.input_value("#name") == "SEV1 declared" and page.locator("#lines-1").count() == 0
    assert len(held) == 2
    assert chromium.take_problems() == []


def test_actions_are_added_and_moved_in_place(client: Any, live_server: Any, chromium: Chromium) -> None:
    ada = make.person("Ada", "administrator", email="ada@example.org")
    page = signed_in(client, chromium, live_server, ada)
    page.goto("/workflows/new")
    page.evaluate("window.stayed = true")
    page.fill("#name", "SEV1 declared")
    page.get_by_label("An incident is declared").check()
    page.select_option("#kind", "tasks")
    page.click("#add")
    page.fill("#lines-0", "Tell support")
    page.select_option("#kind", "page")
    page.click("#add")
    page.wait_for_selector("#people-1:focus")  # where one goes on writing
    page.fill("#people-1", "ada@example.org")
    page.click("#up-1")
    page.wait_for_selector("#lines-1")
    assert page.input_value("#lines-1") == "Tell support"
    assert page.evaluate("window.stayed") is True
    page.focus("#name")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workflows/sev1-declared")
    assert Workflow.objects.get().actions == [
        {"do": "page", "people": ["ada@example.org"]},
        {"do": "tasks", "lines": ["Tell support"]},
    ]
    assert chromium.take_problems() == []
